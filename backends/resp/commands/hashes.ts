/**
 * Commands of hashes.
 *
 * @module
 */

import { HashValue } from "../../store/hash_value.ts";
import { byteStringOf } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { commandGroup, type CommandRow, KEY_AND_PART, ONE_KEY, row } from "../engine/command.ts";
import { err, NOT_A_FLOAT, OVERFLOW, SYNTAX_ERROR, wrongArity } from "../engine/errors.ts";
import { MapReply, OK, type Reply } from "../protocol/reply.ts";
import { HASH_EXPIRY_ROWS } from "./hash_expiry.ts";
import { isInfinite, longDoubleOf, longDoubleSum } from "./long_double.ts";
import { MAX_INT64, MIN_INT64, parseInt64, toInt64, toInteger } from "./numbers.ts";
import { sample } from "./random.ts";
import { cursorOf, partOf, scanOptions } from "./scan.ts";

const ROWS: readonly CommandRow[] = [
  row(
    "hdel",
    -3,
    "write fast",
    KEY_AND_PART,
    "2.0.0",
    "Deletes fields; returns their number.",
    hdel,
  ),
  row("hexists", 3, "readonly fast", KEY_AND_PART, "2.0.0", "Whether a field exists.", hexists),
  row("hget", 3, "readonly fast", KEY_AND_PART, "2.0.0", "The value of a field.", hget),
  row("hgetall", 2, "readonly", ONE_KEY, "2.0.0", "All fields with their values.", hgetall),
  row(
    "hincrby",
    4,
    "write denyoom fast",
    KEY_AND_PART,
    "2.0.0",
    "Adds to a whole number in a field.",
    hincrby,
  ),
  row(
    "hincrbyfloat",
    4,
    "write denyoom fast",
    KEY_AND_PART,
    "2.6.0",
    "Adds to a number in a field.",
    hincrbyfloat,
  ),
  row("hkeys", 2, "readonly", ONE_KEY, "2.0.0", "The names of all fields.", hkeys),
  row("hlen", 2, "readonly fast", ONE_KEY, "2.0.0", "The number of fields.", hlen),
  row("hmget", -3, "readonly fast", KEY_AND_PART, "2.0.0", "The values of several fields.", hmget),
  row("hmset", -4, "write denyoom fast", KEY_AND_PART, "2.0.0", "Sets several fields.", hmset),
  row("hrandfield", -2, "readonly", ONE_KEY, "6.2.0", "Fields at random.", hrandfield),
  row("hscan", -3, "readonly", ONE_KEY, "2.8.0", "A part of the fields.", hscan),
  row(
    "hset",
    -4,
    "write denyoom fast",
    KEY_AND_PART,
    "2.0.0",
    "Sets fields; returns the number of new ones.",
    hset,
  ),
  row(
    "hsetnx",
    4,
    "write denyoom fast",
    KEY_AND_PART,
    "2.0.0",
    "Sets a field, if it does not exist.",
    hsetnx,
  ),
  row(
    "hstrlen",
    3,
    "readonly fast",
    KEY_AND_PART,
    "3.2.0",
    "The length of the value of a field.",
    hstrlen,
  ),
  row("hvals", 2, "readonly", ONE_KEY, "2.0.0", "The values of all fields.", hvals),
  ...HASH_EXPIRY_ROWS,
];

/** Commands of hashes. */
export const HASH_COMMANDS = commandGroup("hash", ROWS);

function hashOf({ db }: Client, key: string): HashValue {
  return db.collection(key, "hash", () => new HashValue());
}

/** The value of a field as a byte string, or null. */
function valueOf(hash: HashValue | undefined, name: string): string | null {
  const value = hash?.get(name);
  return value === undefined ? null : byteStringOf(value);
}

function hset(client: Client, [key, ...pairs]: readonly string[]): Reply {
  return setFields(client, key, pairs, "hset");
}

function hmset(client: Client, [key, ...pairs]: readonly string[]): Reply {
  setFields(client, key, pairs, "hmset");
  return OK;
}

function setFields(client: Client, key: string, pairs: readonly string[], command: string): number {
  if (pairs.length % 2 !== 0) throw wrongArity(command);
  const hash = hashOf(client, key);
  let added = 0;
  for (let i = 0; i < pairs.length; i += 2) added += Number(hash.set(pairs[i], pairs[i + 1]));
  client.db.changed(key, "hset");
  return added;
}

function hsetnx(client: Client, [key, name, value]: readonly string[]): Reply {
  if (client.db.get(key, "hash")?.get(name) !== undefined) return 0;
  hashOf(client, key).set(name, value);
  client.db.changed(key, "hset");
  return 1;
}

function hdel({ db }: Client, [key, ...names]: readonly string[]): Reply {
  const hash = db.get(key, "hash");
  if (hash === undefined) return 0;
  const removed = names.filter((name) => hash.delete(name)).length;
  if (removed > 0) db.changed(key, "hdel");
  return removed;
}

function hget({ db }: Client, [key, name]: readonly string[]): Reply {
  return valueOf(db.get(key, "hash"), name);
}

function hmget({ db }: Client, [key, ...names]: readonly string[]): Reply {
  const hash = db.get(key, "hash");
  return names.map((name) => valueOf(hash, name));
}

function hexists({ db }: Client, [key, name]: readonly string[]): Reply {
  return Number(db.get(key, "hash")?.get(name) !== undefined);
}

function hlen({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "hash")?.fields.size ?? 0;
}

function hstrlen({ db }: Client, [key, name]: readonly string[]): Reply {
  return valueOf(db.get(key, "hash"), name)?.length ?? 0;
}

function hgetall({ db }: Client, [key]: readonly string[]): Reply {
  return new MapReply(pairsOf(db.get(key, "hash")?.fields.values()));
}

function pairsOf(
  fields: Iterable<{ key: string; value: Parameters<typeof byteStringOf>[0] }> = [],
) {
  const items: string[] = [];
  for (const { key, value } of fields) items.push(key, byteStringOf(value));
  return items;
}

function hkeys({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "hash")?.fields.values().map((field) => field.key).toArray() ?? [];
}

function hvals({ db }: Client, [key]: readonly string[]): Reply {
  return db.get(key, "hash")?.fields.values().map(({ value }) => byteStringOf(value)).toArray() ??
    [];
}

function hincrby(client: Client, [key, name, by]: readonly string[]): Reply {
  const added = toInt64(by);
  const text = valueOf(client.db.get(key, "hash"), name) ?? "0";
  const former = parseInt64(text);
  if (former === undefined) throw err("hash value is not an integer");
  const value = former + added;
  if (value > MAX_INT64 || value < MIN_INT64) throw OVERFLOW;
  hashOf(client, key).set(name, String(value), true);
  client.db.changed(key, "hincrby");
  return value;
}

function hincrbyfloat(client: Client, [key, name, by]: readonly string[]): Reply {
  if (isInfinite(by)) throw err("value is NaN or Infinity");
  if (longDoubleOf(by) === undefined) throw NOT_A_FLOAT;
  const former = valueOf(client.db.get(key, "hash"), name) ?? "0";
  const text = longDoubleSum(former, by, err("hash value is not a float"));
  hashOf(client, key).set(name, text, true);
  client.db.changed(key, "hincrbyfloat");
  return text;
}

function hscan({ db }: Client, [key, cursor, ...rest]: readonly string[]): Reply {
  const from = cursorOf(cursor);
  const hash = db.get(key, "hash");
  if (hash === undefined) return ["0", []];
  const options = scanOptions(rest);
  const part = partOf(hash.fields, from, options);
  const fields = part.entries.filter((field) => options.matches(field.key));
  const items = options.isKeysOnly ? fields.map((field) => field.key) : pairsOf(fields);
  return [String(part.cursor), items];
}

function hrandfield(client: Client, [key, count, option, ...more]: readonly string[]): Reply {
  const { db, version } = client;
  if (count === undefined) {
    const hash = db.get(key, "hash");
    return hash === undefined ? null : hash.fields.random().key;
  }
  const wanted = toInteger(count);
  const hasValues = option?.toUpperCase() === "WITHVALUES";
  if (more.length > 0 || option !== undefined && !hasValues) throw SYNTAX_ERROR;
  if (Math.abs(wanted) > Number(MAX_INT64) / (hasValues ? 2 : 1)) {
    throw err("value is out of range");
  }
  const hash = db.get(key, "hash");
  if (hash === undefined) return [];
  const fields = sample(hash.fields, wanted);
  if (!hasValues) return fields.map((field) => field.key);
  if (version === 2) return pairsOf(fields);
  return fields.map((field) => [field.key, byteStringOf(field.value)]);
}
