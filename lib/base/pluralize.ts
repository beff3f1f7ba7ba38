/**
 * "1 message", "2 messages".
 *
 * @module
 */

/** A count with its noun. */
export function pluralize(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
