/**
 * Sentences in lines of a width.
 *
 * @module
 */

import { textWidth } from "./listing/text_width.ts";

/** Narrower lines would have a word or two. */
const LEAST_WIDTH = 20;

/** Wraps a text at its spaces. Line ends in it are spaces, too. A word that is too long has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const most = Math.max(LEAST_WIDTH, width);
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= most) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** Wraps a text, and indents its lines. */
export function indented(text: string, indent: number, width: number): string[] {
  return wrapped(text, width - indent).map((line) => " ".repeat(indent) + line);
}

/** Pairs in two columns; the right one is wrapped, below the left one if there is little room beside it. */
export function pairLines(pairs: readonly (readonly string[])[], width: number): string[] {
  const left = Math.max(...pairs.map(([name]) => textWidth(name))) + 4;
  const isBeside = width - left >= 2 * LEAST_WIDTH;
  return pairs.flatMap(([name, text]) => {
    if (!isBeside) return [`  ${name}`, ...indented(text, 8, width)];
    const [first, ...others] = wrapped(text, width - left);
    return [
      `  ${name}`.padEnd(left) + first,
      ...others.map((line) => " ".repeat(left) + line),
    ];
  });
}
