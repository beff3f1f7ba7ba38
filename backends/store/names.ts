/**
 * Checks of names, patterns and times to live.
 *
 * @module
 */

import { MAX_TTL_SECONDS, textProblem, type TextRules } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { InvalidInputError } from "./errors.ts";
import { MAX_PATTERN_LENGTH } from "../../lib/base/glob_automaton.ts";
import { MAX_NAME_LENGTH } from "./limits.ts";

/** What names may contain: nothing in a name ends a line of text. The Python clients use empty ones. */
const NAME_RULES: TextRules = {
  minLength: 0,
  maxLength: MAX_NAME_LENGTH,
  // deno-lint-ignore no-control-regex
  forbidden: /[\u0000-\u001f\u007f]/,
  forbiddenName: "control characters",
};

/** What names may contain that are not to be empty. */
export const GIVEN_NAME_RULES: TextRules = { ...NAME_RULES, minLength: 1 };
/** What patterns may contain. */
export const PATTERN_RULES: TextRules = { ...NAME_RULES, maxLength: MAX_PATTERN_LENGTH };

/**
 * Checks a name.
 *
 * @param what the kind of name, such as `"topic"`
 * @throws {InvalidInputError} if it is not a valid name
 */
export function checkName(
  what: string,
  name: unknown,
  rules: TextRules = NAME_RULES,
): asserts name is string {
  const problem = textProblem(`a ${what}`, name, rules);
  if (problem !== undefined) throw new InvalidInputError(problem);
}

/** Throws unless `ttlSeconds` is a number of seconds that a client may give. */
export function checkTtl(ttlSeconds: unknown): asserts ttlSeconds is number {
  checkFinite(ttlSeconds);
  if (Math.abs(ttlSeconds) <= MAX_TTL_SECONDS) return;
  throw new InvalidInputError(
    `a ttl must be at most ${MAX_TTL_SECONDS} seconds, which are 100 years, not ${ttlSeconds}`,
  );
}

function checkFinite(ttlSeconds: unknown): asserts ttlSeconds is number {
  if (typeof ttlSeconds === "number" && Number.isFinite(ttlSeconds)) return;
  throw new InvalidInputError(
    `a ttl must be a finite number of seconds, not ${formatValue(ttlSeconds)}`,
  );
}

/**
 * The lifetime that a time to live of the protocol stands for: as for the Python systems, 0 is no time
 * to live, and less than 0 has passed already.
 *
 * @returns seconds, at least 0; undefined: it never expires
 * @throws {InvalidInputError} if it is not a finite number
 */
export function lifetimeOf(ttlSeconds: unknown): number | undefined {
  if (ttlSeconds === undefined || ttlSeconds === null || ttlSeconds === 0) return undefined;
  // Not its limit: the replicas in shared memory add it to a clock at 0.
  checkFinite(ttlSeconds);
  return Math.max(ttlSeconds, 0);
}
