/**
 * Commands of sets.
 *
 * @module
 */

import { SetValue } from "../../store/set_value.ts";
import { byteStringOf } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import {
  ALL_KEYS,
  commandGroup,
  countedKeys,
  KEY_AND_PART,
  ONE_KEY,
  row,
  TWO_KEYS,
} from "../engine/command.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { type Reply, SetReply } from "../protocol/reply.ts";
import { MAX_INT64, toInteger } from "./numbers.ts";
import { sample } from "./random.ts";
import { cursorOf, partOf, scanOptions } from "./scan.ts";
import { combined, storeSet, textsOf } from "./set_algebra.ts";

/** Commands of sets. */
export const SET_COMMANDS = commandGroup("set", [
  row(
    "sadd",
    -3,
    "write denyoom fast",
    KEY_AND_PART,
    "1.0.0",
    "Adds members; returns the number of new ones.",
    sadd,
  ),
  row("scard", 2, "readonly fast", ONE_KEY, "1.0.0", "The number of members.", scard),
  row(
    "sdiff",
    -2,
    "readonly",
    ALL_KEYS,
    "1.0.0",
    "The members of the first set that the others lack.",
    (c, keys) => combine(c, keys, "diff"),
  ),
  row(
    "sdiffstore",
    -3,
    "write denyoom",
    ALL_KEYS,
    "1.0.0",
    "Stores that difference.",
    (c, args) => store(c, args, "diff"),
  ),
  row(
    "sinter",
    -2,
    "readonly",
    ALL_KEYS,
    "1.0.0",
    "The members that all sets have.",
    (c, keys) => combine(c, keys, "inter"),
  ),
  row(
    "sintercard",
    -3,
    "readonly movablekeys",
    countedKeys(1),
    "7.0.0",
    "How many members all sets have.",
    sintercard,
  ),
  row(
    "sinterstore",
    -3,
    "write denyoom",
    ALL_KEYS,
    "1.0.0",
    "Stores the members that all sets have.",
    (c, args) => store(c, args, "inter"),
  ),
  row(
    "sismember",
    3,
    "readonly fast",
    KEY_AND_PART,
    "1.0.0",
    "Whether something is a member.",
    sismember,
  ),
  row("smembers", 2, "readonly", ONE_KEY, "1.0.0", "All members.", smembers),
  row(
    "smismember",
    -3,
    "readonly fast",
    KEY_AND_PART,
    "6.2.0",
    "Which of several are members.",
    smismember,
  ),
  row("smove", 4, "write fast", TWO_KEYS, "1.0.0", "Moves a member to another set.", smove),
  row("spop", -2, "write fast", ONE_KEY, "1.0.0", "Removes and returns members at random.", spop),
  row("srandmember", -2, "readonly", ONE_KEY, "1.0.0", "Members at random.", srandmember),
  row(
    "srem",
    -3,
    "write fast",
    KEY_AND_PART,
    "1.0.0",
    "Removes members; returns their number.",
    srem,
  ),
  row("sscan", -3, "readonly", ONE_KEY, "2.8.0", "A part of the members.", sscan),
  row(
    "sunion",
    -2,
    "readonly",
    ALL_KEYS,
    "1.0.0",
    "The members that any of the sets has.",
    (c, keys) => combine(c, keys, "union"),
  ),
  row(
    "sunionstore",
    -3,
    "write denyoom",
    ALL_KEYS,
    "1.0.0",
    "Stores the members that any of the sets has.",
    (c, args) => store(c, args, "union"),
  ),
]);

function sadd({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.collection(key, "set", () => new SetValue());
  const added = members.filter((member) => set.add(member)).length;
  if (added > 0) db.changed(key, "sadd");
  return added;
}

function srem({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.get(key, "set");
  if (set === undefined) return 0;
  const removed = members.filter((member) => set.delete(member)).length;
  if (removed > 0) db.changed(key, "srem");
  return removed;
}

function scard({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "set")?.members.size ?? 0;
}

function sismember({ db }: Client, [key, member]: readonly string[]): Reply {
  return Number(db.get(key, "set")?.has(member) ?? false);
}

function smismember({ db }: Client, [key, ...members]: readonly string[]): Reply {
  const set = db.get(key, "set");
  return members.map((member) => Number(set?.has(member) ?? false));
}

function smembers({ db }: Client, [key]: readonly string[]): Reply {
  return new SetReply(textsOf(db.get(key, "set")));
}

function smove({ db }: Client, [from, to, member]: readonly string[]): Reply {
  if (db.find(from) === undefined) return 0;
  const [source, target] = [db.get(from, "set")!, db.get(to, "set")];
  if (source === target) return Number(source.has(member));
  if (!source.delete(member)) return 0;
  db.changed(from, "srem");
  if (db.collection(to, "set", () => new SetValue()).add(member)) db.changed(to, "sadd");
  return 1;
}

function spop({ db }: Client, [key, count, ...more]: readonly string[]): Reply {
  if (more.length > 0) throw SYNTAX_ERROR;
  const wanted = count === undefined
    ? 1
    : toInteger(count, err("value is out of range, must be positive"));
  if (wanted < 0) throw err("value is out of range, must be positive");
  const set = db.get(key, "set");
  if (set === undefined) return count === undefined ? null : new SetReply([]);
  const taken = sample(set.members, wanted).map(({ value }) => value);
  for (const value of taken) set.delete(value);
  if (taken.length > 0) db.changed(key, "spop");
  const texts = taken.map(byteStringOf);
  return count === undefined ? texts[0] : new SetReply(texts);
}

function srandmember({ db }: Client, [key, count, ...more]: readonly string[]): Reply {
  if (more.length > 0) throw SYNTAX_ERROR;
  const wanted = count === undefined ? 1 : toInteger(count);
  if (Math.abs(wanted) > Number(MAX_INT64)) throw err("value is out of range");
  const set = db.get(key, "set");
  if (set === undefined) return count === undefined ? null : [];
  const texts = sample(set.members, wanted).map(({ value }) => byteStringOf(value));
  return count === undefined ? texts[0] : texts;
}

function sscan({ db }: Client, [key, cursor, ...rest]: readonly string[]): Reply {
  const from = cursorOf(cursor);
  const set = db.get(key, "set");
  if (set === undefined) return ["0", []];
  const options = scanOptions(rest);
  if (options.isKeysOnly) throw SYNTAX_ERROR;
  const part = partOf(set.members, from, options);
  const texts = part.entries.map(({ value }) => byteStringOf(value));
  return [String(part.cursor), texts.filter(options.matches)];
}

function combine(
  client: Client,
  keys: readonly string[],
  operation: "diff" | "inter" | "union",
): Reply {
  return new SetReply(combined(client, keys, operation).map(byteStringOf));
}

function store(
  client: Client,
  [target, ...keys]: readonly string[],
  operation: "diff" | "inter" | "union",
): Reply {
  return storeSet(client, target, combined(client, keys, operation), `s${operation}store`);
}

function sintercard(client: Client, [count, ...rest]: readonly string[]): Reply {
  const number = toInteger(count, err("numkeys should be greater than 0"));
  if (number < 1) throw err("numkeys should be greater than 0");
  if (number > rest.length) throw err("Number of keys can't be greater than number of args");
  const limit = cardLimit(rest.slice(number));
  const { length } = combined(client, rest.slice(0, number), "inter");
  return limit === 0 ? length : Math.min(length, limit);
}

/** The number after `LIMIT`. */
export function cardLimit(words: readonly string[]): number {
  let limit = 0;
  for (let i = 0; i < words.length; i++) {
    if (words[i].toUpperCase() !== "LIMIT" || i + 1 >= words.length) throw SYNTAX_ERROR;
    limit = toInteger(words[++i], err("LIMIT can't be negative"));
    if (limit < 0) throw err("LIMIT can't be negative");
  }
  return limit;
}
