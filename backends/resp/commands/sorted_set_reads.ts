/**
 * Commands that read, store, count or remove a range of a sorted set.
 *
 * @module
 */

import type { ScoredEntry } from "../../store/ranked_list.ts";
import { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, type Handler, ONE_KEY, row, TWO_KEYS } from "../engine/command.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { membersReply } from "./scores.ts";
import { type Range, rangeOf, type RangeType } from "./sorted_set_ranges.ts";
import { storeSortedSet } from "./sorted_set_store.ts";

/** Rows of the table. */
export const SORTED_SET_READ_ROWS: readonly CommandRow[] = [
  row(
    "zcount",
    4,
    "readonly fast",
    ONE_KEY,
    "2.0.0",
    "The number of members with scores in a range.",
    count("score"),
  ),
  row(
    "zlexcount",
    4,
    "readonly fast",
    ONE_KEY,
    "2.8.9",
    "The number of members in a range by their bytes.",
    count("member"),
  ),
  row("zrange", -4, "readonly", ONE_KEY, "1.2.0", "The members in a range.", read({})),
  row(
    "zrangebylex",
    -4,
    "readonly",
    ONE_KEY,
    "2.8.9",
    "The members in a range by their bytes.",
    read({ type: "member", isReverse: false }),
  ),
  row(
    "zrangebyscore",
    -4,
    "readonly",
    ONE_KEY,
    "1.0.5",
    "The members with scores in a range.",
    read({ type: "score", isReverse: false }),
  ),
  row(
    "zrangestore",
    -5,
    "write denyoom",
    TWO_KEYS,
    "6.2.0",
    "Stores the members in a range.",
    zrangestore,
  ),
  row(
    "zremrangebylex",
    4,
    "write",
    ONE_KEY,
    "2.8.9",
    "Removes the members in a range by their bytes.",
    remove("member", "zremrangebylex"),
  ),
  row(
    "zremrangebyrank",
    4,
    "write",
    ONE_KEY,
    "2.0.0",
    "Removes the members in a range of ranks.",
    remove("rank", "zremrangebyrank"),
  ),
  row(
    "zremrangebyscore",
    4,
    "write",
    ONE_KEY,
    "1.2.0",
    "Removes the members with scores in a range.",
    remove("score", "zremrangebyscore"),
  ),
  row(
    "zrevrange",
    -4,
    "readonly",
    ONE_KEY,
    "1.2.0",
    "The members in a range of ranks, the last one first.",
    read({ type: "rank", isReverse: true }),
  ),
  row(
    "zrevrangebylex",
    -4,
    "readonly",
    ONE_KEY,
    "2.8.9",
    "The members in a range by their bytes, the last one first.",
    read({ type: "member", isReverse: true }),
  ),
  row(
    "zrevrangebyscore",
    -4,
    "readonly",
    ONE_KEY,
    "2.2.0",
    "The members with scores in a range, the last one first.",
    read({ type: "score", isReverse: true }),
  ),
];

/** What a command decides itself; the rest is up to its words. */
interface Preset {
  readonly type?: RangeType;
  readonly isReverse?: boolean;
  readonly isStore?: boolean;
}

/** What a command reads. */
interface Query {
  readonly range: Range;
  readonly isReverse: boolean;
  readonly hasScores: boolean;
  readonly offset: number;
  /** Most members; less than 0: all. */
  readonly limit: number;
}

/** Words that are read before it is known what they mean together. */
interface Options {
  type: RangeType | undefined;
  isReverse: boolean | undefined;
  hasScores: boolean;
  offset: number;
  limit: number;
}

function readOptions(words: readonly string[], preset: Preset): Options {
  const { type, isReverse, isStore = false } = preset;
  const options: Options = { type, isReverse, hasScores: false, offset: 0, limit: -1 };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    if (name === "WITHSCORES" && !isStore) options.hasScores = true;
    else if (name === "LIMIT" && i + 2 < words.length) {
      options.offset = toInteger(words[++i]);
      options.limit = toInteger(words[++i]);
    } else if (name === "REV" && options.isReverse === undefined) options.isReverse = true;
    else if (name === "BYLEX" && options.type === undefined) options.type = "member";
    else if (name === "BYSCORE" && options.type === undefined) options.type = "score";
    else throw SYNTAX_ERROR;
  }
  return options;
}

function queryOf([first, last, ...rest]: readonly string[], preset: Preset): Query {
  const options = readOptions(rest, preset);
  const { type = "rank", isReverse = false } = options;
  checkOptions(type, options);
  const isSwapped = isReverse && type !== "rank";
  const range = isSwapped ? rangeOf(type, last, first) : rangeOf(type, first, last, isReverse);
  // A range of ranks accepts a limit that has no effect.
  const offset = type === "rank" ? 0 : options.offset;
  return { ...options, range, isReverse, offset };
}

function checkOptions(type: RangeType, { limit, hasScores }: Options): void {
  if (limit !== -1 && type === "rank") {
    throw err(
      "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
    );
  }
  if (hasScores && type === "member") {
    throw err("syntax error, WITHSCORES not supported in combination with BYLEX");
  }
}

/** The members that a query is about. An offset less than 0 has none. */
function select(set: SortedSetValue, query: Query): ScoredEntry[] {
  const { range, isReverse, offset, limit } = query;
  const [start, end] = range(set);
  if (offset < 0) return [];
  const skipped = Math.min(offset, end - start);
  const count = Math.min(limit < 0 ? Infinity : limit, end - start - skipped);
  if (!isReverse) return set.slice(start + skipped, start + skipped + count);
  return set.slice(end - skipped - count, end - skipped).reverse();
}

function read(preset: Preset): Handler {
  return (client, [key, ...words]) => {
    const query = queryOf(words, preset);
    const set = client.db.get(key, "zset");
    return set === undefined ? [] : membersReply(client, select(set, query), query.hasScores);
  };
}

function zrangestore(client: Client, [to, from, ...words]: readonly string[]): Reply {
  const query = queryOf(words, { isStore: true });
  const set = client.db.get(from, "zset");
  const result = SortedSetValue.from(set === undefined ? [] : select(set, query));
  return storeSortedSet(client, to, result, "zrangestore");
}

function count(type: RangeType): Handler {
  return ({ db }, [key, min, max]) => {
    const range = rangeOf(type, min, max);
    const set = db.get(key, "zset");
    if (set === undefined) return 0;
    const [start, end] = range(set);
    return end - start;
  };
}

function remove(type: RangeType, event: string): Handler {
  return ({ db }, [key, min, max]) => {
    const range = rangeOf(type, min, max);
    const set = db.get(key, "zset");
    if (set === undefined) return 0;
    const entries = set.slice(...range(set));
    for (const entry of entries) set.delete(entry.key);
    if (entries.length > 0) db.changed(key, event);
    return entries.length;
  };
}
