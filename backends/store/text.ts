/**
 * Strings in the store: their size, and copies that do not keep other memory alive.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const TWO_BYTES = /[^\u0000-\u00ff]/;

/** Bytes of a string in memory. */
export function textBytes(text: string): number {
  return TWO_BYTES.test(text) ? text.length * 2 : text.length;
}

/**
 * A copy of a string. A slice keeps its whole string in memory: a short name would keep the request that
 * it was read from.
 */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
