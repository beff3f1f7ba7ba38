/**
 * Describing whatever was thrown. A program may throw any value: one whose getters throw, a revoked
 * proxy, an object without a prototype. Nothing here throws.
 *
 * @module
 */

const INDESCRIBABLE = "a value that cannot be described";

/** The message of an error, or the text of another value that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return textOf(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return INDESCRIBABLE;
  }
}

/** The same on one line. */
export function singleLineMessage(thrown: unknown): string {
  return messageOf(thrown).replace(/\s*\n\s*/g, " ");
}

function textOf(value: unknown): string {
  if (value !== null && typeof value === "object") return JSON.stringify(value) ?? INDESCRIBABLE;
  return value === undefined ? "" : String(value);
}

/** The name of an error's class; `"Error"` for other values. */
export function nameOf(thrown: unknown): string {
  try {
    const name: unknown = thrown instanceof Error ? thrown.name : undefined;
    return typeof name === "string" && name !== "" ? name : "Error";
  } catch {
    return "Error";
  }
}
