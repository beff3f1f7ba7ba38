/**
 * What JSON can hold: plain data.
 *
 * @module
 */

import { formatValue } from "./options.ts";

/** The error for a value that is no data. */
export function notData(value: unknown): TypeError {
  return new TypeError(`cannot write ${formatValue(value)} as JSON: send only data`);
}

/** Deeper values are left to `JSON.stringify`, which finds cycles. */
const MAX_PLAIN_DEPTH = 64;

/**
 * True if `JSON.stringify` needs no replacer for a value: it has plain objects, arrays and primitive
 * values alone, but no bigint.
 */
export function isPlainData(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "bigint";
  if (depth > MAX_PLAIN_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!isPlainData(value[index], depth + 1)) return false;
    }
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    if (!isPlainData((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return !("toJSON" in value);
}

/** What `JSON.stringify` writes as an object without its contents. */
const EMPTIED = [Map, Set, WeakMap, WeakSet, Error, RegExp, Promise, ArrayBuffer];

/**
 * A replacer for `JSON.stringify` that throws for what would lose its contents.
 *
 * @throws {TypeError} for a map, a set, an error, bytes and their like, at any depth
 */
export function checkData(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) return value;
  const isEmptied = ArrayBuffer.isView(value) || EMPTIED.some((each) => value instanceof each);
  if (isEmptied) throw notData(value);
  return value;
}
