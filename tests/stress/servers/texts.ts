/**
 * Values as texts that are equal when the values are.
 *
 * @module
 */

/** A value as text: members of objects in the order of their names, bigints with an `n`. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (typeof member === "bigint") return `${member}n`;
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(
      Object.entries(member).toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
    );
  }) ?? "undefined";
}
