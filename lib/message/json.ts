/**
 * JSON that keeps all digits of integers: an integer that a number cannot hold exactly is a bigint.
 *
 * @module
 */

import { type NumberReader, readExactly, readJson } from "./json_scanner.ts";
import { formatValue } from "../base/options.ts";

/** A JSON object: string keys in order, and any JSON values, bigints included. */
export type JsonObject = Record<string, unknown>;

// Every integer that a number cannot hold exactly has at least 16 digits.
const LONG_DIGITS = /[0-9]{16}/;
// V8, at least up to 15.0, confuses keys that have escapes with keys that it has parsed before.
const ESCAPED_KEY = /\\.[^"\\]*"\s*:/;

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * Parses JSON. An integer literal beyond 2^53, at any depth, becomes a bigint. Every other number
 * becomes a number.
 *
 * @throws {SyntaxError} if the text is not JSON, or nested too deep
 */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text);
  const isExact = !LONG_DIGITS.test(text) && !hasEscapedKey(text);
  return isExact ? value : readDeep(text, readExactly);
}

/**
 * Parses JSON as `JSON.parse` does, without its fault with escaped keys.
 *
 * @throws {SyntaxError} if the text is not JSON, or nested too deep
 */
export function parsePlainJson(text: string): unknown {
  const value = JSON.parse(text);
  return hasEscapedKey(text) ? readDeep(text, Number) : value;
}

function hasEscapedKey(text: string): boolean {
  return text.includes("\\") && ESCAPED_KEY.test(text);
}

function readDeep(text: string, readNumber: NumberReader): unknown {
  try {
    return readJson(text, readNumber);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SyntaxError("cannot parse JSON: it is nested too deep", { cause: error });
  }
}

/**
 * Writes JSON with the rules of `JSON.stringify`, and bigints as integer literals.
 *
 * @throws {TypeError} if the value has a cycle, or has no form in JSON, such as a function
 * @throws {RangeError} if it is nested too deep
 */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, writeInteger);
  if (text === undefined) {
    throw new TypeError(`cannot write ${formatValue(value)} as JSON: send only data`);
  }
  return text;
}

/** Reads the value from its holder: an application may have set `BigInt.prototype.toJSON`. */
function writeInteger(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return typeof original === "bigint" ? rawJSON(original.toString()) : value;
}

/** Returns a copy that `JSON.stringify` writes with bigints as integer literals. */
export function withRawIntegers(value: unknown): unknown {
  if (typeof value === "bigint") return rawJSON(value.toString());
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return value;
  if (Array.isArray(value)) return value.map(withRawIntegers);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withRawIntegers(member)]),
  );
}
