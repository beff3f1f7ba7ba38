/**
 * Strings as the store keeps them.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const TWO_BYTES = /[^\u0000-\u00ff]/;

/** Bytes that a string takes in memory. */
export function textBytes(text: string): number {
  return TWO_BYTES.test(text) ? text.length * 2 : text.length;
}

/**
 * A copy to keep. A slice of a string holds all of that string in memory: a short name the whole request
 * that it was read from.
 */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
