/**
 * Commands of sorted sets.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import {
  commandGroup,
  type CommandRow,
  KEY_AND_LATER_PART,
  KEY_AND_PART,
  ONE_KEY,
  row,
} from "../engine/command.ts";
import { err, SYNTAX_ERROR, wrongArity } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { MAX_INT64, toInteger } from "./numbers.ts";
import { sample } from "./random.ts";
import { cursorOf, partOf, scanOptions } from "./scan.ts";
import { membersReply, scannedText, scoreOf, scoreReply } from "./scores.ts";
import { zadd, zincrby } from "./sorted_set_add.ts";
import { SORTED_SET_ALGEBRA_ROWS } from "./sorted_set_algebra.ts";
import { SORTED_SET_POP_ROWS } from "./sorted_set_pops.ts";
import { SORTED_SET_READ_ROWS } from "./sorted_set_reads.ts";

const ROWS: readonly CommandRow[] = [
  row(
    "zadd",
    -4,
    "write denyoom fast",
    KEY_AND_LATER_PART,
    "1.2.0",
    "Adds members, or changes their scores.",
    zadd,
  ),
  row("zcard", 2, "readonly fast", ONE_KEY, "1.2.0", "The number of members.", zcard),
  row(
    "zincrby",
    4,
    "write denyoom fast",
    KEY_AND_LATER_PART,
    "1.2.0",
    "Adds to the score of a member.",
    zincrby,
  ),
  row(
    "zmscore",
    -3,
    "readonly fast",
    KEY_AND_PART,
    "6.2.0",
    "The scores of several members.",
    zmscore,
  ),
  row("zrandmember", -2, "readonly", ONE_KEY, "6.2.0", "Members at random.", zrandmember),
  row(
    "zrank",
    -3,
    "readonly fast",
    ONE_KEY,
    "2.0.0",
    "How many members come before one.",
    (client, args) => rank(client, "zrank", args, (rank) => rank),
  ),
  row(
    "zrem",
    -3,
    "write fast",
    KEY_AND_PART,
    "1.2.0",
    "Removes members; returns their number.",
    zrem,
  ),
  row(
    "zrevrank",
    -3,
    "readonly fast",
    ONE_KEY,
    "2.0.0",
    "How many members come after one.",
    (client, args) => rank(client, "zrevrank", args, (rank, size) => size - 1 - rank),
  ),
  row("zscan", -3, "readonly", ONE_KEY, "2.8.0", "A part of the members with scores.", zscan),
  row("zscore", 3, "readonly fast", KEY_AND_PART, "1.2.0", "The score of a member.", zscore),
  ...SORTED_SET_ALGEBRA_ROWS,
  ...SORTED_SET_POP_ROWS,
  ...SORTED_SET_READ_ROWS,
];

/** Commands of sorted sets. */
export const SORTED_SET_COMMANDS = commandGroup("sorted-set", ROWS);

function zcard({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "zset")?.size ?? 0;
}

function zscore(client: Client, [key, member]: readonly string[]): Reply {
  return scoreReply(client, client.db.get(key, "zset")?.score(member));
}

function zmscore(client: Client, [key, ...members]: readonly string[]): Reply {
  const set = client.db.get(key, "zset");
  return members.map((member) => scoreReply(client, set?.score(member)));
}

function zrem({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.get(key, "zset");
  if (set === undefined) return 0;
  const removed = members.filter((member) => set.delete(member)).length;
  if (removed > 0) db.changed(key, "zrem");
  return removed;
}

function rank(
  client: Client,
  name: string,
  [key, member, option, ...rest]: readonly string[],
  place: (rank: number, size: number) => number,
): Reply {
  const hasScore = withScore(client, name, option, rest);
  const set = client.db.get(key, "zset");
  const found = set?.rank(member);
  if (found === undefined) return hasScore ? NULL_ARRAY : null;
  const result = place(found, set!.size);
  return hasScore ? [result, scoreOf(client, set!.score(member)!)] : result;
}

/** Redis has the option since 7.2. */
function withScore(
  { service }: Client,
  name: string,
  option: string | undefined,
  rest: readonly string[],
): boolean {
  if (option === undefined) return false;
  if (rest.length > 0 || !isSince("7.2.0", service.version)) throw wrongArity(name);
  if (option.toUpperCase() !== "WITHSCORE") throw SYNTAX_ERROR;
  return true;
}

function zrandmember(client: Client, [key, count, option, ...rest]: readonly string[]): Reply {
  const { db } = client;
  if (count === undefined) return db.get(key, "zset")?.members.random().key ?? null;
  const wanted = toInteger(count);
  const hasScores = option?.toUpperCase() === "WITHSCORES";
  if (rest.length > 0 || option !== undefined && !hasScores) throw SYNTAX_ERROR;
  if (Math.abs(wanted) > Number(MAX_INT64) / (hasScores ? 2 : 1)) {
    throw err("value is out of range");
  }
  const set = db.get(key, "zset");
  return set === undefined ? [] : membersReply(client, sample(set.members, wanted), hasScores);
}

function zscan(client: Client, [key, cursor, ...rest]: readonly string[]): Reply {
  const from = cursorOf(cursor);
  const set = client.db.get(key, "zset");
  if (set === undefined) return ["0", []];
  const options = scanOptions(rest);
  if (options.isKeysOnly) throw SYNTAX_ERROR;
  const part = partOf(set.members, from, options);
  const found = part.entries.filter((entry) => options.matches(entry.key));
  const isPacked = set.encoding === "listpack";
  const texts = found.flatMap(({ key, score }) => [key, scannedText(client, score, isPacked)]);
  return [String(part.cursor), texts];
}
