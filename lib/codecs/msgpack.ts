/**
 * The `"msgpack"` codec: `@msgpack/msgpack`, extension types for values that MessagePack has no type
 * for, and checks before encoding and decoding.
 *
 * @module
 */

import {
  Decoder,
  decodeTimestampExtension,
  Encoder,
  encodeTimestampExtension,
  EXT_TIMESTAMP,
  ExtData,
} from "@msgpack/msgpack";
import type { Codec } from "./codec.ts";
import { singleLineMessage } from "../base/thrown.ts";
import { checkEncodable, isPlain, MAX_DEPTH } from "./value_check.ts";
import {
  bufferProblem,
  bytesOf,
  copyToTypedArray,
  kindByCode,
  kindOf,
  viewProblem,
} from "./typed_array.ts";

/**
 * MessagePack for plain data: `null`, booleans, numbers (`NaN` and `Infinity` too, but `-0` arrives
 * as `0`), bigints of any size, strings, arrays, plain objects, valid `Date`s, typed arrays of every
 * kind, `ArrayBuffer` and `DataView`. All keep their type and arrive in buffers of their own; a
 * subclass of a typed array arrives as its built-in base. Lone surrogates may arrive as U+FFFD.
 *
 * As with JSON, properties that are `undefined` or have a symbol as the key are omitted, and
 * `undefined` in an array arrives as `null`. `encode` throws for functions, symbols, `Map`, `Set`,
 * instances of other classes, invalid dates, the key `__proto__`, cycles and more than 512 levels.
 * The error has the path of the value.
 */
export const msgpackCodec: Codec = Object.freeze({ id: "msgpack", encode, decode });

/** Extension types. The type of a typed array is the code of its kind, from 1 on. */
const EXT = { arrayBuffer: 32, dataView: 33, bigInt: 34 } as const;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

const extensionCodec = { tryToEncode: toExtension, decode: fromExtension };

function newEncoder(): Encoder {
  // One level more, for the items of the innermost arrays and objects.
  return new Encoder({ extensionCodec, ignoreUndefined: true, maxDepth: MAX_DEPTH + 1 });
}

/** An encoder whose buffer has grown beyond this many bytes is replaced after the call. */
const MAX_KEPT_BUFFER = 16 * 1024 * 1024;

let encoder = newEncoder();
const decoder = new Decoder({ extensionCodec });

function encode(value: unknown): Uint8Array {
  if (value === undefined) throw new TypeError("msgpack cannot encode undefined: send null");
  checkEncodable("msgpack", value, validate);
  const bytes = encoder.encodeSharedRef(value);
  if (bytes.buffer.byteLength > MAX_KEPT_BUFFER) encoder = newEncoder();
  return bytes;
}

function validate(value: unknown): string | boolean {
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return "send only data";
  if (Array.isArray(value)) return true;
  if (isPlain(value)) {
    return Object.hasOwn(value, "__proto__") ? "its key __proto__ is not allowed" : true;
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return (value instanceof ArrayBuffer ? bufferProblem(value) : viewProblem(value)) ?? false;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) && "it is an invalid date";
  if (value instanceof SharedArrayBuffer) return "send a copy: new Uint8Array(buffer).slice()";
  if (value instanceof Map) return 'send [...map] or an object instead, or use codec "clone"';
  if (value instanceof Set) return 'send [...set] instead, or use codec "clone"';
  if (value instanceof RegExp || value instanceof Error) {
    return 'send its parts in a plain object, or use codec "clone"';
  }
  return "its class would be lost: send a plain object, such as { ...value }";
}

function toExtension(value: unknown): ExtData | null {
  if (typeof value === "bigint") {
    return new ExtData(EXT.bigInt, textEncoder.encode(value.toString(16)));
  }
  if (Array.isArray(value) || isPlain(value as object)) return null;
  if (ArrayBuffer.isView(value)) {
    return new ExtData(kindOf(value)?.code ?? EXT.dataView, bytesOf(value));
  }
  if (value instanceof ArrayBuffer) return new ExtData(EXT.arrayBuffer, new Uint8Array(value));
  const timestamp = encodeTimestampExtension(value);
  return timestamp && new ExtData(EXT_TIMESTAMP, timestamp);
}

function fromExtension(data: Uint8Array, type: number): unknown {
  const kind = kindByCode(type);
  if (kind !== undefined) return copyToTypedArray(kind, data);
  switch (type) {
    case EXT.arrayBuffer:
      return new Uint8Array(data).buffer;
    case EXT.dataView:
      return new DataView(new Uint8Array(data).buffer);
    case EXT.bigInt:
      return toBigInt(textDecoder.decode(data));
    case EXT_TIMESTAMP: {
      const date = decodeTimestampExtension(data);
      if (Number.isNaN(date.getTime())) throw new RangeError("a timestamp is out of range");
      return date;
    }
    default:
      throw new RangeError(`unknown extension type ${type}`);
  }
}

/** Parses hexadecimal digits: to parse decimal digits of a hostile message could take seconds. */
function toBigInt(digits: string): bigint {
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function decode(bytes: Uint8Array): unknown {
  try {
    endOf(bytes, 0, 1);
    return decoder.decode(bytes);
  } catch (error) {
    throw new RangeError(
      `msgpack cannot decode ${bytes.length} bytes: ${singleLineMessage(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Bytes that follow each type from 0xc0 on: the content, or the length of a longer content. */
const SIZES = [0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 1, 2, 4]
  .concat(2, 4, 2, 4);

/**
 * Returns the end of a value, found by its headers, before the library decodes it. The library
 * allocates an array of the length in a header before it reads the items, so a few bytes could claim
 * any amount of memory. It also returns binary data as a view of the message, which is why all typed
 * arrays are extensions.
 */
function endOf(bytes: Uint8Array, at: number, depth: number): number {
  const type = bytes[at++];
  let items = 0;
  if (type >= 0x80 && type < 0x90) items = (type & 0x0f) * 2;
  else if (type >= 0x90 && type < 0xa0) items = type & 0x0f;
  else if (type >= 0xa0 && type < 0xc0) at += type & 0x1f;
  else if (type >= 0xc0 && type < 0xe0) {
    if (type >= 0xc4 && type <= 0xc6) throw new RangeError("binary data must be an extension");
    const start = at;
    at += SIZES[type - 0xc0];
    if (type >= 0xd9 || (type >= 0xc7 && type <= 0xc9)) {
      let length = 0;
      for (let index = start; index < at; index++) length = length * 256 + bytes[index];
      if (type >= 0xdc) items = type >= 0xde ? length * 2 : length;
      else at += type < 0xd0 ? length + 1 : length;
    }
  }
  // Not `at > length`: a length that was computed from bytes after the end is NaN.
  if (!(at <= bytes.length)) throw new RangeError("the message is truncated");
  if (items > 0 && depth > MAX_DEPTH) throw new RangeError(`nested more than ${MAX_DEPTH} deep`);
  for (; items > 0; items--) at = endOf(bytes, at, depth + 1);
  return at;
}
