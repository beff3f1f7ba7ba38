/**
 * JSON that keeps every integer digit for digit: what does not fit a number exactly is a bigint.
 *
 * @module
 */

import { type NumberReader, readExactly, readJson } from "./json_scanner.ts";
import { formatValue } from "../base/options.ts";

/** A JSON object: string keys in their order, and any JSON value, bigints included. */
export type JsonObject = Record<string, unknown>;

// The shortest integer that a number cannot hold exactly has 16 digits.
const LONG_DIGITS = /[0-9]{16}/;
// V8 up to 15.0 at least confuses keys that have escapes with others it has seen before.
const ESCAPED_KEY = /\\.[^"\\]*"\s*:/;

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
/**
 * Parses JSON. An integer literal beyond 2^53, at any depth, comes back as a bigint; every other
 * number as a number.
 *
 * @throws {SyntaxError} if the text is no JSON, or nested too deep to be read
 */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text);
  const isExact = !LONG_DIGITS.test(text) && !hasEscapedKey(text);
  return isExact ? value : readDeep(text, readExactly);
}

/**
 * Parses JSON as `JSON.parse` should: every number is a number.
 *
 * @throws {SyntaxError} if the text is no JSON, or nested too deep to be read
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
 * Writes JSON with the rules of `JSON.stringify`, and bigints as bare integer literals.
 *
 * @throws {TypeError} if the value has a cycle, or is nothing that JSON has, such as a function
 * @throws {RangeError} if it is nested too deep to be written
 */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, writeInteger);
  if (text === undefined) {
    throw new TypeError(`cannot write ${formatValue(value)} as JSON: send data alone`);
  }
  return text;
}

/** Reads the holder: `BigInt.prototype.toJSON`, if an application has set it, came before. */
function writeInteger(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return typeof original === "bigint" ? rawJSON(original.toString()) : value;
}

/** A copy that `JSON.stringify` writes with bigints as bare integer literals. */
export function withRawIntegers(value: unknown): unknown {
  if (typeof value === "bigint") return rawJSON(value.toString());
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return value;
  if (Array.isArray(value)) return value.map(withRawIntegers);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withRawIntegers(member)]),
  );
}
