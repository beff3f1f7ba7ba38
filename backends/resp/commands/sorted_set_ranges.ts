/**
 * Ranges of sorted sets: by rank, by score or by member.
 *
 * @module
 */

import type { ScoredEntry } from "../../store/ranked_list.ts";
import type { SortedSetValue } from "../../store/sorted_set_value.ts";
import { err } from "../engine/errors.ts";
import { parseFloat64, toInteger } from "./numbers.ts";
import { type Interval, intervalOf } from "./ranges.ts";

const NOT_A_SCORE_RANGE = err("min or max is not a float");
const NOT_A_MEMBER_RANGE = err("min or max not valid string range item");

/** What a range is measured by. */
export type RangeType = "rank" | "score" | "member";

/** A range: it finds its part of a sorted set. */
export type Range = (set: SortedSetValue) => Interval;

/** The range between two words, the lower bound first. For ranks in the reverse order, `isReverse` is set. */
export function rangeOf(type: RangeType, min: string, max: string, isReverse = false): Range {
  if (type === "score") return scoreRange(min, max);
  return type === "member" ? memberRange(min, max) : rankRange(min, max, isReverse);
}

function rankRange(first: string, last: string, isReverse: boolean): Range {
  const [start, stop] = [toInteger(first), toInteger(last)];
  return ({ size }) => {
    const [from, to] = intervalOf(start, stop, size);
    return isReverse ? [size - to, size - from] : [from, to];
  };
}

/** A bound, which may itself belong to the range. */
interface Bound<T> {
  readonly value: T;
  readonly isOpen: boolean;
}

function scoreRange(first: string, last: string): Range {
  const [min, max] = [scoreBound(first), scoreBound(last)];
  return between(
    ({ score }) => score < min.value || min.isOpen && score === min.value,
    ({ score }) => score < max.value || !max.isOpen && score === max.value,
  );
}

/** An empty text is 0, as it is for the function of C that Redis uses. */
function scoreBound(text: string): Bound<number> {
  const isOpen = text.startsWith("(");
  const digits = text.slice(Number(isOpen)).trimStart();
  const value = digits === "" ? 0 : parseFloat64(digits);
  if (value === undefined) throw NOT_A_SCORE_RANGE;
  return { value, isOpen };
}

function memberRange(first: string, last: string): Range {
  const [min, max] = [memberBound(first), memberBound(last)];
  return between(
    ({ key }) => !isAtLeast(key, min),
    ({ key }) => isAtMost(key, max),
  );
}

const ABOVE_ALL = Symbol();
const BELOW_ALL = Symbol();
type MemberBound = Bound<string | typeof ABOVE_ALL | typeof BELOW_ALL>;

function memberBound(text: string): MemberBound {
  if (text === "-") return { value: BELOW_ALL, isOpen: true };
  if (text === "+") return { value: ABOVE_ALL, isOpen: true };
  if (text[0] !== "(" && text[0] !== "[") throw NOT_A_MEMBER_RANGE;
  return { value: text.slice(1), isOpen: text[0] === "(" };
}

function isAtLeast(key: string, { value, isOpen }: MemberBound): boolean {
  if (typeof value === "symbol") return value === BELOW_ALL;
  return isOpen ? key > value : key >= value;
}

function isAtMost(key: string, { value, isOpen }: MemberBound): boolean {
  if (typeof value === "symbol") return value === ABOVE_ALL;
  return isOpen ? key < value : key <= value;
}

/** What is not below the range, and not above it. */
function between(
  isBelow: (entry: ScoredEntry) => boolean,
  isNotAbove: (entry: ScoredEntry) => boolean,
): Range {
  return (set) => {
    const [start, end] = [set.countBefore(isBelow), set.countBefore(isNotAbove)];
    return start < end ? [start, end] : [0, 0];
  };
}
