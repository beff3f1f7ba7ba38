/**
 * Integers beyond 2^53 in JSON, of which `JSON.parse` would lose digits. In a text without escapes they
 * are marked, so that `JSON.parse` reads them as strings, and replaced afterwards: a reader written here
 * takes four times as long.
 *
 * @module
 */

import { readExactly } from "../base/json_scanner.ts";

/** No string in a text without escapes has this character. */
const MARK = "\u0001";
const ESCAPED_MARK = "\\u0001";
const MARK_CODE = 1;
const MINUS = 0x2d;
const OPEN_BRACKET = 0x5b;
/** Characters before and after the digits of a number that is not an integer. */
const NOT_INTEGER = /[.eE+]/;

/** Numbers that `longDigitsIn` returns for long digits. */
const STRIDE = 3;
/** The beginning of a message. An object can have it once. */
const FIRST_ID = '{"id":';

/** True for a message, or a list of messages, that begin with their ids and have no other long integers. */
export function hasLongIdsOnly(text: string, longDigits: readonly number[]): boolean {
  const depth = text.charCodeAt(0) === OPEN_BRACKET ? 2 : 1;
  for (let index = 0; index < longDigits.length; index += STRIDE) {
    const isId = longDigits[index + 2] === depth &&
      text.startsWith(FIRST_ID, longDigits[index] - FIRST_ID.length) &&
      !NOT_INTEGER.test(text.charAt(longDigits[index + 1]));
    if (!isId) return false;
  }
  return true;
}

/**
 * Replaces the ids in what `JSON.parse` makes of such a text; false if one of the messages has another id, or
 * none.
 */
export function replaceIds(value: unknown, text: string, longDigits: readonly number[]): boolean {
  const messages: ({ id?: unknown } | null)[] = Array.isArray(value) ? value : [value];
  if (longDigits.length !== messages.length * STRIDE) return false;
  for (let place = 0; place < messages.length; place++) {
    const index = place * STRIDE;
    const digits = text.slice(longDigits[index], longDigits[index + 1]);
    const message = messages[place];
    if (message?.id !== Number(digits)) return false;
    if (!Number.isSafeInteger(message.id)) message.id = BigInt(digits);
  }
  return true;
}

/** Marks the integers in a JSON text without any backslash that has long digits in some places. */
export function markIntegers(text: string, longDigits: readonly number[]): string {
  let marked = "";
  let copied = 0;
  for (let index = 0; index < longDigits.length; index += STRIDE) {
    const end = longDigits[index + 1];
    let start = longDigits[index];
    if (text.charCodeAt(start - 1) === MINUS) start--;
    if (NOT_INTEGER.test(text.charAt(start - 1)) || NOT_INTEGER.test(text.charAt(end))) continue;
    marked += `${text.slice(copied, start)}"${ESCAPED_MARK}${text.slice(start, end)}"`;
    copied = end;
  }
  return copied === 0 ? text : marked + text.slice(copied);
}

/** Replaces what was marked in a value: an integer beyond 2^53 becomes a bigint. */
export function replaceMarked(value: unknown): unknown {
  if (typeof value === "string") {
    return value.charCodeAt(0) === MARK_CODE ? readExactly(value.slice(MARK.length)) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = replaceMarked(value[index]);
  } else replaceInFields(value as Record<string, unknown>);
  return value;
}

function replaceInFields(fields: Record<string, unknown>): void {
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (typeof field !== "string" && typeof field !== "object") continue;
    const replaced = replaceMarked(field);
    if (replaced !== field) fields[name] = replaced;
  }
}
