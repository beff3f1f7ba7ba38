/**
 * Names of topics, channels, namespaces and patterns, and times to live.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import { InvalidInputError } from "./errors.ts";
import { MAX_NAME_LENGTH } from "./limits.ts";

// A name stands in lines of text: nothing in it may end one.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Throws unless `name` can be the name of a `what`, such as a topic. */
export function checkName(
  what: string,
  name: unknown,
  maxLength: number = MAX_NAME_LENGTH,
): asserts name is string {
  if (typeof name !== "string") {
    throw new InvalidInputError(`a ${what} must be a string, not ${formatValue(name)}`);
  }
  if (name.length === 0 || name.length > maxLength) {
    throw new InvalidInputError(
      `a ${what} has 1 to ${maxLength} characters, not ${name.length}`,
    );
  }
  if (CONTROL.test(name) || !name.isWellFormed()) {
    throw new InvalidInputError(
      `a ${what} has neither control characters nor lone surrogates; ${formatValue(name)} has`,
    );
  }
}

/** Throws unless it is a time to live: seconds, more than 0. */
export function checkTtl(ttlSeconds: unknown): asserts ttlSeconds is number {
  if (typeof ttlSeconds === "number" && ttlSeconds > 0 && Number.isFinite(ttlSeconds)) return;
  throw new InvalidInputError(
    `a ttl must be a number of seconds, more than 0, not ${formatValue(ttlSeconds)}`,
  );
}
