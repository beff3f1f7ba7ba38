/**
 * Writes MessagePack.
 *
 * @module
 */

import { EXT, MAX_DEPTH } from "./codec_msgpack_format.ts";
import { growScratch, INITIAL_SCRATCH, MAX_KEPT_SCRATCH } from "./codec_scratch.ts";
import { bytesOf, isDetached, kindOf } from "./codec_typed_array.ts";
import { writeUtf8 } from "./codec_utf8.ts";

/** Why a value cannot be encoded. */
export class Refusal extends Error {
  /** The refused value. */
  readonly value: unknown;

  /** Refuses `value` for a reason. */
  constructor(value: unknown, reason: string) {
    super(reason);
    this.value = value;
  }
}

/** From this depth on each object is compared with its ancestors. */
const CYCLE_CHECK_DEPTH = 32;

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** Encodes one value after the other into a buffer that it reuses. */
export class MsgpackEncoder {
  #bytes = new Uint8Array(INITIAL_SCRATCH);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #deepAncestors: object[] = [];

  /**
   * Encodes a value.
   *
   * @param value The value.
   * @returns A view of the buffer that the next call reuses.
   * @throws {Refusal} If MessagePack cannot keep the value.
   */
  encode(value: unknown): Uint8Array {
    this.#at = 0;
    try {
      this.#value(value, 0);
      return this.#bytes.subarray(0, this.#at);
    } finally {
      if (this.#deepAncestors.length > 0) this.#deepAncestors = [];
      if (this.#bytes.length > MAX_KEPT_SCRATCH) this.#use(new Uint8Array(INITIAL_SCRATCH));
    }
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "object":
        return value === null ? this.#byte(0xc0) : this.#object(value, depth);
      case "undefined":
        return this.#byte(0xc0);
      case "bigint":
        return this.#bigInt(value);
      default:
        throw new Refusal(value, "send data alone");
    }
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) return this.#array(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return this.#map(value as Record<string, unknown>, depth);
    }
    if (ArrayBuffer.isView(value)) return this.#arrayBufferView(value);
    if (value instanceof Date) return this.#date(value);
    if (value instanceof ArrayBuffer) return this.#arrayBuffer(value);
    if (isForeignPlain(prototype)) return this.#map(value as Record<string, unknown>, depth);
    throw new Refusal(value, adviceFor(value));
  }

  #array(items: readonly unknown[], depth: number): void {
    this.#enter(items, depth);
    const length = items.length;
    this.#length(length, 0x90, 16, 0xdc);
    for (let index = 0; index < length; index++) this.#value(items[index], depth + 1);
  }

  #map(fields: Record<string, unknown>, depth: number): void {
    this.#enter(fields, depth);
    const keys = Object.keys(fields);
    const header = this.#at;
    this.#length(keys.length, 0x80, 16, 0xde);
    let present = 0;
    for (let index = 0; index < keys.length; index++) {
      const value = fields[keys[index]];
      if (value === undefined) continue;
      present++;
      this.#string(keys[index]);
      this.#value(value, depth + 1);
    }
    if (present !== keys.length) this.#correctCount(header, present);
  }

  /** Writes the number of fields into a header that was written for more. */
  #correctCount(header: number, count: number): void {
    switch (this.#bytes[header]) {
      case 0xde:
        return this.#view.setUint16(header + 1, count);
      case 0xdf:
        return this.#view.setUint32(header + 1, count);
      default:
        this.#bytes[header] = 0x80 | count;
    }
  }

  #enter(value: object, depth: number): void {
    if (depth < CYCLE_CHECK_DEPTH) return;
    const ancestors = this.#deepAncestors;
    ancestors.length = depth - CYCLE_CHECK_DEPTH;
    if (ancestors.includes(value)) throw new Refusal(value, "it contains itself");
    if (depth >= MAX_DEPTH) throw new Refusal(value, `it is nested more than ${MAX_DEPTH} deep`);
    ancestors.push(value);
  }

  #number(value: number): void {
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) return this.#byte(value);
      return this.#unsigned(value);
    }
    if ((value | 0) === value && value < 0) return this.#negative(value);
    this.#reserve(9);
    this.#bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #unsigned(value: number): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    if (value < 0x100) {
      bytes[this.#at++] = 0xcc;
    } else if (value < 0x10000) {
      bytes[this.#at++] = 0xcd;
      bytes[this.#at++] = value >> 8;
    } else {
      bytes[this.#at++] = 0xce;
      bytes[this.#at++] = value >> 24;
      bytes[this.#at++] = value >> 16;
      bytes[this.#at++] = value >> 8;
    }
    bytes[this.#at++] = value;
  }

  #negative(value: number): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    if (value < -0x20) {
      if (value >= -0x80) {
        bytes[this.#at++] = 0xd0;
      } else if (value >= -0x8000) {
        bytes[this.#at++] = 0xd1;
        bytes[this.#at++] = value >> 8;
      } else {
        bytes[this.#at++] = 0xd2;
        bytes[this.#at++] = value >> 24;
        bytes[this.#at++] = value >> 16;
        bytes[this.#at++] = value >> 8;
      }
    }
    bytes[this.#at++] = value;
  }

  #bigInt(value: bigint): void {
    if (value < MIN_INT64 || value > MAX_UINT64) return this.#largeBigInt(value);
    this.#reserve(9);
    this.#bytes[this.#at] = value < 0n ? 0xd3 : 0xcf;
    this.#view.setBigUint64(this.#at + 1, BigInt.asUintN(64, value));
    this.#at += 9;
  }

  #largeBigInt(value: bigint): void {
    const hex = (value < 0n ? -value : value).toString(16);
    const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
    this.#extension(EXT.bigInt, 1 + digits.length / 2);
    this.#bytes[this.#at++] = value < 0n ? 1 : 0;
    for (let index = 0; index < digits.length; index += 2) {
      this.#bytes[this.#at++] = parseInt(digits.slice(index, index + 2), 16);
    }
  }

  #string(text: string): void {
    const length = text.length;
    this.#reserve(5 + length * 3);
    const start = this.#at;
    const guessed = start + stringHeaderSize(length);
    let end = writeUtf8(text, this.#bytes, guessed);
    const size = end - guessed;
    if (size < 32) {
      this.#bytes[start] = 0xa0 | size;
      this.#at = end;
      return;
    }
    const content = start + stringHeaderSize(size);
    if (content !== guessed) {
      this.#bytes.copyWithin(content, guessed, end);
      end = content + size;
    }
    this.#size(size, 0xd9);
    this.#at = end;
  }

  #date(date: Date): void {
    const time = date.getTime();
    if (Number.isNaN(time)) throw new Refusal(date, "it is an invalid date");
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1e6;
    if (nanoseconds === 0 && seconds >= 0 && seconds <= 0xffffffff) {
      this.#extension(EXT.timestamp, 4);
      this.#view.setUint32(this.#at, seconds);
      this.#at += 4;
      return;
    }
    this.#extension(EXT.timestamp, 12);
    this.#view.setUint32(this.#at, nanoseconds);
    this.#view.setBigInt64(this.#at + 4, BigInt(seconds));
    this.#at += 12;
  }

  #arrayBufferView(view: ArrayBufferView): void {
    const kind = kindOf(view);
    const bytes = viewedBytes(view);
    if (kind === undefined) {
      this.#extension(EXT.dataView, bytes.length);
    } else if (kind.name === "Uint8Array") {
      this.#reserve(5 + bytes.length);
      this.#size(bytes.length, 0xc4);
    } else {
      this.#extension(EXT.typedArray, 1 + bytes.length);
      this.#bytes[this.#at++] = kind.code;
    }
    this.#copy(bytes);
  }

  #arrayBuffer(buffer: ArrayBuffer): void {
    if (isDetached(buffer)) throw new Refusal(buffer, "it is detached: it was transferred");
    this.#extension(EXT.arrayBuffer, buffer.byteLength);
    this.#copy(new Uint8Array(buffer));
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  /** Writes an extension's header, and makes room for its content. */
  #extension(type: number, size: number): void {
    this.#reserve(6 + size);
    const fixed = FIXED_EXTENSION[size];
    if (fixed === undefined) {
      this.#size(size, 0xc7);
    } else {
      this.#bytes[this.#at++] = fixed;
    }
    this.#bytes[this.#at++] = type;
  }

  /** Writes the type byte for an 8, 16 or 32-bit size, which follow one another, and the size. */
  #size(size: number, type: number): void {
    if (size < 0x100) {
      this.#bytes[this.#at++] = type;
      this.#bytes[this.#at++] = size;
    } else if (size < 0x10000) {
      this.#bytes[this.#at++] = type + 1;
      this.#view.setUint16(this.#at, size);
      this.#at += 2;
    } else if (size <= 0xffffffff) {
      this.#bytes[this.#at++] = type + 2;
      this.#view.setUint32(this.#at, size);
      this.#at += 4;
    } else {
      throw new RangeError(`${size} bytes are too many for one MessagePack string or binary`);
    }
  }

  /** Writes the header of an array or map. */
  #length(length: number, fixedType: number, fixedLimit: number, type: number): void {
    this.#reserve(5);
    if (length < fixedLimit) {
      this.#bytes[this.#at++] = fixedType | length;
    } else if (length < 0x10000) {
      this.#bytes[this.#at] = type;
      this.#view.setUint16(this.#at + 1, length);
      this.#at += 3;
    } else {
      this.#bytes[this.#at] = type + 1;
      this.#view.setUint32(this.#at + 1, length);
      this.#at += 5;
    }
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) {
      this.#use(growScratch(this.#bytes, this.#at, this.#at + size));
    }
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** The type byte of extensions of these sizes. */
const FIXED_EXTENSION: Readonly<Record<number, number>> = {
  1: 0xd4,
  2: 0xd5,
  4: 0xd6,
  8: 0xd7,
  16: 0xd8,
};

function stringHeaderSize(byteLength: number): number {
  if (byteLength < 32) return 1;
  if (byteLength < 0x100) return 2;
  return byteLength < 0x10000 ? 3 : 5;
}

function viewedBytes(view: ArrayBufferView): Uint8Array {
  try {
    return bytesOf(view);
  } catch (error) {
    throw new Refusal(view, (error as Error).message);
  }
}

/** Plain objects of another realm (a `node:vm` context) have another `Object.prototype`. */
function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "isPrototypeOf");
}

function adviceFor(value: object): string {
  if (value instanceof SharedArrayBuffer) return "send a copy: new Uint8Array(buffer).slice()";
  if (value instanceof Map) return 'send [...map] or an object instead, or use codec "clone"';
  if (value instanceof Set) return 'send [...set] instead, or use codec "clone"';
  if (value instanceof RegExp || value instanceof Error) {
    return 'send its parts in a plain object, or use codec "clone"';
  }
  return "its class would be lost: send a plain object, such as { ...value }";
}
