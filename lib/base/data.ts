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
