/**
 * The sign that nothing is there, where every value of the language is a value that users send.
 *
 * @module
 */

/** Nothing: neither a message nor a value. No user's value equals it. */
export const NONE: unique symbol = Symbol("ringbus none");

/** The type of `NONE`. */
export type None = typeof NONE;

/** Turns the sign into the `undefined` that the public API returns. */
export function orUndefined<T>(value: T | None): T | undefined {
  return value === NONE ? undefined : value;
}
