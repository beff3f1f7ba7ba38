/**
 * How wide a text is on a terminal.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b\[\d+m/g;
const WITHOUT_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const DOUBLE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])$/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a text takes, without escape codes. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of withoutEscapes(text)) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return DOUBLE.test(character) ? 2 : 1;
}

function withoutEscapes(text: string): string {
  return text.replaceAll(ESCAPES, "");
}

/** A text of at most so many columns: a longer one ends with `…`, and loses its colours. */
export function shortened(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let room = width - 1;
  for (const character of withoutEscapes(text)) {
    room -= characterWidth(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}
