/**
 * JSON that keeps all digits of integers: an integer that a number cannot hold exactly is a bigint.
 *
 * @module
 */

import { longDigitsIn, MAX_DIGITS, MAX_READ_DEPTH } from "../base/json_limits.ts";
import { readExactly } from "../base/json_scanner.ts";
import { checkData, isPlainData, notData } from "../base/data.ts";
import { hasEscapedKey, readDeep } from "../base/plain_json.ts";
import { hasLongIdsOnly, markIntegers, replaceIds, replaceMarked } from "./exact_integers.ts";

export { JsonLimitError } from "../base/json_limits.ts";
export { parsePlainJson } from "../base/plain_json.ts";

/** A JSON object: string keys in order, and any JSON values, bigints included. */
export type JsonObject = Record<string, unknown>;

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * Parses JSON. An integer literal beyond 2^53, at any depth, becomes a bigint. Every other number
 * becomes a number.
 *
 * @throws {TypeError} if it is no text
 * @throws {SyntaxError} if the text is not JSON, is nested deeper than 1,024 levels, or has a number of
 *   more than 4,300 digits
 */
export function parseJson(text: string): unknown {
  const longDigits = longDigitsIn(text, MAX_READ_DEPTH);
  if (longDigits.length > 0 && !text.includes("\\")) {
    return readMessages(text, longDigits) ??
      replaceMarked(JSON.parse(markIntegers(text, longDigits)));
  }
  const value = JSON.parse(text);
  return longDigits.length > 0 || hasEscapedKey(text) ? readDeep(text, readExactly) : value;
}

/** Messages, of which the ids alone are replaced; undefined for any other text. */
function readMessages(text: string, longDigits: readonly number[]): unknown {
  if (!hasLongIdsOnly(text, longDigits)) return undefined;
  const value = JSON.parse(text);
  return replaceIds(value, text, longDigits) ? value : undefined;
}

/**
 * Writes JSON with the rules of `JSON.stringify`, and bigints as integer literals.
 *
 * @throws {TypeError} if the value has a cycle, or has no form in JSON, such as a function or a map
 * @throws {RangeError} if it is nested too deep, or an integer has more than 4,300 digits
 */
export function stringifyJson(value: unknown): string {
  // A replacer would take most of the time.
  const text: string | undefined = isPlainData(value)
    ? JSON.stringify(value)
    : JSON.stringify(value, writeInteger);
  if (text === undefined) throw notData(value);
  return text;
}

/** `stringifyJson` of an object whose first member is an id, as messages have one. */
export function stringifyWithId(id: bigint, others: JsonObject): string {
  const text = stringifyJson(others);
  return text === "{}" ? `{"id":${id}}` : `{"id":${id},${text.slice(1)}`;
}

/** Larger integers cannot be read. */
const INTEGER_LIMIT = 10n ** BigInt(MAX_DIGITS);

function rawInteger(value: bigint): unknown {
  if (-INTEGER_LIMIT < value && value < INTEGER_LIMIT) return rawJSON(value.toString());
  throw new RangeError(`cannot write an integer of more than ${MAX_DIGITS} digits as JSON`);
}

/** Reads the value from its holder: an application may have set `BigInt.prototype.toJSON`. */
function writeInteger(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return typeof original === "bigint" ? rawInteger(original) : checkData(key, value);
}

/** Returns a copy that `JSON.stringify` writes with bigints as integer literals. */
export function withRawIntegers(value: unknown): unknown {
  if (typeof value === "bigint") return rawInteger(value);
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return value;
  checkData("", value);
  if (Array.isArray(value)) return value.map(withRawIntegers);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withRawIntegers(member)]),
  );
}
