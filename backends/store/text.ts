/**
 * Strings in the store: their size, and copies that do not keep other memory alive.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const TWO_BYTES = /[^\u0000-\u00ff]/;

/** The engine copies shorter slices. */
const MIN_SLICE = 13;

/** Bytes of a string in memory. */
export function textBytes(text: string): number {
  return TWO_BYTES.test(text) ? text.length * 2 : text.length;
}

/**
 * A copy of a string. A slice keeps its whole string in memory: a short name would keep the request that
 * it was read from.
 */
export function detached(text: string): string {
  if (text.length < MIN_SLICE) return text;
  // Joining makes a text of its own: a slice of another copy would be found and compared in more time.
  return [text.slice(0, 1), text.slice(1)].join("");
}
