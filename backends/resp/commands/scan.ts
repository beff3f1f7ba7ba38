/**
 * Reading keys, fields and members in parts.
 *
 * @module
 */

import { glob } from "../../../lib/base/glob.ts";
import type { ScanPart } from "../../store/entry_table.ts";
import { MAX_PATTERN_LENGTH } from "../../../lib/base/glob_automaton.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";

const CURSOR = /^(?:[+-]?\d{1,20})?$/;
const DEFAULT_COUNT = 10;
/** Packed collections of Redis have one part. */
const SMALL = 512;

/** A pattern that is ready to match, or throws. */
export function globOf(pattern: string): (text: string) => boolean {
  if (pattern.length <= MAX_PATTERN_LENGTH || !/[?[\\]/.test(pattern)) return glob(pattern);
  throw err(`a pattern with ?, [ or \\ has at most ${MAX_PATTERN_LENGTH} bytes`);
}

/** What the commands are given after the cursor. */
export interface ScanOptions {
  readonly count: number;
  readonly matches: (text: string) => boolean;
  /** Kind of value, for `SCAN`. */
  readonly type: string | undefined;
  /** Without values, for `HSCAN`. */
  readonly isKeysOnly: boolean;
}

/** The cursor in a word, or throws. */
export function cursorOf(text: string): number {
  // Redis reads a negative number as a very large one, beyond all entries.
  if (CURSOR.test(text)) return Number(text) < 0 ? Infinity : Number(text);
  throw err("invalid cursor");
}

/** The options in words. */
export function scanOptions(words: readonly string[], isOfKeys = false): ScanOptions {
  const options = { count: DEFAULT_COUNT, matches: (_: string) => true, isKeysOnly: false };
  let type: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    const hasValue = i + 1 < words.length;
    if (name === "COUNT" && hasValue) {
      options.count = toInteger(words[++i]);
      if (options.count < 1) throw SYNTAX_ERROR;
    } else if (name === "MATCH" && hasValue) options.matches = globOf(words[++i]);
    else if (name === "TYPE" && hasValue && isOfKeys) type = words[++i].toLowerCase();
    else if (name === "NOVALUES" && !isOfKeys) options.isKeysOnly = true;
    else throw SYNTAX_ERROR;
  }
  return { ...options, type };
}

/** `SCAN` */
export function scan({ db }: Client, [cursor, ...rest]: readonly string[]): Reply {
  const from = cursorOf(cursor);
  const { count, matches, type } = scanOptions(rest, true);
  const part = db.scan(from, count);
  const found = part.entries.filter(({ key, kind }) =>
    matches(key) && (type === undefined || kind === type)
  );
  return [String(part.cursor), found.map(({ key }) => key)];
}

/** A part of a collection with a number of entries: all of it if it is small. */
export function partOf<T>(
  table: { readonly size: number; scan(cursor: number, count: number): ScanPart<T> },
  cursor: number,
  { count }: ScanOptions,
): ScanPart<T> {
  return table.size <= SMALL ? table.scan(0, SMALL) : table.scan(cursor, count);
}
