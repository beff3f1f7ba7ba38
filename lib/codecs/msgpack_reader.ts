/**
 * Reads values from MessagePack. Bytes from other processes are not trusted: every length is compared
 * with what is left of the message before anything is allocated for it.
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md} for the format
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { extensionValue } from "./msgpack_extensions.ts";
import { type ExpectedName, MAX_NAME_BYTES, NameTree } from "./msgpack_keys.ts";
import { decodeSurrogates } from "./surrogates.ts";
import { MAX_DEPTH } from "./value_check.ts";

/** Strings of at most this many bytes are read by a loop, since a call of the decoder costs more. */
const MAX_LOOP_BYTES = 32;

/** Arrays of at most this many items get their size at once. */
const MAX_PRESIZED_ITEMS = 1024;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
/** A buffer of more bytes is not kept from one message to the next. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Nor are the values of a message of more bytes: they would stay in memory as long as the reader does. */
const MAX_KEPT_MESSAGE_BYTES = 4096;
const { fromCharCode } = String;

/** Reads one message after the other. */
export class MessagePackReader {
  readonly #names = new NameTree();
  #bytes: Uint8Array = NO_BYTES;
  #view: DataView = NO_VIEW;
  #at = 0;
  /** The values of the objects that are being read. */
  #values: unknown[] = [];
  #valueCount = 0;

  /**
   * Reads a message. The result has no reference to the bytes.
   *
   * @throws {RangeError} if the bytes are not one value
   */
  read(bytes: Uint8Array): unknown {
    this.#bytes = bytes;
    this.#at = 0;
    try {
      const value = this.#readValue(1, this.#names.root);
      if (this.#at === bytes.length) return value;
      const rest = bytes.length - this.#at;
      throw new RangeError(`the value is followed by ${pluralize(rest, "byte")}`);
    } finally {
      this.#bytes = NO_BYTES;
      this.#valueCount = 0;
      if (bytes.length > MAX_KEPT_MESSAGE_BYTES) this.#values = [];
      if (this.#view.byteLength > MAX_KEPT_BYTES) this.#view = NO_VIEW;
    }
  }

  /** `owner` is the name whose value is read. */
  #readValue(depth: number, owner: ExpectedName): unknown {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) throw truncated();
    const type = bytes[this.#at++];
    if (type < 0x80) return type;
    if (type < 0x90) return this.#readMap(type & 0x0f, depth, owner);
    if (type < 0xa0) return this.#readArray(type & 0x0f, depth, owner);
    if (type < 0xc0) return this.#readText(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#readTyped(type, depth, owner);
  }

  #readTyped(type: number, depth: number, owner: ExpectedName): unknown {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#readSingle();
      case 0xcb:
        return this.#readDouble();
      case 0xcc:
        return this.#readUnsigned(1);
      case 0xcd:
        return this.#readUnsigned(2);
      case 0xce:
        return this.#readUnsigned(4);
      case 0xcf:
        return this.#readUnsigned(4) * 2 ** 32 + this.#readUnsigned(4);
      case 0xd0:
        return this.#readUnsigned(1) << 24 >> 24;
      case 0xd1:
        return this.#readUnsigned(2) << 16 >> 16;
      case 0xd2:
        return this.#readUnsigned(4) | 0;
      case 0xd3:
        return (this.#readUnsigned(4) | 0) * 2 ** 32 + this.#readUnsigned(4);
      default:
        return this.#readSized(type, depth, owner);
    }
  }

  #readSized(type: number, depth: number, owner: ExpectedName): unknown {
    if (type >= 0xde) {
      return this.#readMap(this.#readUnsigned(type === 0xde ? 2 : 4), depth, owner);
    }
    if (type >= 0xdc) {
      return this.#readArray(this.#readUnsigned(type === 0xdc ? 2 : 4), depth, owner);
    }
    if (type >= 0xd9) return this.#readText(this.#readUnsigned(1 << type - 0xd9));
    if (type >= 0xd4) return this.#readExtension(1 << type - 0xd4);
    if (type >= 0xc7) return this.#readExtension(this.#readUnsigned(1 << type - 0xc7));
    if (type >= 0xc4) return this.#take(this.#readUnsigned(1 << type - 0xc4)).slice();
    throw new RangeError(`0x${type.toString(16)} is not a type of MessagePack`);
  }

  #take(length: number): Uint8Array {
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw truncated();
    this.#at += length;
  }

  #readUnsigned(size: number): number {
    let at = this.#at;
    this.#skip(size);
    const bytes = this.#bytes;
    if (size === 1) return bytes[at];
    let value = bytes[at++] << 8 | bytes[at++];
    if (size === 4) value = (value << 16 | bytes[at++] << 8 | bytes[at]) >>> 0;
    return value;
  }

  #readDouble(): number {
    const at = this.#at;
    this.#skip(8);
    return this.#viewOf().getFloat64(this.#bytes.byteOffset + at);
  }

  #readSingle(): number {
    const at = this.#at;
    this.#skip(4);
    return this.#viewOf().getFloat32(this.#bytes.byteOffset + at);
  }

  /** Messages of a socket lie in one buffer. */
  #viewOf(): DataView {
    const { buffer } = this.#bytes;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
  }

  #readExtension(length: number): unknown {
    const [type] = this.#take(1);
    return extensionValue(type, this.#take(length));
  }

  #readText(length: number): string {
    const start = this.#at;
    this.#skip(length);
    const bytes = this.#bytes;
    if (length <= MAX_LOOP_BYTES) {
      const text = asciiText(bytes, start, length);
      if (text !== undefined) return text;
    }
    return decodeSurrogates(bytes.subarray(start, start + length));
  }

  /** An item has at least one byte. */
  #checkContainer(items: number, depth: number): void {
    if (items > this.#bytes.length - this.#at) throw truncated();
    if (depth > MAX_DEPTH && items > 0) throw new RangeError(`nested more than ${MAX_DEPTH} deep`);
  }

  #readArray(length: number, depth: number, owner: ExpectedName): unknown[] {
    this.#checkContainer(length, depth);
    const items: unknown[] = length <= MAX_PRESIZED_ITEMS ? new Array(length) : [];
    for (let index = 0; index < length; index++) items[index] = this.#readValue(depth + 1, owner);
    return items;
  }

  #readMap(fields: number, depth: number, owner: ExpectedName): Record<string, unknown> {
    this.#checkContainer(2 * fields, depth);
    const values = this.#values;
    const start = this.#valueCount;
    let name = owner.inner;
    let field = 0;
    for (; field < fields; field++) {
      const next = this.#readExpected(name);
      if (next === undefined) break;
      name = next;
      const value = this.#readValue(depth + 1, name);
      values[this.#valueCount++] = value;
    }
    const object = name.create(values, start);
    this.#valueCount = start;
    for (; field < fields; field++) {
      const key = this.#readName();
      object[key] = this.#readValue(depth + 1, owner);
    }
    return object;
  }

  /** Reads a name that is kept; undefined, and nothing is read, if it is another one. */
  #readExpected(previous: ExpectedName): ExpectedName | undefined {
    const { next } = previous;
    if (next !== undefined && this.#skipIfEqual(next.bytes)) return next;
    const start = this.#at;
    const type = this.#bytes[start];
    const isShort = (type & 0xe0) === 0xa0 ||
      (type === 0xd9 && this.#bytes[start + 1] <= MAX_NAME_BYTES);
    if (!isShort) return undefined;
    const name = this.#readName();
    const known = previous.follow(name, this.#bytes.subarray(start, this.#at), this.#names);
    if (known === undefined) this.#at = start;
    return known;
  }

  #skipIfEqual(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    // Beyond the end is undefined, which equals no byte.
    for (let index = 0; index < expected.length; index++) {
      if (bytes[at++] !== expected[index]) return false;
    }
    this.#at = at;
    return true;
  }

  #readName(): string {
    const name = this.#readValue(MAX_DEPTH + 1, this.#names.root);
    if (typeof name === "number") return String(name);
    if (typeof name !== "string") throw new RangeError("a key is neither a string nor a number");
    if (name === "__proto__") throw new RangeError(`the key "${name}" is not allowed`);
    return name;
  }
}

function truncated(): RangeError {
  return new RangeError("the message is truncated");
}

/** The text of some bytes if all are ASCII. */
function asciiText(bytes: Uint8Array, at: number, length: number): string | undefined {
  let text = "";
  for (; length >= 8; length -= 8, at += 8) {
    const part = eightUnits(bytes, at);
    if (part === undefined) return undefined;
    text = text === "" ? part : text + part;
  }
  if (length >= 4) {
    const part = fourUnits(bytes, at);
    if (part === undefined) return undefined;
    text = text === "" ? part : text + part;
    length -= 4;
    at += 4;
  }
  if (length === 0) return text;
  const rest = fewUnits(bytes, at, length);
  if (rest === undefined) return undefined;
  return text === "" ? rest : text + rest;
}

function eightUnits(bytes: Uint8Array, at: number): string | undefined {
  const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
  const e = bytes[at + 4], f = bytes[at + 5], g = bytes[at + 6], h = bytes[at + 7];
  return (a | b | c | d | e | f | g | h) > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g, h);
}

function fourUnits(bytes: Uint8Array, at: number): string | undefined {
  const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
  return (a | b | c | d) > 0x7f ? undefined : fromCharCode(a, b, c, d);
}

function fewUnits(bytes: Uint8Array, at: number, length: number): string | undefined {
  const a = bytes[at];
  const b = length > 1 ? bytes[at + 1] : 0;
  const c = length > 2 ? bytes[at + 2] : 0;
  if ((a | b | c) > 0x7f) return undefined;
  if (length === 1) return fromCharCode(a);
  return length === 2 ? fromCharCode(a, b) : fromCharCode(a, b, c);
}
