/**
 * Writes values as MessagePack into a buffer that grows.
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md} for the format
 * @module
 */

import { EXTENSION, timestampBytes } from "./msgpack_extensions.ts";
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

const textEncoder = new TextEncoder();
const { prototype: objectPrototype } = Object;
const { hasOwnProperty } = objectPrototype;

/** Writes one message after the other into the same buffer. */
export class MessagePackWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #kept = this.#bytes;
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** The arrays and objects that contain the value that is being written. */
  readonly #owners: unknown[] = new Array(MAX_DEPTH).fill(undefined);

  /**
   * Writes a message. The result is valid until the next call.
   *
   * @throws {Error} if a value cannot be kept
   */
  write(value: unknown): Uint8Array {
    this.#at = 0;
    try {
      this.#writeValue(value, 0);
      return this.#bytes.subarray(0, this.#at);
    } catch (error) {
      this.#owners.fill(undefined);
      throw error;
    } finally {
      if (this.#bytes.length <= MAX_KEPT_BYTES) this.#kept = this.#bytes;
      else this.#restoreBuffer();
    }
  }

  #restoreBuffer(): void {
    this.#bytes = this.#kept;
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#grow(this.#at + bytes);
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #writeValue(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#writeText(value);
      case "number":
        return this.#writeNumber(value);
      case "boolean":
        return this.#writeByte(value ? 0xc3 : 0xc2);
      case "undefined":
        return this.#writeByte(0xc0);
      case "object":
        return value === null ? this.#writeByte(0xc0) : this.#writeObject(value, depth);
      case "bigint":
        return this.#writeExtension(EXTENSION.bigInt, textEncoder.encode(value.toString(16)));
      default:
        throw REJECTED;
    }
  }

  #writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  #writeNumber(value: number): void {
    this.#reserve(MAX_HEADER_BYTES);
    if ((value | 0) !== value) return this.#writeLargeNumber(value);
    const bytes = this.#bytes;
    if (value >= 0 ? value < 128 : value >= -32) bytes[this.#at++] = value;
    else if (value >= 0) this.#writeHeader(0xcc, value);
    else if (value >= -128) this.#writeSized(0xd0, 1, value);
    else if (value >= -32768) this.#writeSized(0xd1, 2, value);
    else this.#writeSized(0xd2, 4, value);
  }

  #writeLargeNumber(value: number): void {
    if (value > 0 && value <= 0xffff_ffff && value >>> 0 === value) {
      return this.#writeSized(0xce, 4, value);
    }
    if (Number.isSafeInteger(value)) {
      this.#writeSized(value < 0 ? 0xd3 : 0xcf, 4, Math.floor(value / 2 ** 32));
      return this.#writeUnsigned(4, value);
    }
    this.#bytes[this.#at++] = 0xcb;
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  /** A length or a number in 8, 16 or 32 bits: the types of these sizes have consecutive codes. */
  #writeHeader(type: number, length: number): void {
    if (length < 0x100) this.#writeSized(type, 1, length);
    else if (length < 0x10000) this.#writeSized(type + 1, 2, length);
    else this.#writeSized(type + 2, 4, length);
  }

  #writeSized(type: number, size: number, value: number): void {
    this.#bytes[this.#at++] = type;
    this.#writeUnsigned(size, value);
  }

  #writeUnsigned(size: number, value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    if (size === 4) {
      bytes[at++] = value >>> 24;
      bytes[at++] = value >>> 16;
    }
    if (size !== 1) bytes[at++] = value >>> 8;
    bytes[at++] = value;
    this.#at = at;
  }

  #writeText(text: string): void {
    const units = text.length;
    if (units >= MAX_LOOP_UNITS) return this.#writeLongText(text);
    this.#reserve(units + 1);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = 0xa0 | units;
    for (let index = 0; index < units; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return this.#writeLongText(text);
      bytes[at++] = unit;
    }
    this.#at = at;
  }

  /** Encodes behind the header of the likeliest size. */
  #writeLongText(text: string): void {
    if (!text.isWellFormed()) return this.#writeSurrogates(text);
    this.#reserve(MAX_HEADER_BYTES + text.length * MAX_UNIT_BYTES);
    const likely = textHeaderBytes(text.length);
    const start = this.#at + likely;
    const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(start));
    const needed = textHeaderBytes(written);
    if (needed !== likely) {
      this.#bytes.copyWithin(this.#at + needed, start, start + written);
    }
    this.#writeTextHeader(written);
    this.#at += written;
  }

  #writeTextHeader(length: number): void {
    if (length < 32) this.#bytes[this.#at++] = 0xa0 | length;
    else this.#writeHeader(0xd9, length);
  }

  #writeSurrogates(text: string): void {
    const content = encodeSurrogates(text);
    this.#reserve(MAX_HEADER_BYTES + content.length);
    this.#writeTextHeader(content.length);
    this.#append(content);
  }

  #append(content: Uint8Array): void {
    this.#bytes.set(content, this.#at);
    this.#at += content.length;
  }

  #writeObject(value: object, depth: number): void {
    if (Array.isArray(value)) return this.#writeArray(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === objectPrototype || prototype === null) return this.#writeFields(value, depth);
    if (ArrayBuffer.isView(value)) return this.#writeView(value);
    if (value instanceof ArrayBuffer) {
      if (value.detached) throw REJECTED;
      return this.#writeExtension(EXTENSION.arrayBuffer, new Uint8Array(value));
    }
    if (value instanceof Date) return this.#writeDate(value);
    if (!isPlain(value)) throw REJECTED;
    this.#writeFields(value, depth);
  }

  #enter(value: object, depth: number): void {
    const owners = this.#owners;
    if (depth >= MAX_DEPTH) throw REJECTED;
    for (let level = 0; level < depth; level++) {
      if (owners[level] === value) throw REJECTED;
    }
    owners[depth] = value;
  }

  #writeArray(items: unknown[], depth: number): void {
    this.#enter(items, depth);
    this.#reserve(MAX_HEADER_BYTES);
    const { length } = items;
    if (length < 16) this.#bytes[this.#at++] = 0x90 | length;
    else if (length < 0x10000) this.#writeSized(0xdc, 2, length);
    else this.#writeSized(0xdd, 4, length);
    for (let index = 0; index < length; index++) this.#writeValue(items[index], depth + 1);
    this.#owners[depth] = undefined;
  }

  /** The number of fields is known at the end: one that is undefined is omitted. */
  #writeFields(value: object, depth: number): void {
    this.#enter(value, depth);
    const start = this.#at;
    this.#writeByte(0x80);
    let fields = 0;
    for (const key in value) {
      if (!hasOwnProperty.call(value, key)) continue;
      const field = (value as Record<string, unknown>)[key];
      if (field === undefined) continue;
      if (key === "__proto__") throw REJECTED;
      fields++;
      this.#writeText(key);
      this.#writeValue(field, depth + 1);
    }
    this.#owners[depth] = undefined;
    if (fields < 16) this.#bytes[start] = 0x80 | fields;
    else this.#widenMap(start, fields);
  }

  #widenMap(start: number, fields: number): void {
    const size = fields < 0x10000 ? 2 : 4;
    this.#reserve(size);
    this.#bytes.copyWithin(start + 1 + size, start + 1, this.#at);
    const end = this.#at + size;
    this.#at = start;
    this.#writeSized(size === 2 ? 0xde : 0xdf, size, fields);
    this.#at = end;
  }

  #writeView(view: ArrayBufferView): void {
    if (viewProblem(view) !== undefined) throw REJECTED;
    this.#writeExtension(kindOf(view)?.code ?? EXTENSION.dataView, bytesOf(view));
  }

  #writeDate(date: Date): void {
    const time = date.getTime();
    if (Number.isNaN(time)) throw REJECTED;
    this.#writeExtension(EXTENSION.timestamp, timestampBytes(time));
  }

  #writeExtension(type: number, content: Uint8Array): void {
    const { length } = content;
    this.#reserve(MAX_HEADER_BYTES + length);
    const fixed = FIXED_LENGTHS.indexOf(length);
    if (fixed >= 0) this.#bytes[this.#at++] = 0xd4 + fixed;
    else this.#writeHeader(0xc7, length);
    this.#bytes[this.#at++] = type;
    this.#append(content);
  }
}

/** The lengths of extensions that have types of their own, 0xd4 to 0xd8. */
const FIXED_LENGTHS = [1, 2, 4, 8, 16];

function textHeaderBytes(length: number): number {
  if (length < 32) return 1;
  if (length < 0x100) return 2;
  return length < 0x10000 ? 3 : 5;
}
