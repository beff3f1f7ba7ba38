/**
 * Arguments of the line protocol. Spaces separate them. An argument with spaces is in double quotes, which
 * have no escapes. Every other text is `JSON:` followed by base64. Bytes are base64.
 *
 * @module
 */

import { JsonLimitError, parseJson } from "../../../lib/message/json.ts";
import { parseShallow } from "../../../lib/message/json_members.ts";
import { parsedLeniently } from "../../../lib/message/json_members.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { JsonText, type Value, valueOfJson, valueToJson } from "../../store/value.ts";

const ENCODED = "JSON:";
const QUOTE = '"';

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The arguments in a line, from an index on.
 *
 * @throws {InvalidInputError} if a quote is not closed, or is not followed by a space
 */
export function splitArguments(line: string, from = 0): string[] {
  const found: string[] = [];
  let at = from;
  for (;;) {
    while (line.charCodeAt(at) === 0x20) at++;
    if (at >= line.length) return found;
    const end = line[at] === QUOTE ? endOfQuoted(line, at) : endOfPlain(line, at);
    found.push(line[at] === QUOTE ? line.slice(at + 1, end - 1) : line.slice(at, end));
    at = end;
  }
}

/**
 * The arguments in a line, each after one space: so two spaces, or one at the end, are an empty argument.
 *
 * @throws {InvalidInputError} if a quote is not closed, or is not followed by a space
 */
export function splitAtEachSpace(line: string, from: number): string[] {
  const found: string[] = [];
  for (let at = from; at < line.length;) {
    const start = at + 1;
    const end = line[start] === QUOTE ? endOfQuoted(line, start) : endOfPlain(line, start);
    found.push(line[start] === QUOTE ? line.slice(start + 1, end - 1) : line.slice(start, end));
    at = end;
  }
  return found;
}

function endOfPlain(line: string, at: number): number {
  const end = line.indexOf(" ", at);
  return end === -1 ? line.length : end;
}

function endOfQuoted(line: string, at: number): number {
  const close = line.indexOf(QUOTE, at + 1);
  if (close === -1) throw new InvalidInputError("a quote is not closed");
  if (close + 1 < line.length && line[close + 1] !== " ") {
    throw new InvalidInputError(
      "a closing quote must be followed by a space: send such text as JSON:base64",
    );
  }
  return close + 1;
}

/** The argument for a text, such as a topic. */
export function textArgument(text: string): string {
  return plainArgument(text) ?? encodedArgument(text);
}

/** The text of an argument. */
export function textOf(argument: string): string {
  return isEncoded(argument) ? decoded(argument) : argument;
}

/** The argument for a value. It distinguishes a text from other JSON. */
export function valueArgument(value: Value): string {
  if (value instanceof JsonText) return encodedArgument(value.text);
  return plainArgument(value) ?? encodedArgument(valueToJson(value));
}

/** The value of an argument: JSON if it is encoded JSON, or else a text. */
export function valueOf(argument: string): Value {
  return asJson(argument, parseShallow, (text) => valueOfJson(text.trim()));
}

/** The value of an argument, as data for an application. */
export function dataOf(argument: string): unknown {
  return asJson(
    argument,
    (text) => parsedLeniently(text, parseJson),
    (_text, data) => data,
  );
}

function asJson<T>(
  argument: string,
  parse: (text: string) => unknown,
  make: (text: string, data: unknown) => T,
): T | string {
  if (!isEncoded(argument)) return argument;
  const text = decoded(argument);
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    if (error instanceof JsonLimitError) throw new InvalidInputError(error.message);
    if (error instanceof SyntaxError) return text;
    throw error;
  }
  return make(text, data);
}

// Control characters end lines, quotes have no escape, and some servers parse what begins like JSON.
// deno-lint-ignore no-control-regex
const NOT_PLAIN = /^(?:[{[]|JSON:)|["\u0000-\u001f\u007f-\u009f]/;

/** The argument without base64, or undefined if it needs that. */
function plainArgument(text: string): string | undefined {
  if (NOT_PLAIN.test(text) || !text.isWellFormed()) return undefined;
  return text === "" || /\s/.test(text) ? `"${text}"` : text;
}

/** The argument with base64, for any text. */
export function encodedArgument(text: string): string {
  return ENCODED + encoder.encode(text).toBase64();
}

/** The argument for bytes. */
export function bytesArgument(bytes: Uint8Array): string {
  return bytes.length === 0 ? '""' : bytes.toBase64();
}

/** The bytes of an argument. */
export function bytesOf(argument: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(argument);
  } catch {
    throw new InvalidInputError(`bytes must be base64, not ${argument.slice(0, 40)}`);
  }
}

function isEncoded(argument: string): boolean {
  return argument.startsWith(ENCODED);
}

// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\u0000-\u007f]/;

/** The text of an encoded argument. */
function decoded(argument: string): string {
  const base64 = argument.slice(ENCODED.length);
  try {
    // For ASCII this takes a quarter of the time.
    const bytes = atob(base64);
    return BEYOND_ASCII.test(bytes) ? decoder.decode(Uint8Array.fromBase64(base64)) : bytes;
  } catch {
    const shown = base64.length > 40 ? `${base64.slice(0, 40)}...` : base64;
    throw new InvalidInputError(`JSON: must be followed by base64 of UTF-8 text, not ${shown}`);
  }
}
