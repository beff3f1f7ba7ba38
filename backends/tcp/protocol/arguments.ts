/**
 * Arguments of the line protocol. They are separated by spaces; one with a space in it stands in double
 * quotes, for which no escapes exist; and what neither of that can carry travels as `JSON:` and base64.
 * Bytes are base64 alone.
 *
 * @module
 */

import { parseJson } from "../../../lib/message/json.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { JsonText, type Value, valueOfJson, valueToJson } from "../../store/value.ts";

const ENCODED = "JSON:";
const QUOTE = '"';

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The arguments in a line, from a place on.
 *
 * @throws {InvalidInputError} if a quote is not closed, or something follows it
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

function endOfPlain(line: string, at: number): number {
  const end = line.indexOf(" ", at);
  return end === -1 ? line.length : end;
}

function endOfQuoted(line: string, at: number): number {
  const close = line.indexOf(QUOTE, at + 1);
  if (close === -1) throw new InvalidInputError("a quote is not closed");
  if (close + 1 < line.length && line[close + 1] !== " ") {
    throw new InvalidInputError("something follows a closing quote: send such text as JSON:base64");
  }
  return close + 1;
}

/** The argument that carries a text as it is, such as a topic. */
export function textArgument(text: string): string {
  return plainArgument(text) ?? encodedArgument(text);
}

/** The text of an argument. */
export function textOf(argument: string): string {
  return isEncoded(argument) ? decoded(argument) : argument;
}

/** The argument that carries a value, so that a text and other JSON can be told apart. */
export function valueArgument(value: Value): string {
  if (value instanceof JsonText) return encodedArgument(value.text);
  return plainArgument(value) ?? encodedArgument(valueToJson(value));
}

/** The value of an argument: JSON if it was encoded and is any, else a text. */
export function valueOf(argument: string): Value {
  return asJson(argument, JSON.parse, (text) => valueOfJson(text.trim()));
}

/** The same, as an application gets it. */
export function dataOf(argument: string): unknown {
  return asJson(argument, parseJson, (_text, data) => data);
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
    if (error instanceof SyntaxError) return text;
    throw error;
  }
  return make(text, data);
}

// Control characters end lines, quotes have no escape, and what begins like JSON is taken for it.
// deno-lint-ignore no-control-regex
const NOT_PLAIN = /^(?:[{[]|JSON:)|["\u0000-\u001f\u007f-\u009f]/;

/** An argument that needs no base64, if the text can stand in one. */
function plainArgument(text: string): string | undefined {
  if (NOT_PLAIN.test(text) || !text.isWellFormed()) return undefined;
  return text === "" || /\s/.test(text) ? `"${text}"` : text;
}

/** The argument that carries any text. */
export function encodedArgument(text: string): string {
  return ENCODED + encoder.encode(text).toBase64();
}

/** The argument that carries bytes. */
export function bytesArgument(bytes: Uint8Array): string {
  return bytes.length === 0 ? '""' : bytes.toBase64();
}

/** The bytes of an argument. */
export function bytesOf(argument: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(argument);
  } catch {
    throw new InvalidInputError(`bytes come as base64, not ${argument.slice(0, 40)}`);
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
    // A quarter of the time of what follows, and mostly enough.
    const bytes = atob(base64);
    return BEYOND_ASCII.test(bytes) ? decoder.decode(Uint8Array.fromBase64(base64)) : bytes;
  } catch {
    const shown = base64.length > 40 ? `${base64.slice(0, 40)}...` : base64;
    throw new InvalidInputError(`what follows JSON: must be base64 of UTF-8 text, not ${shown}`);
  }
}
