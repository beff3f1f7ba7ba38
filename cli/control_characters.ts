/**
 * Characters that a terminal obeys or that change the order of a text. Labels, topics, keys, values and errors come from
 * other programs. What is shown of them is the escape of JSON, so that JSON stays the same value.
 *
 * @module
 */

/** Control characters except tabs and ends of lines, marks of direction, and separators of lines. */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** The same, without the codes of the styles of this program. */
const BESIDE_STYLES = new RegExp(`(?!\\x1b\\[\\d+m)${CONTROLS.source}`, "g");

/** A text without control characters. */
export function escapeControls(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/** A text without control characters, except those of its styles. */
export function escapeBesideStyles(text: string): string {
  return text.replaceAll(BESIDE_STYLES, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
