/**
 * A map with a default value.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";

/** Values by key. The first use of a key creates its value. */
export class DefaultMap<T> {
  readonly #items = new TextMap<T>();
  readonly #create: () => T;

  /** @param create makes the value of a new key */
  constructor(create: () => T) {
    this.#create = create;
  }

  /** The value of a key, created if there is none. */
  getOrCreate(key: string): T {
    return this.#items.getOrMake(key, this.#create);
  }

  /** The value of a key, or undefined. */
  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** The keys. */
  keys(): IteratorObject<string> {
    return this.#items.keys();
  }

  /** The keys with their values. */
  entries(): IteratorObject<[string, T]> {
    return Iterator.from(this.#items);
  }

  /** Removes a key with its value. */
  delete(key: string): void {
    this.#items.delete(key);
  }
}
