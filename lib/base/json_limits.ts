/**
 * Limits of the JSON that is read: what exceeds them would take long, or memory without measure.
 *
 * @module
 */

import { endOfString } from "./json_scanner.ts";
import { formatValue } from "./options.ts";

/** Most levels of nested arrays and objects in what is sent and stored. */
export const MAX_JSON_DEPTH = 512;
/** Most levels in what is read: a response has some more than the messages in it. */
export const MAX_READ_DEPTH = 1024;
/** Most digits of a number. An integer takes time by the square of that. */
export const MAX_DIGITS = 4300;

const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

/** JSON that exceeds a limit. It may be valid. */
export class JsonLimitError extends SyntaxError {}

/** The error for JSON that is nested deeper than a limit. */
export function tooDeep(maxDepth: number, cause?: unknown): JsonLimitError {
  const message = maxDepth === MAX_JSON_DEPTH
    ? `cannot parse JSON nested deeper than ${MAX_JSON_DEPTH} levels`
    : "cannot parse JSON: it is nested too deep";
  return new JsonLimitError(message, { cause });
}

/**
 * Checks a text, which may be invalid JSON, before it is parsed. Takes time by its length.
 *
 * @throws {TypeError} if it is no text
 * @throws {JsonLimitError} if it is nested too deep, or has a number with too many digits
 */
export function checkLimits(text: string, maxDepth: number): void {
  checkIsText(text);
  // Each level has two brackets.
  if (text.length > 2 * maxDepth) longDigitsIn(text, maxDepth);
}

/** The longest number of digits with which every integer is exact. */
const EXACT_DIGITS = 15;

/**
 * Checks a text as `checkLimits` does. Returns where digits are, outside of strings, that a number may not
 * hold exactly: the offsets at which they begin and end, and the number of brackets around them.
 */
export function longDigitsIn(text: string, maxDepth: number): number[] {
  checkIsText(text);
  const found: number[] = [];
  const isEscaping = text.includes("\\");
  let depth = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) {
      if (++digits > MAX_DIGITS) throw tooManyDigits();
      continue;
    }
    if (digits > EXACT_DIGITS) found.push(at - digits, at, depth);
    digits = 0;
    if (code === QUOTE) {
      at = isEscaping ? endOfString(text, at) - 1 : text.indexOf('"', at + 1);
      if (at < 0) return found;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > maxDepth) throw tooDeep(maxDepth);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
  if (digits > EXACT_DIGITS) found.push(text.length - digits, text.length, depth);
  return found;
}

function checkIsText(text: unknown): void {
  if (typeof text === "string") return;
  throw new TypeError(`JSON to read must be a string, not ${formatValue(text)}`);
}

function tooManyDigits(): JsonLimitError {
  return new JsonLimitError(`cannot parse JSON: a number has more than ${MAX_DIGITS} digits`);
}
