/**
 * Values of messages as text, cut off where it becomes long: the work is bounded by the length, however large or
 * deep the value is.
 *
 * @module
 */

const MAX_DEPTH = 24;
const MAX_BINARY_BYTES = 64;

/** A value as JSON, or like JSON where it is none. */
export function valueText(value: unknown, maxLength: number): string {
  const writer = new Writer(maxLength);
  writer.write(value, 0);
  return writer.text;
}

/** Bytes in hexadecimal, cut off. */
export function hexText(bytes: Uint8Array, maxBytes = MAX_BINARY_BYTES): string {
  const hex = bytes.subarray(0, maxBytes).toHex().replace(/..(?=.)/g, "$& ");
  return bytes.length > maxBytes ? `${hex} …` : hex;
}

class Writer {
  text = "";
  readonly #maxLength: number;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get #isFull(): boolean {
    return this.text.length > this.#maxLength;
  }

  #add(text: string): void {
    if (this.#isFull) return;
    this.text += text;
    if (this.#isFull) this.text = `${this.text.slice(0, this.#maxLength)}…`;
  }

  write(value: unknown, depth: number): void {
    if (this.#isFull) return;
    switch (typeof value) {
      case "string":
        return this.#add(JSON.stringify(value.slice(0, this.#maxLength + 1)));
      case "bigint":
        return this.#add(`${value}n`);
      case "object":
        return value === null ? this.#add("null") : this.#object(value, depth);
      default:
        return this.#add(Object.is(value, -0) ? "-0" : String(value));
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= MAX_DEPTH) return this.#add("…");
    if (value instanceof Date) return this.#add(`Date ${dateText(value)}`);
    if (value instanceof RegExp) return this.#add(String(value));
    if (value instanceof Error) return this.#add(`${value.name}: ${value.message}`);
    if (value instanceof ArrayBuffer) return this.#bytes("ArrayBuffer", new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return this.#view(value, depth);
    if (Array.isArray(value)) return this.#list("[", value, "]", depth);
    if (value instanceof Set) return this.#list("Set {", value, "}", depth);
    if (value instanceof Map) return this.#pairs("Map {", value, " => ", depth);
    this.#pairs("{", membersOf(value), ": ", depth);
  }

  #view(value: ArrayBufferView, depth: number): void {
    if (value instanceof Uint8Array || value instanceof DataView) {
      const { buffer, byteOffset, byteLength } = value;
      return this.#bytes(value.constructor.name, new Uint8Array(buffer, byteOffset, byteLength));
    }
    const numbers = value as unknown as Iterable<unknown> & { readonly length: number };
    this.#list(`${value.constructor.name}(${numbers.length}) [`, numbers, "]", depth);
  }

  #bytes(name: string, bytes: Uint8Array): void {
    this.#add(`${name}(${bytes.length}) ${hexText(bytes)}`.trimEnd());
  }

  #list(begin: string, items: Iterable<unknown>, end: string, depth: number): void {
    this.#add(begin);
    let isFirst = true;
    for (const item of items) {
      if (this.#isFull) return;
      if (!isFirst) this.#add(", ");
      isFirst = false;
      this.write(item, depth + 1);
    }
    this.#add(end);
  }

  #pairs(
    begin: string,
    pairs: Iterable<readonly [unknown, unknown]>,
    between: string,
    depth: number,
  ): void {
    this.#add(begin);
    let isFirst = true;
    for (const [key, item] of pairs) {
      if (this.#isFull) return;
      if (!isFirst) this.#add(", ");
      isFirst = false;
      this.write(key, depth + 1);
      this.#add(between);
      this.write(item, depth + 1);
    }
    this.#add("}");
  }
}

function* membersOf(value: object): Generator<readonly [string, unknown]> {
  for (const key in value) {
    if (Object.hasOwn(value, key)) yield [key, Reflect.get(value, key)];
  }
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "invalid" : date.toISOString();
}
