/**
 * Checks of arguments: numbers, durations, texts, and how many there are. Each throws with the name of
 * the argument and the offending value.
 *
 * @module
 */

import { pluralize } from "./pluralize.ts";
import { formatValue } from "./options.ts";

/** Most characters of an offending text that an error shows. */
const MAX_SHOWN_LENGTH = 80;

/**
 * A whole number within limits.
 *
 * @throws {RangeError} if it is not
 */
export function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (isWhole(value) && value >= min && value <= max) return value;
  const isOpenEnded = max === Number.MAX_SAFE_INTEGER && min > Number.MIN_SAFE_INTEGER;
  const range = isOpenEnded ? `, at least ${min}` : ` from ${min} to ${max}`;
  throw new RangeError(`${name} must be a whole number${range}, not ${formatValue(value)}`);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/**
 * Milliseconds of a duration in seconds, rounded.
 *
 * @throws {RangeError} if it is shorter than one millisecond or longer than `maxMs`
 */
export function checkSeconds(
  name: string,
  seconds: unknown,
  maxMs: number = Number.MAX_SAFE_INTEGER,
): number {
  const ms = typeof seconds === "number" ? Math.round(seconds * 1000) : NaN;
  if (ms >= 1 && ms <= maxMs) return ms;
  throw new RangeError(
    `${name} must be a number of seconds from 0.001 to ${maxMs / 1000}, not ${
      formatValue(seconds)
    }`,
  );
}

/** Longest time to live in seconds: 100 years. */
export const MAX_TTL_SECONDS = 3_155_760_000;

/** True for a time to live: a number of seconds, more than 0 and at most 100 years. */
export function isTtl(seconds: unknown): seconds is number {
  return typeof seconds === "number" && seconds > 0 && seconds <= MAX_TTL_SECONDS;
}

/** What a text may contain. */
export interface TextRules {
  /** Fewest UTF-16 code units. Default: 1. */
  readonly minLength?: number;
  /** Most UTF-16 code units. */
  readonly maxLength: number;
  /** Matches characters that are not allowed. */
  readonly forbidden: RegExp;
  /** Name of these characters, for the error. */
  readonly forbiddenName: string;
}

/**
 * A well-formed text within limits.
 *
 * @throws {TypeError} if it is not
 */
export function checkText(name: string, value: unknown, rules: TextRules): string {
  const problem = textProblem(name, value, rules);
  if (problem !== undefined) throw new TypeError(problem);
  return value as string;
}

/** What is wrong with a text, for an error of another class; undefined if it follows the rules. */
export function textProblem(
  name: string,
  value: unknown,
  { minLength = 1, maxLength, forbidden, forbiddenName }: TextRules,
): string | undefined {
  const isValid = typeof value === "string" && value.length >= minLength &&
    value.length <= maxLength && value.isWellFormed() && !forbidden.test(value);
  if (isValid) return undefined;
  return `${name} must be well-formed text of ${minLength} to ${maxLength} characters without ` +
    `${forbiddenName}, not ${shorten(value)}`;
}

/** Formats a value for an error message: of a long text only the beginning. */
export function shorten(value: unknown): string {
  if (typeof value !== "string" || value.length <= MAX_SHOWN_LENGTH) return formatValue(value);
  const shown = formatValue(value.slice(0, MAX_SHOWN_LENGTH));
  return `${shown} and ${pluralize(value.length - MAX_SHOWN_LENGTH, "more character")}`;
}

/**
 * Throws if a call got more arguments than it takes: they would be dropped without a word.
 *
 * @param instead what to call when the dropped argument was meant as options
 */
export function checkNoMore(
  call: string,
  args: ArrayLike<unknown>,
  count: number,
  instead?: string,
): void {
  for (let i = count; i < args.length; i++) {
    if (args[i] !== undefined) throw extraArgument(call, args[i], instead);
  }
}

/** The error of a call that got a further argument. */
export function extraArgument(call: string, value: unknown, instead?: string): TypeError {
  const remedy = instead === undefined ? "omit it" : `omit it, or call ${instead}`;
  return new TypeError(
    `${call} does not take the further argument ${shownArgument(value)}: ${remedy}`,
  );
}

function shownArgument(value: unknown): string {
  if (typeof value !== "object" || value === null) return shorten(value);
  const names = Object.keys(value);
  return names.length === 0 || Array.isArray(value)
    ? formatValue(value)
    : `{ ${names.join(", ")} }`;
}
