/**
 * Writes values as MessagePack into a buffer that grows.
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md} for the format
 * @module
 */

import { EXTENSION, timestampBytes } from "./msgpack_extensions.ts";
import { type ExpectedName, MAX_NAME_BYTES, NameTree } from "./msgpack_keys.ts";
import { bytesOf, kindOf, viewProblem } from "./typed_array.ts";
import { encodeSurrogates } from "./surrogates.ts";
import { isPlain, MAX_DEPTH } from "./value_check.ts";

/** Thrown for a value that MessagePack cannot keep; `checkEncodable` finds out which one it is. */
export const REJECTED = new Error();

const INITIAL_BYTES = 4096;
/** A buffer that has grown beyond this many bytes is dropped after the message. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** Strings of fewer UTF-16 units are written by a loop, since a call of the encoder costs more. */
const MAX_LOOP_UNITS = 32;
/** Most bytes that one UTF-16 unit takes in UTF-8. */
const MAX_UNIT_BYTES = 3;
/** The bytes of the longest header: a type, and a length of 32 bits or a number of 64. */
const MAX_HEADER_BYTES = 9;
/** The buffer has room for these when a name or a value begins. */
const STEP_BYTES = MAX_HEADER_BYTES + Math.max(MAX_NAME_BYTES, MAX_LOOP_UNITS);

const NO_BYTES = new Uint8Array(0);
const textEncoder = new TextEncoder();
const { prototype: objectPrototype } = Object;
const { hasOwnProperty } = objectPrototype;

/** Writes one message after the other into the same buffer. All methods that write take where, and return where that ends. */
export class MessagePackWriter {
  readonly #names = new NameTree();
  #bytes = new Uint8Array(INITIAL_BYTES);
  #kept = this.#bytes;
  #view = new DataView(this.#bytes.buffer);
  /** Messages of one length in a row are the same array. */
  #result = NO_BYTES;
  /** Up to here `STEP_BYTES` have room. */
  #limit = INITIAL_BYTES - STEP_BYTES;
  /** The arrays and objects that contain the value that is being written. */
  readonly #owners: unknown[] = new Array(MAX_DEPTH).fill(undefined);

  /**
   * Writes a message. The result is valid until the next call.
   *
   * @throws {Error} if a value cannot be kept
   */
  write(value: unknown): Uint8Array {
    try {
      const end = this.#writeValue(value, 0, 0, this.#names.root);
      if (this.#result.length !== end) this.#result = this.#bytes.subarray(0, end);
      return this.#result;
    } catch (error) {
      this.#owners.fill(undefined);
      throw error;
    } finally {
      if (this.#bytes.length <= MAX_KEPT_BYTES) this.#kept = this.#bytes;
      else this.#use(this.#kept);
    }
  }

  #use(buffer: Uint8Array<ArrayBuffer>): void {
    this.#bytes = buffer;
    this.#result = NO_BYTES;
    this.#view = new DataView(buffer.buffer);
    this.#limit = buffer.length - STEP_BYTES;
  }

  /** Makes room for some bytes, and for a step after them. */
  #reserve(at: number, bytes: number): void {
    if (at + bytes > this.#limit) this.#grow(at, at + bytes + STEP_BYTES);
  }

  #grow(at: number, bytes: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, bytes));
    grown.set(this.#bytes.subarray(0, at));
    this.#use(grown);
  }

  /** `owner` is the name whose value is written. */
  #writeValue(value: unknown, at: number, depth: number, owner: ExpectedName): number {
    this.#reserve(at, 0);
    switch (typeof value) {
      case "string":
        return this.#writeText(value, at);
      case "number":
        return this.#writeNumber(value, at);
      case "boolean":
        return this.#writeByte(value ? 0xc3 : 0xc2, at);
      case "undefined":
        return this.#writeByte(0xc0, at);
      case "object":
        return value === null
          ? this.#writeByte(0xc0, at)
          : this.#writeObject(value, at, depth, owner);
      case "bigint":
        return this.#writeExtension(EXTENSION.bigInt, textEncoder.encode(value.toString(16)), at);
      default:
        throw REJECTED;
    }
  }

  #writeByte(byte: number, at: number): number {
    this.#bytes[at] = byte;
    return at + 1;
  }

  #writeNumber(value: number, at: number): number {
    if ((value | 0) !== value) return this.#writeLargeNumber(value, at);
    if (value >= 0 ? value < 128 : value >= -32) return this.#writeByte(value, at);
    if (value >= 0) return this.#writeHeader(0xcc, value, at);
    if (value >= -128) return this.#writeSized(0xd0, 1, value, at);
    if (value >= -32768) return this.#writeSized(0xd1, 2, value, at);
    return this.#writeSized(0xd2, 4, value, at);
  }

  #writeLargeNumber(value: number, at: number): number {
    if (value > 0 && value <= 0xffff_ffff && value >>> 0 === value) {
      return this.#writeSized(0xce, 4, value, at);
    }
    const view = this.#view;
    if (Number.isSafeInteger(value)) {
      this.#writeSized(value < 0 ? 0xd3 : 0xcf, 4, Math.floor(value / 2 ** 32), at);
      view.setUint32(at + 5, value);
    } else {
      this.#bytes[at] = 0xcb;
      view.setFloat64(at + 1, value);
    }
    return at + 9;
  }

  /** A length or a number in 8, 16 or 32 bits: the types of these sizes have consecutive codes. */
  #writeHeader(type: number, length: number, at: number): number {
    if (length < 0x100) return this.#writeSized(type, 1, length, at);
    if (length < 0x10000) return this.#writeSized(type + 1, 2, length, at);
    return this.#writeSized(type + 2, 4, length, at);
  }

  #writeSized(type: number, size: number, value: number, at: number): number {
    this.#bytes[at++] = type;
    if (size === 1) this.#bytes[at] = value;
    else if (size === 2) this.#view.setUint16(at, value);
    else this.#view.setUint32(at, value);
    return at + size;
  }

  #writeText(text: string, at: number): number {
    const units = text.length;
    if (units >= MAX_LOOP_UNITS) return this.#writeLongText(text, at);
    const bytes = this.#bytes;
    const start = at + 1;
    for (let index = 0; index < units; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return this.#writeLongText(text, at);
      bytes[start + index] = unit;
    }
    bytes[at] = 0xa0 | units;
    return start + units;
  }

  /** Encodes behind the header of the likeliest size. */
  #writeLongText(text: string, at: number): number {
    if (!text.isWellFormed()) return this.#writeSurrogates(text, at);
    this.#reserve(at, text.length * MAX_UNIT_BYTES);
    const likely = textHeaderBytes(text.length);
    const start = at + likely;
    const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(start));
    const needed = textHeaderBytes(written);
    if (needed !== likely) this.#bytes.copyWithin(at + needed, start, start + written);
    return this.#writeTextHeader(written, at) + written;
  }

  #writeTextHeader(length: number, at: number): number {
    return length < 32 ? this.#writeByte(0xa0 | length, at) : this.#writeHeader(0xd9, length, at);
  }

  #writeSurrogates(text: string, at: number): number {
    const content = encodeSurrogates(text);
    this.#reserve(at, content.length);
    return this.#append(content, this.#writeTextHeader(content.length, at));
  }

  #append(content: Uint8Array, at: number): number {
    this.#bytes.set(content, at);
    return at + content.length;
  }

  #writeObject(value: object, at: number, depth: number, owner: ExpectedName): number {
    if (Array.isArray(value)) return this.#writeArray(value, at, depth, owner);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === objectPrototype || prototype === null) {
      return this.#writeFields(value, at, depth, owner);
    }
    if (ArrayBuffer.isView(value)) return this.#writeView(value, at);
    if (value instanceof ArrayBuffer) {
      if (value.detached) throw REJECTED;
      return this.#writeExtension(EXTENSION.arrayBuffer, new Uint8Array(value), at);
    }
    if (value instanceof Date) return this.#writeDate(value, at);
    if (!isPlain(value)) throw REJECTED;
    return this.#writeFields(value, at, depth, owner);
  }

  #enter(value: object, depth: number): void {
    const owners = this.#owners;
    if (depth >= MAX_DEPTH) throw REJECTED;
    for (let level = 0; level < depth; level++) {
      if (owners[level] === value) throw REJECTED;
    }
    owners[depth] = value;
  }

  #writeArray(items: unknown[], at: number, depth: number, owner: ExpectedName): number {
    this.#enter(items, depth);
    const { length } = items;
    if (length < 16) at = this.#writeByte(0x90 | length, at);
    else if (length < 0x10000) at = this.#writeSized(0xdc, 2, length, at);
    else at = this.#writeSized(0xdd, 4, length, at);
    for (let index = 0; index < length; index++) {
      at = this.#writeValue(items[index], at, depth + 1, owner);
    }
    this.#owners[depth] = undefined;
    return at;
  }

  /** The number of fields is known at the end: one that is undefined is omitted. */
  #writeFields(value: object, at: number, depth: number, owner: ExpectedName): number {
    this.#enter(value, depth);
    const start = at++;
    let fields = 0;
    let name: ExpectedName | undefined = owner.inner;
    for (const key in value) {
      if (!hasOwnProperty.call(value, key)) continue;
      const field = (value as Record<string, unknown>)[key];
      if (field === undefined) continue;
      fields++;
      this.#reserve(at, 0);
      const next: ExpectedName | undefined = name?.next;
      if (next !== undefined && next.name === key) {
        at = next.writeAt(this.#bytes, this.#view, at);
        name = next;
      } else {
        const end = this.#writeName(key, at);
        name = this.#nameAfter(name, key, at, end);
        at = end;
      }
      at = this.#writeValue(field, at, depth + 1, name ?? owner);
    }
    this.#owners[depth] = undefined;
    if (fields >= 16) return this.#widenMap(start, fields, at);
    this.#bytes[start] = 0x80 | fields;
    return at;
  }

  #writeName(key: string, at: number): number {
    if (key === "__proto__") throw REJECTED;
    return this.#writeText(key, at);
  }

  /** The name that was written, if it is kept. */
  #nameAfter(
    previous: ExpectedName | undefined,
    key: string,
    start: number,
    end: number,
  ): ExpectedName | undefined {
    if (end - start > MAX_NAME_BYTES) return undefined;
    return previous?.follow(key, this.#bytes.subarray(start, end), this.#names);
  }

  #widenMap(start: number, fields: number, at: number): number {
    const size = fields < 0x10000 ? 2 : 4;
    this.#reserve(at, size);
    this.#bytes.copyWithin(start + 1 + size, start + 1, at);
    this.#writeSized(size === 2 ? 0xde : 0xdf, size, fields, start);
    return at + size;
  }

  #writeView(view: ArrayBufferView, at: number): number {
    if (viewProblem(view) !== undefined) throw REJECTED;
    return this.#writeExtension(kindOf(view)?.code ?? EXTENSION.dataView, bytesOf(view), at);
  }

  #writeDate(date: Date, at: number): number {
    const time = date.getTime();
    if (Number.isNaN(time)) throw REJECTED;
    return this.#writeExtension(EXTENSION.timestamp, timestampBytes(time), at);
  }

  #writeExtension(type: number, content: Uint8Array, at: number): number {
    const { length } = content;
    this.#reserve(at, length);
    const fixed = FIXED_LENGTHS.indexOf(length);
    at = fixed >= 0 ? this.#writeByte(0xd4 + fixed, at) : this.#writeHeader(0xc7, length, at);
    return this.#append(content, this.#writeByte(type, at));
  }
}

/** The lengths of extensions that have types of their own, 0xd4 to 0xd8. */
const FIXED_LENGTHS = [1, 2, 4, 8, 16];

function textHeaderBytes(length: number): number {
  if (length < 32) return 1;
  if (length < 0x100) return 2;
  return length < 0x10000 ? 3 : 5;
}
