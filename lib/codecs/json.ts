/**
 * The `"json"` codec.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { Codec } from "./codec.ts";
import { singleLineMessage } from "../base/thrown.ts";
import { describeValue } from "./describe.ts";
import { checkEncodable, isPlain } from "./value_check.ts";
import { parsePlainJson } from "../message/json.ts";

/**
 * JSON as UTF-8, with the rules of `JSON.stringify`: `toJSON` is called (so a `Date` arrives as a
 * string), `NaN` and `Infinity` arrive as `null`, `-0` as `0`, properties that are `undefined` are
 * omitted, class instances arrive as plain objects.
 *
 * `encode` throws for values whose content `JSON.stringify` would silently omit: functions, symbols,
 * `Map`, `Set`, `RegExp`, `Error`, buffers, typed arrays and the like. It also throws for bigints,
 * cycles and more than 512 levels. The error has the path of the value.
 */
export const jsonCodec: Codec = Object.freeze({ id: "json", encode, decode });

const textEncoder = new TextEncoder();
// A byte order mark is not part of JSON: the parser rejects it.
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function encode(value: unknown): Uint8Array {
  checkEncodable("json", value, validate);
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`json cannot encode ${describeValue(value)}`);
  return textEncoder.encode(text);
}

function validate(value: unknown): string | boolean {
  // The result of `toJSON` is encoded in place of the value.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  if (typeof value === "bigint") return 'send a string instead, or use codec "msgpack"';
  if (typeof value !== "object" || value === null) {
    return "JSON would omit it; send only data";
  }
  if (Array.isArray(value) || isPlain(value) || isPreserved(value)) return true;
  return "JSON would lose its content; send a plain object or array" +
    ', or use codec "msgpack" for binary data and "clone" for the rest';
}

/** True for other objects that `JSON.stringify` keeps: instances of classes, and boxed primitives. */
function isPreserved(value: object): boolean {
  return /^\[object (Object|Number|String|Boolean)\]$/.test(Object.prototype.toString.call(value));
}

function decode(bytes: Uint8Array): unknown {
  try {
    return parsePlainJson(textDecoder.decode(bytes));
  } catch (error) {
    throw new TypeError(
      `json cannot decode ${pluralize(bytes.length, "byte")}: ${singleLineMessage(error)}`,
      { cause: error },
    );
  }
}
