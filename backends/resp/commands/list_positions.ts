/**
 * `LPOS`: where elements of a list are.
 *
 * @module
 */

import type { ListValue } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { MIN_INT64, toInteger } from "./numbers.ts";
import { toCount } from "./ranges.ts";

const RANK_IS_ZERO = err(
  "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to " +
    "start from the end of the list",
);

const LEAST = String(MIN_INT64);

/** What the command is given after the element. */
interface PositionOptions {
  /** The match to begin with; less than 0: from the end. */
  rank: number;
  /** Most matches, of which 0 stands for all; undefined: one, and no array. */
  count: number | undefined;
  /** Most elements that are compared, of which 0 stands for all. */
  maxLength: number;
}

/** `LPOS` */
export function lpos({ db }: Client, [key, element, ...rest]: readonly string[]): Reply {
  const options = positionOptions(rest);
  const list = db.get(key, "list");
  const found = list === undefined ? [] : positions(list, element, options);
  return options.count === undefined ? found[0] ?? null : found;
}

function positionOptions(words: readonly string[]): PositionOptions {
  const options: PositionOptions = { rank: 1, count: undefined, maxLength: 0 };
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    const name = value === undefined ? "" : words[i].toUpperCase();
    if (name === "RANK") options.rank = rankOf(value);
    else if (name === "COUNT") options.count = toCount(value, err("COUNT can't be negative"));
    else if (name === "MAXLEN") options.maxLength = toCount(value, err("MAXLEN can't be negative"));
    else throw SYNTAX_ERROR;
  }
  return options;
}

function rankOf(text: string): number {
  const rank = toInteger(text);
  if (rank === 0) throw RANK_IS_ZERO;
  // This number has no opposite of 64 bits: Redis 7.0 takes the first match from the end.
  return text === LEAST ? -1 : rank;
}

function positions(list: ListValue, element: string, options: PositionOptions): number[] {
  const { rank, count = 1, maxLength } = options;
  const most = count === 0 ? Infinity : count;
  const compared = Math.min(list.size, maxLength === 0 ? Infinity : maxLength);
  const found: number[] = [];
  let matches = 0;
  for (let i = 0; i < compared && found.length < most; i++) {
    const index = rank > 0 ? i : list.size - 1 - i;
    if (list.at(index) === element && ++matches >= Math.abs(rank)) found.push(index);
  }
  return found;
}
