/**
 * Whole numbers with limits, and indexes that may count from the end.
 *
 * @module
 */

import { err } from "../engine/errors.ts";
import type { ErrorReply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";

const NOT_POSITIVE = err("value is out of range, must be positive");

/** The whole number in a word, at least `least`, or throws. */
export function toIntegerFrom(least: number, text: string, error: ErrorReply): number {
  const value = toInteger(text, error);
  if (value < least) throw error;
  return value;
}

/** The whole number in a word, at least 0, or throws. */
export function toCount(text: string, error: ErrorReply = NOT_POSITIVE): number {
  return toIntegerFrom(0, text, error);
}

/** More than any value has parts. */
const ENDLESS = 2 ** 32;

/** Most parts of a reply, in a word: at least 0, and a number that iterators accept. */
export function toMost(text: string): number {
  return Math.max(0, Math.min(ENDLESS, toInteger(text)));
}

/** Indexes of a part: from the first one up to the second one, which does not belong to it. */
export type Interval = readonly [start: number, end: number];

/** The part from one index through another one. Indexes less than 0 count from the end. */
export function intervalOf(first: number, last: number, size: number): Interval {
  const start = Math.max(0, first < 0 ? first + size : first);
  const end = Math.min(size, (last < 0 ? last + size : last) + 1);
  return start < end ? [start, end] : [0, 0];
}
