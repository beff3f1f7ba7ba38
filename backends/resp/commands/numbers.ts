/**
 * Numbers in the words of commands, with the rules of Redis.
 *
 * @module
 */

import { NOT_A_FLOAT, NOT_AN_INTEGER } from "../engine/errors.ts";
import type { ErrorReply } from "../protocol/reply.ts";

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const FLOAT = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)$/i;
/** Numbers up to this length are exact without `BigInt`. */
const SAFE_LENGTH = 15;
const DIGIT_0 = 0x30;

/** Smallest and largest whole number of 64 bits. */
export const MIN_INT64 = -(2n ** 63n);
/** Largest whole number of 64 bits. */
export const MAX_INT64 = 2n ** 63n - 1n;

/** The value of 1 to 15 decimal digits: most numbers are such. Undefined if there is anything else. */
function plainDigits(text: string): number | undefined {
  if (text.length === 0 || text.length > SAFE_LENGTH) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** The whole number of 64 bits in a word; undefined if it is none. */
export function parseInt64(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : value;
}

/** The whole number of at most 15 digits in a word; undefined if it is none, or a longer one. */
export function smallInteger(text: string): number | undefined {
  const value = plainDigits(text);
  // Zeros before the digits are allowed in fractions only.
  if (value !== undefined) return text.length > 1 && text[0] === "0" ? undefined : value;
  return text.length <= SAFE_LENGTH && INTEGER.test(text) ? Number(text) : undefined;
}

/** The whole number of 64 bits in a word, or throws. */
export function toInt64(text: string, error: ErrorReply = NOT_AN_INTEGER): bigint {
  const value = parseInt64(text);
  if (value === undefined) throw error;
  return value;
}

/** The whole number in a word, or throws. Beyond 2^53 it is rounded. */
export function toInteger(text: string, error: ErrorReply = NOT_AN_INTEGER): number {
  return smallInteger(text) ?? Number(toInt64(text, error));
}

/** The number in a word; undefined if it is none. `nan` is none. */
export function parseFloat64(text: string): number | undefined {
  const value = plainDigits(text);
  if (value !== undefined) return value;
  if (!FLOAT.test(text)) return undefined;
  const infinite = /^([+-]?)inf/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return Number(text);
}

/** The number in a word, or throws. */
export function toFloat(text: string, error: ErrorReply = NOT_A_FLOAT): number {
  const value = parseFloat64(text);
  if (value === undefined) throw error;
  return value;
}
