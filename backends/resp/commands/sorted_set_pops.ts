/**
 * Commands that remove the first or the last members of sorted sets, and wait for some if there are none.
 *
 * @module
 */

import type { ScoredEntry } from "../../store/ranked_list.ts";
import type { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";
import { ALL_BUT_LAST, type CommandRow, countedKeys, ONE_KEY, row } from "../engine/command.ts";
import { SYNTAX_ERROR } from "../engine/errors.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { awaited } from "./awaited.ts";
import { type ManyPops, manyPops } from "./many_pops.ts";
import { toCount } from "./ranges.ts";
import { flatReply, membersReply, pairsReply } from "./scores.ts";
import { toTimeoutMs } from "./timeouts.ts";

/** Rows of the table. */
export const SORTED_SET_POP_ROWS: readonly CommandRow[] = [
  row(
    "bzmpop",
    -5,
    "write blocking movablekeys",
    countedKeys(2),
    "7.0.0",
    "Removes members of the first sorted set that has some, or waits.",
    bzmpop,
  ),
  row(
    "bzpopmax",
    -3,
    "write noscript blocking fast",
    ALL_BUT_LAST,
    "5.0.0",
    "Removes the last member of the first sorted set that has one, or waits.",
    (client, args) => blockingPop(client, args, "max"),
  ),
  row(
    "bzpopmin",
    -3,
    "write noscript blocking fast",
    ALL_BUT_LAST,
    "5.0.0",
    "Removes the first member of the first sorted set that has one, or waits.",
    (client, args) => blockingPop(client, args, "min"),
  ),
  row(
    "zmpop",
    -4,
    "write movablekeys",
    countedKeys(1),
    "7.0.0",
    "Removes members of the first sorted set that has some.",
    (client, args) => popMany(client, manyPops(args, toSide)) ?? NULL_ARRAY,
  ),
  row(
    "zpopmax",
    -2,
    "write fast",
    ONE_KEY,
    "5.0.0",
    "Removes the members with the highest scores.",
    (client, args) => pop(client, args, "max"),
  ),
  row(
    "zpopmin",
    -2,
    "write fast",
    ONE_KEY,
    "5.0.0",
    "Removes the members with the lowest scores.",
    (client, args) => pop(client, args, "min"),
  ),
];

type Side = "min" | "max";

function toSide(word: string): Side {
  const name = word.toLowerCase();
  if (name === "min" || name === "max") return name;
  throw SYNTAX_ERROR;
}

/** Removes members of the sorted set of a key, the outermost one first. */
function take(
  { db }: Client,
  key: string,
  set: SortedSetValue,
  side: Side,
  count: number,
): ScoredEntry[] {
  const most = Math.min(count, set.size);
  const entries = side === "min"
    ? set.slice(0, most)
    : set.slice(set.size - most, set.size).reverse();
  for (const entry of entries) set.delete(entry.key);
  db.changed(key, side === "min" ? "zpopmin" : "zpopmax");
  return entries;
}

function pop(client: Client, [key, count, ...rest]: readonly string[], side: Side): Reply {
  if (rest.length > 0) throw SYNTAX_ERROR;
  const most = count === undefined ? 1 : toCount(count);
  const set = client.db.get(key, "zset");
  if (set === undefined || most === 0) return [];
  const entries = take(client, key, set, side, most);
  return count === undefined ? flatReply(client, entries) : membersReply(client, entries, true);
}

function blockingPop(client: Client, args: readonly string[], side: Side): Reply {
  const keys = args.slice(0, -1);
  const timeoutMs = toTimeoutMs(client, args.at(-1)!);
  for (const key of keys) {
    const set = awaited(client, key, "zset");
    if (set !== undefined) return [key, ...flatReply(client, take(client, key, set, side, 1))];
  }
  return client.block({ keys, timeoutMs, onTimeout: NULL_ARRAY });
}

/** Members of the first sorted set that has some; undefined if there is none. */
function popMany(client: Client, { keys, where, count }: ManyPops<Side>): Reply | undefined {
  for (const key of keys) {
    const set = awaited(client, key, "zset");
    if (set !== undefined) return [key, pairsReply(client, take(client, key, set, where, count))];
  }
  return undefined;
}

function bzmpop(client: Client, [timeout, ...rest]: readonly string[]): Reply {
  const call = manyPops(rest, toSide);
  const timeoutMs = toTimeoutMs(client, timeout);
  return popMany(client, call) ??
    client.block({ keys: call.keys, timeoutMs, onTimeout: NULL_ARRAY });
}
