/**
 * The `"msgpack"` codec: MessagePack, with extension types for values that it has no type for.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { Codec } from "./codec.ts";
import { MessagePackReader } from "./msgpack_reader.ts";
import { MessagePackWriter, REJECTED } from "./msgpack_writer.ts";
import { bufferProblem, viewProblem } from "./typed_array.ts";
import { singleLineMessage } from "../base/thrown.ts";
import { checkEncodable, isPlain } from "./value_check.ts";

/**
 * MessagePack for plain data: `null`, booleans, numbers (`NaN` and `Infinity` too, but `-0` arrives
 * as `0`), bigints of any size, strings, arrays, plain objects, valid `Date`s, typed arrays of every
 * kind, `ArrayBuffer` and `DataView`. All keep their type and arrive in buffers of their own; a
 * subclass of a typed array arrives as its built-in base.
 *
 * As with JSON, properties that are `undefined` or have a symbol as the key are omitted, and
 * `undefined` in an array arrives as `null`. `encode` throws for functions, symbols, `Map`, `Set`,
 * instances of other classes, invalid dates, the key `__proto__`, cycles and more than 512 levels.
 * The error has the path of the value.
 */
export const msgpackCodec: Codec = Object.freeze({ id: "msgpack", encode, decode });

const writer = new MessagePackWriter();
const reader = new MessagePackReader();
let isWriting = false;

function encode(value: unknown): Uint8Array {
  if (value === undefined) throw new TypeError("msgpack cannot encode undefined: send null");
  // A getter of the value may encode another one.
  if (isWriting) return encodeWith(new MessagePackWriter(), value);
  isWriting = true;
  try {
    return encodeWith(writer, value);
  } finally {
    isWriting = false;
  }
}

function encodeWith(used: MessagePackWriter, value: unknown): Uint8Array {
  try {
    return used.write(value);
  } catch (error) {
    if (error !== REJECTED) throw error;
    checkEncodable("msgpack", value, validate);
    throw new TypeError("msgpack cannot encode a value that changes while it is read");
  }
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

function decode(bytes: Uint8Array): unknown {
  try {
    return reader.read(bytes);
  } catch (cause) {
    throw new RangeError(
      `msgpack cannot decode ${pluralize(bytes.length, "byte")}: ${singleLineMessage(cause)}`,
      { cause },
    );
  }
}
