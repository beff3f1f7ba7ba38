/**
 * The words of commands that remove parts of the first key that has some: `LMPOP`, `ZMPOP`.
 *
 * @module
 */

import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { toIntegerFrom } from "./ranges.ts";

/** What such a command is given. */
export interface ManyPops<End> {
  readonly keys: readonly string[];
  /** Where it removes them. */
  readonly where: End;
  /** Most parts that it removes. */
  readonly count: number;
}

/** Reads the words from the number of keys on. */
export function manyPops<End>(
  [number, ...words]: readonly string[],
  toEnd: (word: string) => End,
): ManyPops<End> {
  const keyCount = toIntegerFrom(1, number, err("numkeys should be greater than 0"));
  if (keyCount >= words.length) throw SYNTAX_ERROR;
  const [end, ...options] = words.slice(keyCount);
  const where = toEnd(end);
  return { keys: words.slice(0, keyCount), where, count: countOf(options) };
}

function countOf(options: readonly string[]): number {
  if (options.length === 0) return 1;
  if (options[0].toUpperCase() !== "COUNT" || options.length === 1) throw SYNTAX_ERROR;
  const count = toIntegerFrom(1, options[1], err("count should be greater than 0"));
  if (options.length > 2) throw SYNTAX_ERROR;
  return count;
}
