/**
 * Conversion between values and JSON. A JSON value stands for itself. Every other value is an object
 * with one key that begins with `$`:
 *
 *     undefined          {"$undefined": true}
 *     NaN, Infinity, -0  {"$number": "NaN"}
 *     bigint             {"$bigint": "123"}
 *     Date               {"$date": "2026-01-02T03:04:05.678Z"}, {"$date": null} if it is invalid
 *     bytes              {"$bytes": "<base64>"}
 *     typed array        {"$array": "Float32Array", "values": [1, 2]}
 *     Map, Set           {"$map": [[key, value], ...]}, {"$set": [value, ...]}
 *     RegExp, Error      {"$regexp": "a+", "flags": "g"}, {"$error": "TypeError", "message": "..."}
 *     circular reference {"$cycle": true}
 *     abbreviated        {"$abbreviated": "Uint8Array", "bytes": 1048576, "begin": "<hex>"}
 *
 * An object with a key that begins with `$` is wrapped: {"$object": {"$ref": 1}}.
 *
 * @module
 */

import { kindOf, type TypedArray } from "../../lib/codecs/typed_array.ts";
import { formatValue } from "../../lib/base/options.ts";

/** Bytes that are left of abbreviated data. */
const ABBREVIATED_BYTES = 16;

/**
 * Converts a received value into a value that `JSON.stringify` writes without loss. Binary data of more than
 * `maxBinaryBytes` is abbreviated, to a form that no value is read from.
 */
export function toJsonForm(value: unknown, maxBinaryBytes = Infinity): unknown {
  return formOf(value, { above: new Set(), maxBinaryBytes });
}

/** What is known while a value is converted. */
interface Conversion {
  /** The objects that the value is in. */
  readonly above: Set<object>;
  readonly maxBinaryBytes: number;
}

function formOf(value: unknown, conversion: Conversion): unknown {
  switch (typeof value) {
    case "undefined":
      return { $undefined: true };
    case "bigint":
      return { $bigint: `${value}` };
    case "number":
      return isJsonNumber(value) ? value : { $number: Object.is(value, -0) ? "-0" : `${value}` };
    case "object":
      return value === null ? null : objectForm(value, conversion);
    default:
      return value;
  }
}

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function objectForm(value: object, conversion: Conversion): unknown {
  const { above, maxBinaryBytes } = conversion;
  if (above.has(value)) return { $cycle: true };
  if (isLongBinary(value, maxBinaryBytes)) return abbreviated(value);
  above.add(value);
  try {
    return leafForm(value) ?? nestedForm(value, (part) => formOf(part, conversion));
  } finally {
    above.delete(value);
  }
}

function isLongBinary(value: object, maxBytes: number): value is ArrayBufferView | ArrayBuffer {
  const isBinary = ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
  return isBinary && value.byteLength > maxBytes;
}

/** What the data is, how much of it there is, and how it begins. */
function abbreviated(value: ArrayBufferView | ArrayBuffer): unknown {
  const [buffer, offset] = ArrayBuffer.isView(value)
    ? [value.buffer, value.byteOffset]
    : [value, 0];
  const begin = new Uint8Array(buffer, offset, Math.min(ABBREVIATED_BYTES, value.byteLength));
  const name = value.constructor.name;
  return { $abbreviated: name, bytes: value.byteLength, begin: begin.toHex() };
}

/** The form of an object that holds no other values. */
function leafForm(value: object): unknown {
  if (value instanceof Date) {
    return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (value instanceof RegExp) return { $regexp: value.source, flags: value.flags };
  if (value instanceof Error) return { $error: value.name, message: value.message };
  if (value instanceof Uint8Array) return { $bytes: value.toBase64() };
  if (value instanceof ArrayBuffer) return { $bytes: new Uint8Array(value).toBase64() };
  if (value instanceof DataView) {
    return { $bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength).toBase64() };
  }
  return undefined;
}

function nestedForm(value: object, form: (part: unknown) => unknown): unknown {
  const kind = kindOf(value as ArrayBufferView);
  if (kind !== undefined) {
    return { $array: kind.name, values: Array.from(value as Iterable<unknown>, form) };
  }
  if (Array.isArray(value)) return Array.from(value, form);
  if (value instanceof Map) return { $map: Array.from(value, (pair) => pair.map(form)) };
  if (value instanceof Set) return { $set: Array.from(value, form) };
  const plain = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, form(part)]));
  return Object.keys(plain).some((key) => key.startsWith("$")) ? { $object: plain } : plain;
}

/**
 * Converts the result of `JSON.parse` into the value that it stands for.
 *
 * @throws {TypeError} if a key begins with `$` and is not one of the forms
 */
export function fromJsonForm(form: unknown): unknown {
  if (typeof form !== "object" || form === null) return form;
  if (Array.isArray(form)) return form.map(fromJsonForm);
  const key = Object.keys(form).find((name) => name.startsWith("$"));
  if (key === undefined) return plainFrom(form);
  const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
  if (read === undefined) {
    throw new TypeError(
      `the key ${formatValue(key)} stands for no value: use one of ${
        Object.keys(READERS).join(", ")
      }, ` +
        `and {"$object": ...} around an object with such a key`,
    );
  }
  return read(form as Record<string, unknown>);
}

function plainFrom(form: object): Record<string, unknown> {
  const entries = Object.entries(form).map(([key, part]) => [key, fromJsonForm(part)]);
  return Object.fromEntries(entries);
}

const READERS: Record<string, (form: Record<string, unknown>) => unknown> = {
  $undefined: () => undefined,
  $number: ({ $number }) => Number($number),
  $bigint: ({ $bigint }) => BigInt(text("$bigint", $bigint)),
  $date: ({ $date }) => new Date($date === null ? NaN : text("$date", $date)),
  $bytes: ({ $bytes }) => Uint8Array.fromBase64(text("$bytes", $bytes)),
  $array: ({ $array, values }) => arrayFrom(text("$array", $array), list("$array", values)),
  $map: ({ $map }) => new Map(list("$map", $map).map(pairFrom)),
  $set: ({ $set }) => new Set(list("$set", $set).map(fromJsonForm)),
  $regexp: ({ $regexp, flags }) => new RegExp(text("$regexp", $regexp), text("flags", flags ?? "")),
  $error: ({ $error, message }) =>
    Object.assign(new Error(text("message", message ?? "")), { name: text("$error", $error) }),
  $object: ({ $object }) => {
    if (typeof $object === "object" && $object !== null) return plainFrom($object);
    throw new TypeError(`$object takes an object, not ${formatValue($object)}`);
  },
};

function text(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`${key} takes a string, not ${formatValue(value)}`);
}

function list(key: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`${key} takes a list, not ${formatValue(value)}`);
}

function pairFrom(pair: unknown): [unknown, unknown] {
  const [key, value] = list("$map", pair);
  return [fromJsonForm(key), fromJsonForm(value)];
}

const ARRAY_NAME = /^(Big)?(Int|Uint|Float)\d+(Clamped)?Array$/;

function arrayFrom(name: string, values: unknown[]): TypedArray {
  const kind = ARRAY_NAME.test(name) ? Reflect.get(globalThis, name) : undefined;
  if (kind === undefined) throw new TypeError(`there is no typed array ${formatValue(name)}`);
  return kind.from(values.map(fromJsonForm));
}
