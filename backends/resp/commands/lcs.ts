/**
 * `LCS`: the longest common subsequence of two strings.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { ErrorReply, MapReply, type Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { stringOf } from "./values.ts";

/** Most cells of the table that the search needs. */
const MAX_CELLS = 2 ** 24;

interface LcsOptions {
  isLength: boolean;
  hasRanges: boolean;
  hasLengths: boolean;
  minLength: number;
}

/** A range that the strings share. */
interface Match {
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
}

/** The command. */
export function lcs(client: Client, [first, second, ...rest]: readonly string[]): Reply {
  const [a, b] = [first, second].map((key) => textOf(client, key));
  const options = lcsOptions(rest);
  const table = lengths(a, b);
  const length = table[table.length - 1];
  if (options.isLength) return length;
  const { text, matches } = trace(a, b, table);
  if (!options.hasRanges) return text;
  const shown = matches.filter(({ a: [from, to] }) => to - from + 1 >= options.minLength);
  const rows = shown.map((
    { a, b },
  ) => [[...a], [...b], ...options.hasLengths ? [a[1] - a[0] + 1] : []]);
  return new MapReply(["matches", rows, "len", length]);
}

function textOf(client: Client, key: string): string {
  const kind = client.db.find(key)?.kind;
  if (kind !== undefined && kind !== "string") {
    throw new ErrorReply("ERR The specified keys must contain string values");
  }
  return stringOf(client, key) ?? "";
}

function lcsOptions(rest: readonly string[]): LcsOptions {
  const options = { isLength: false, hasRanges: false, hasLengths: false, minLength: 0 };
  for (let i = 0; i < rest.length; i++) {
    const name = rest[i].toUpperCase();
    if (name === "IDX") options.hasRanges = true;
    else if (name === "LEN") options.isLength = true;
    else if (name === "WITHMATCHLEN") options.hasLengths = true;
    else if (name === "MINMATCHLEN" && i + 1 < rest.length) {
      options.minLength = Math.max(0, toInteger(rest[++i]));
    } else throw SYNTAX_ERROR;
  }
  if (options.hasRanges && options.isLength) {
    throw err("If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

/** The length for each pair of prefixes, in rows for the prefixes of the first string. */
function lengths(a: string, b: string): Uint32Array {
  const width = b.length + 1;
  if ((a.length + 1) * width > MAX_CELLS) {
    throw err("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const at = i * width + j;
      table[at] = a[i - 1] === b[j - 1]
        ? table[at - width - 1] + 1
        : Math.max(table[at - width], table[at - 1]);
    }
  }
  return table;
}

/** Goes back from the end. Ranges are found in this order. */
function trace(a: string, b: string, table: Uint32Array): { text: string; matches: Match[] } {
  const width = b.length + 1;
  const matches: Match[] = [];
  let text = "";
  let range: { a: [number, number]; b: [number, number] } | undefined;
  for (let i = a.length, j = b.length; i > 0 && j > 0;) {
    if (a[i - 1] === b[j - 1]) {
      text = a[i - 1] + text;
      if (range !== undefined && range.a[0] === i && range.b[0] === j) {
        range.a[0]--;
        range.b[0]--;
      } else {
        if (range !== undefined) matches.push(range);
        range = { a: [i - 1, i - 1], b: [j - 1, j - 1] };
      }
      i--;
      j--;
    } else if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  if (range !== undefined) matches.push(range);
  return { text, matches };
}
