/**
 * Reads MessagePack.
 *
 * @module
 */

import { EXT, MAX_DEPTH } from "./codec_msgpack_format.ts";
import { KeyCache } from "./codec_msgpack_keys.ts";
import { copyToTypedArray, kindByCode } from "./codec_typed_array.ts";
import { readUtf8 } from "./codec_utf8.ts";

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** Decodes one message after the other. */
export class MsgpackDecoder {
  #keys = new KeyCache();
  #bytes = NO_BYTES as Uint8Array;
  #view = NO_VIEW as DataView;
  #at = 0;
  /** Values that the headers read so far promise. */
  #promised = 0;

  /**
   * Decodes a message.
   *
   * @param bytes One complete message.
   * @returns The value. It does not alias `bytes`.
   * @throws {RangeError} If the bytes are truncated, too deeply nested, or no MessagePack.
   */
  decode(bytes: Uint8Array): unknown {
    this.#bytes = bytes;
    this.#at = 0;
    this.#promised = 1;
    try {
      const value = this.#value(0);
      if (this.#at !== bytes.length) {
        throw new RangeError(`${bytes.length - this.#at} bytes follow the value`);
      }
      return value;
    } finally {
      this.#bytes = NO_BYTES;
      this.#view = NO_VIEW;
    }
  }

  #value(depth: number): unknown {
    const type = this.#byte();
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f, depth);
    if (type < 0xa0) return this.#array(type & 0x0f, depth);
    if (type < 0xc0) return this.#string(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#copy(this.#byte());
      case 0xc5:
        return this.#copy(this.#uint16());
      case 0xc6:
        return this.#copy(this.#uint32());
      case 0xc7:
        return this.#extension(this.#byte());
      case 0xc8:
        return this.#extension(this.#uint16());
      case 0xc9:
        return this.#extension(this.#uint32());
      case 0xca:
        return this.#viewOf(4).getFloat32(this.#advance(4));
      case 0xcb:
        return this.#viewOf(8).getFloat64(this.#advance(8));
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return this.#viewOf(8).getBigUint64(this.#advance(8));
      case 0xd0:
        return (this.#byte() << 24) >> 24;
      case 0xd1:
        return (this.#uint16() << 16) >> 16;
      case 0xd2:
        return this.#uint32() | 0;
      case 0xd3:
        return this.#viewOf(8).getBigInt64(this.#advance(8));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (type - 0xd4));
      case 0xd9:
        return this.#string(this.#byte());
      case 0xda:
        return this.#string(this.#uint16());
      case 0xdb:
        return this.#string(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16(), depth);
      case 0xdd:
        return this.#array(this.#uint32(), depth);
      case 0xde:
        return this.#map(this.#uint16(), depth);
      case 0xdf:
        return this.#map(this.#uint32(), depth);
      default:
        throw new RangeError(`unknown type 0x${type.toString(16)} at byte ${this.#at - 1}`);
    }
  }

  #array(length: number, depth: number): unknown[] {
    this.#promise(length, depth);
    const items: unknown[] = [];
    for (let index = 0; index < length; index++) items.push(this.#value(depth + 1));
    return items;
  }

  #map(size: number, depth: number): Record<string, unknown> {
    this.#promise(size * 2, depth);
    const fields: Record<string, unknown> = {};
    for (let index = 0; index < size; index++) {
      const key = this.#key();
      const value = this.#value(depth + 1);
      if (key === "__proto__") {
        setOwnProto(fields, value);
      } else {
        fields[key] = value;
      }
    }
    return fields;
  }

  /**
   * Refuses headers that promise more values than there are bytes: without it a few bytes could
   * claim any amount of memory.
   */
  #promise(count: number, depth: number): void {
    this.#promised += count;
    if (this.#promised > this.#bytes.length) throw truncated(this.#bytes.length);
    if (depth >= MAX_DEPTH) throw new RangeError(`nested more than ${MAX_DEPTH} deep`);
  }

  #key(): string {
    const type = this.#byte();
    if (type >= 0xa0 && type < 0xc0) {
      const size = type & 0x1f;
      const start = this.#advance(size);
      return this.#keys.read(this.#bytes, start, size);
    }
    if (type === 0xd9) return this.#string(this.#byte());
    if (type === 0xda) return this.#string(this.#uint16());
    if (type === 0xdb) return this.#string(this.#uint32());
    throw new RangeError(`a key of type 0x${type.toString(16)} at byte ${this.#at - 1}`);
  }

  #string(size: number): string {
    const start = this.#advance(size);
    return readUtf8(this.#bytes, start, start + size);
  }

  #extension(size: number): unknown {
    const type = (this.#byte() << 24) >> 24;
    switch (type) {
      case EXT.timestamp:
        return this.#date(size);
      case EXT.typedArray:
        return this.#typedArray(size);
      case EXT.bigInt:
        return this.#bigInt(size);
      case EXT.arrayBuffer:
        return this.#copy(size).buffer;
      case EXT.dataView:
        return new DataView(this.#copy(size).buffer);
      default:
        throw new RangeError(`unknown extension type ${type} at byte ${this.#at - 1}`);
    }
  }

  #typedArray(size: number): unknown {
    const end = this.#advance(size) + size;
    const code = size === 0 ? 0 : this.#bytes[end - size];
    const kind = kindByCode(code);
    if (kind === undefined) throw new RangeError(`unknown kind ${code} of typed array`);
    return copyToTypedArray(kind, this.#bytes.subarray(end - size + 1, end));
  }

  #bigInt(size: number): bigint {
    const start = this.#advance(size);
    const sign = this.#bytes[start];
    if (size < 2 || sign > 1) throw new RangeError(`malformed bigint at byte ${start}`);
    let hex = "0x";
    for (let at = start + 1; at < start + size; at++) {
      hex += this.#bytes[at].toString(16).padStart(2, "0");
    }
    const magnitude = BigInt(hex);
    return sign === 1 ? -magnitude : magnitude;
  }

  #date(size: number): Date {
    const view = this.#viewOf(size);
    const start = this.#advance(size);
    const [seconds, nanoseconds] = timestampOf(view, start, size);
    const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
    if (nanoseconds > 999999999 || Number.isNaN(date.getTime())) {
      throw new RangeError(`timestamp out of range at byte ${start}`);
    }
    return date;
  }

  #copy(size: number): Uint8Array<ArrayBuffer> {
    const start = this.#advance(size);
    return new Uint8Array(this.#bytes.subarray(start, start + size));
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)];
  }

  #uint16(): number {
    const start = this.#advance(2);
    return (this.#bytes[start] << 8) | this.#bytes[start + 1];
  }

  #uint32(): number {
    return this.#uint16() * 0x10000 + this.#uint16();
  }

  #advance(size: number): number {
    const start = this.#at;
    this.#at = start + size;
    if (this.#at > this.#bytes.length) throw truncated(this.#bytes.length);
    return start;
  }

  #viewOf(size: number): DataView {
    if (this.#view === NO_VIEW) {
      const { buffer, byteOffset, byteLength } = this.#bytes;
      this.#view = new DataView(buffer, byteOffset, byteLength);
    }
    if (this.#at + size > this.#bytes.length) throw truncated(this.#bytes.length);
    return this.#view;
  }
}

function timestampOf(view: DataView, start: number, size: number): [number, number] {
  if (size === 4) return [view.getUint32(start), 0];
  if (size === 8) {
    const high = view.getUint32(start);
    return [(high & 3) * 0x100000000 + view.getUint32(start + 4), high >>> 2];
  }
  if (size === 12) return [Number(view.getBigInt64(start + 4)), view.getUint32(start)];
  throw new RangeError(`a timestamp of ${size} bytes at byte ${start}`);
}

/** As `JSON.parse` does: an own property, where an assignment would change the prototype. */
function setOwnProto(fields: Record<string, unknown>, value: unknown): void {
  Object.defineProperty(fields, "__proto__", {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function truncated(length: number): RangeError {
  return new RangeError(`the message is truncated: it promises more than its ${length} bytes`);
}
