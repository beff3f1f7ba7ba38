/**
 * Maps and sets of texts that others choose, such as the names in requests.
 *
 * The engine hashes most texts with a secret seed. It hashes the texts of array indexes, such as `"123"`,
 * by their value, and very long texts by their length: a client that chooses those fills one bucket of a `Map`,
 * and each call walks through all of it. The engine's own table of names has the same buckets, so that
 * even looking such texts up in a small map takes long. `mapKey` makes other texts of them.
 *
 * @module
 */

import { nodeModule } from "./node_module.ts";

/** Digits of the largest array index. */
const MAX_INDEX_LENGTH = 10;
/** The engine hashes the characters of texts up to about 16,000; this is well below. */
const MAX_HASHED_LENGTH = 8192;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** A character of one byte that few names begin with; another one in each process. */
const MARK = String.fromCharCode(0x80 + crypto.getRandomValues(new Uint8Array(1))[0] % 0x20);
const MARK_CODE = MARK.charCodeAt(0);

/** The key of a `Map` or a `Set` for a text that others choose. Different texts have different keys. */
export function mapKey(text: string): string {
  const first = text.charCodeAt(0);
  const isIndex = first >= DIGIT_0 && first <= DIGIT_9 && text.length <= MAX_INDEX_LENGTH;
  if (!isIndex && first !== MARK_CODE && text.length <= MAX_HASHED_LENGTH) return text;
  return text.length > MAX_HASHED_LENGTH ? digestKey(text) : MARK + text;
}

/** Ends with the length, so that the key of a text that is not well-formed is that of no other. */
function digestKey(text: string): string {
  const encodable = text.isWellFormed() ? text : JSON.stringify(text);
  const { createHash } = nodeModule("node:crypto");
  return `${MARK}${createHash("sha256").update(encodable).digest("base64")} ${text.length}`;
}

/** The text of a key, which is not longer than `MAX_HASHED_LENGTH`. */
function textOf(key: string): string {
  return key.charCodeAt(0) === MARK_CODE ? key.slice(1) : key;
}

/** A map from texts that others choose. Keys that are iterated have at most 8192 characters. */
export class TextMap<V> {
  readonly #items = new Map<string, V>();

  /** Number of entries. */
  get size(): number {
    return this.#items.size;
  }

  /** The value of a text, or undefined. */
  get(text: string): V | undefined {
    return this.#items.get(mapKey(text));
  }

  /** True if a text has a value. */
  has(text: string): boolean {
    return this.#items.has(mapKey(text));
  }

  /** Sets the value of a text. */
  set(text: string, value: V): void {
    this.#items.set(mapKey(text), value);
  }

  /** The value of a text, which is made if there is none. */
  getOrMake(text: string, make: () => V): V {
    const key = mapKey(text);
    let value = this.#items.get(key);
    if (value === undefined) this.#items.set(key, value = make());
    return value;
  }

  /** Removes a text; false if it was not there. */
  delete(text: string): boolean {
    return this.#items.delete(mapKey(text));
  }

  /** Removes all. */
  clear(): void {
    this.#items.clear();
  }

  /** The values, in the order of their entry. */
  values(): MapIterator<V> {
    return this.#items.values();
  }

  /** The texts, in the order of their entry. */
  keys(): IteratorObject<string> {
    return this.#items.keys().map(textOf);
  }

  /** The texts with their values, in the order of their entry. */
  *[Symbol.iterator](): Generator<[string, V]> {
    for (const [key, value] of this.#items) yield [textOf(key), value];
  }
}

/** A set of texts that others choose. Texts that are iterated have at most 8192 characters. */
export class TextSet {
  readonly #items = new Set<string>();

  constructor(texts: Iterable<string> = []) {
    for (const text of texts) this.add(text);
  }

  /** Number of texts. */
  get size(): number {
    return this.#items.size;
  }

  /** True if a text is in it. */
  has(text: string): boolean {
    return this.#items.has(mapKey(text));
  }

  /** Adds a text. */
  add(text: string): void {
    this.#items.add(mapKey(text));
  }

  /** Removes a text; false if it was not there. */
  delete(text: string): boolean {
    return this.#items.delete(mapKey(text));
  }

  /** The texts, in the order of their entry. */
  values(): IteratorObject<string> {
    return this.#items.values().map(textOf);
  }

  /** The texts, in the order of their entry. */
  [Symbol.iterator](): Iterator<string> {
    return this.values();
  }
}
