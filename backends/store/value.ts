/**
 * Values of keys and published values: a string, or the JSON text of any other value.
 *
 * @module
 */

import { messageOf } from "../../lib/base/thrown.ts";
import { parseJson, stringifyJson } from "../../lib/message/json.ts";
import { checkLimits, MAX_JSON_DEPTH } from "../../lib/base/json_limits.ts";
import { readString } from "../../lib/base/json_scanner.ts";
import { bytesOfText, textOfBytes } from "./byte_string.ts";
import { InvalidInputError } from "./errors.ts";
import { MAX_KEY_LENGTH } from "./limits.ts";
import { readLatin1 } from "./latin1.ts";
import { detached, textBytes } from "./text.ts";

/** A JSON value other than a string, as text. */
export class JsonText {
  readonly text: string;

  /** @param text valid JSON, without surrounding white space */
  constructor(text: string) {
    this.text = text;
  }
}

/** A value: a string, or other JSON. */
export type Value = string | JsonText;

/** A value in the store: the byte string of a text, or other JSON. */
export type StoredText = string | JsonText;

/**
 * The value of a key that has no parts. Bytes that were changed in place are kept as an array, and a whole
 * number that was counted up or down as such: it stands for its decimal digits, and exactly has them.
 */
export type StringValue = StoredText | Uint8Array | number;

/** The stored form of a value. */
export function storedOf(value: Value): StoredText {
  return typeof value === "string" ? bytesOfText(value) : value;
}

/** The value of a stored form. */
export function valueOfStored(stored: StringValue): Value {
  return stored instanceof JsonText ? stored : textOfBytes(byteStringOf(stored));
}

/** The bytes of a stored form, as a client that knows no JSON gets them. */
export function byteStringOf(stored: StringValue): string {
  if (typeof stored === "string") return stored;
  if (typeof stored === "number") return String(stored);
  return stored instanceof JsonText ? bytesOfText(stored.text) : readLatin1(stored);
}

/** Bytes of a stored form in memory. */
export function storedBytes(stored: StringValue): number {
  if (typeof stored === "number") return lengthOfNumber(stored);
  return stored instanceof JsonText ? textBytes(stored.text) : stored.length;
}

/** Characters of the decimal text of a whole number. */
function lengthOfNumber(value: number): number {
  let length = value < 0 ? 2 : 1;
  for (let limit = 10; limit <= Math.abs(value); limit *= 10) length++;
  return length;
}

/** The value of a valid JSON text, such as a member of a request. */
export function valueOfJson(text: string): Value {
  return text.startsWith('"') ? readString(text) : new JsonText(detached(text));
}

/** The value as JSON text. */
export function valueToJson(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : value.text;
}

/**
 * The value for data of an application.
 *
 * @throws {InvalidInputError} if no client could read it
 */
export function valueFrom(data: unknown): Value {
  if (typeof data === "string") return data;
  const text = stringifyJson(data);
  try {
    checkLimits(text, MAX_JSON_DEPTH);
  } catch (cause) {
    throw new InvalidInputError(`cannot send a value: ${messageOf(cause)}`, { cause });
  }
  return new JsonText(text);
}

/** The data of a value for an application. */
export function valueToData(value: Value): unknown {
  return typeof value === "string" ? value : parseJson(value.text);
}

/** Bytes of a value in memory. */
export function valueBytes(value: Value): number {
  return textBytes(typeof value === "string" ? value : value.text);
}

/** Throws unless `key` is a string of bounded length, as a key or a field must be. */
export function checkKey(what: string, key: unknown): asserts key is string {
  if (typeof key !== "string") {
    throw new InvalidInputError(`a ${what} must be a string, not ${typeof key}`);
  }
  if (key.length <= MAX_KEY_LENGTH) return;
  throw new InvalidInputError(
    `a ${what} must have at most ${MAX_KEY_LENGTH} characters, not ${key.length}`,
  );
}
