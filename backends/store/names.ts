/**
 * Checks of names, patterns and times to live.
 *
 * @module
 */

import { isTtl, textProblem, type TextRules } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { InvalidInputError } from "./errors.ts";
import { MAX_NAME_LENGTH, MAX_PATTERN_LENGTH } from "./limits.ts";

/** What names may contain: nothing in a name ends a line of text. */
const NAME_RULES: TextRules = {
  maxLength: MAX_NAME_LENGTH,
  // deno-lint-ignore no-control-regex
  forbidden: /[\u0000-\u001f\u007f]/,
  forbiddenName: "control characters",
};

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

/** Throws unless `ttlSeconds` is a number of seconds, more than 0. */
export function checkTtl(ttlSeconds: unknown): asserts ttlSeconds is number {
  if (isTtl(ttlSeconds)) return;
  throw new InvalidInputError(
    `a ttl must be a number of seconds, more than 0, not ${formatValue(ttlSeconds)}`,
  );
}
