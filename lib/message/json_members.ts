/**
 * The members of a JSON object as text, so that values are passed on unchanged.
 *
 * @module
 */

import type { TextSet } from "../base/text_map.ts";
import { parsePlainJson } from "../base/plain_json.ts";
import { MAX_JSON_DEPTH, tooDeep } from "../base/json_limits.ts";
import { endOfString, readString } from "../base/json_scanner.ts";

export { MAX_JSON_DEPTH };

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Parses JSON that a client sends, or that another process has written.
 *
 * @throws {SyntaxError} if it is not JSON, is nested deeper than `MAX_JSON_DEPTH`, or has a number with too
 *   many digits
 */
export function parseShallow(text: string): unknown {
  return parsePlainJson(text, MAX_JSON_DEPTH);
}

const NOT_FINITE = /-?Infinity|NaN/g;

/**
 * JSON in which Python has written numbers that JSON does not have: null takes their place, as in
 * `JSON.stringify`.
 */
export function withoutNotFinite(text: string): string {
  let result = "";
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    result += text.slice(at, open).replace(NOT_FINITE, "null");
    at = quote === -1 ? open : endOfString(text, quote);
    if (at <= 0) return text;
    result += text.slice(open, at);
  }
  return result;
}

/** Calls a parser with a text, and if it is not JSON, with what `withoutNotFinite` makes of it. */
export function parsedLeniently<T>(text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    const lenient = error instanceof SyntaxError ? withoutNotFinite(text) : text;
    if (lenient === text) throw error;
    return parse(lenient);
  }
}

/**
 * Returns the texts of the values of the members with some names. The last of equal keys counts, as in
 * `JSON.parse`. The text must be a JSON object: check it with `JSON.parse` before.
 *
 * @throws {SyntaxError} if a value is nested deeper than `MAX_JSON_DEPTH`
 */
export function jsonMembers(text: string, names: TextSet): Map<string, string> {
  const members = new Map<string, string>();
  let at = text.indexOf("{") + 1;
  for (;;) {
    const open = text.indexOf('"', at);
    if (open === -1) return members;
    const close = endOfString(text, open);
    const colon = text.indexOf(":", close);
    const end = endOfValue(text, colon + 1);
    const key = readString(text.slice(open, close));
    if (names.has(key)) members.set(key, text.slice(colon + 1, end).trim());
    at = end + 1;
  }
}

/** Returns the offset of the comma or brace that ends a value. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start;; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth = deeper(depth);
    else if (depth === 0) {
      if (code === COMMA || code === CLOSE_BRACE) return at;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
}

function deeper(depth: number): number {
  if (depth < MAX_JSON_DEPTH) return depth + 1;
  throw tooDeep(MAX_JSON_DEPTH);
}
