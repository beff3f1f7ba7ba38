/**
 * Commands of keys of any kind.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import {
  ALL_KEYS,
  commandGroup,
  type CommandRow,
  NO_KEYS,
  ONE_KEY,
  row,
  TWO_KEYS,
} from "../engine/command.ts";
import { err, NO_SUCH_KEY, SYNTAX_ERROR } from "../engine/errors.ts";
import { OK, type Reply, Status } from "../protocol/reply.ts";
import type { Collection } from "../../store/collection.ts";
import { databaseOf } from "./databases.ts";
import { dump, restore } from "./dump.ts";
import { EXPIRY_ROWS } from "./expire.ts";
import { OBJECT_ROW } from "./object.ts";
import { globOf, scan } from "./scan.ts";
import { sort, sortKeys, sortRo } from "./sort.ts";
import { toInteger } from "./numbers.ts";

const ROWS: readonly CommandRow[] = [
  row(
    "copy",
    -3,
    "write denyoom",
    TWO_KEYS,
    "6.2.0",
    "Copies the value of a key to another one.",
    copy,
  ),
  row("del", -2, "write", ALL_KEYS, "1.0.0", "Deletes keys; returns their number.", del),
  row("dump", 2, "readonly", ONE_KEY, "2.6.0", "The value of a key as bytes, for `RESTORE`.", dump),
  row("exists", -2, "readonly fast", ALL_KEYS, "1.0.0", "How many of the keys exist.", exists),
  row("keys", 2, "readonly", NO_KEYS, "1.0.0", "The keys that match a pattern.", keys),
  row("move", 3, "write fast", ONE_KEY, "1.0.0", "Moves a key to another database.", move),
  row("randomkey", 1, "readonly", NO_KEYS, "1.0.0", "A key at random.", randomkey),
  row("rename", 3, "write", TWO_KEYS, "1.0.0", "Renames a key, and replaces another one.", rename),
  row(
    "renamenx",
    3,
    "write fast",
    TWO_KEYS,
    "1.0.0",
    "Renames a key, if there is none with the new name.",
    renamenx,
  ),
  row(
    "restore",
    -4,
    "write denyoom",
    ONE_KEY,
    "2.6.0",
    "Sets a key to a value from `DUMP`.",
    restore,
  ),
  row("scan", -2, "readonly", NO_KEYS, "2.8.0", "A part of the keys.", scan),
  row(
    "sort",
    -2,
    "write denyoom movablekeys",
    sortKeys,
    "1.0.0",
    "Sorts the elements of a list, a set or a sorted set.",
    sort,
  ),
  row("sort_ro", -2, "readonly movablekeys", ONE_KEY, "7.0.0", "The same without `STORE`.", sortRo),
  row(
    "touch",
    -2,
    "readonly fast",
    ALL_KEYS,
    "3.2.1",
    "How many of the keys exist; they count as used now.",
    touch,
  ),
  row("type", 2, "readonly fast", ONE_KEY, "1.0.0", "The kind of the value of a key.", type),
  row("unlink", -2, "write fast", ALL_KEYS, "4.0.0", "Deletes keys; returns their number.", del),
  row(
    "wait",
    3,
    "noscript",
    NO_KEYS,
    "3.0.0",
    "How many replicas have acknowledged: none, because there are none.",
    wait,
  ),
  ...EXPIRY_ROWS,
  OBJECT_ROW,
];

/** Commands of keys. */
export const GENERIC_COMMANDS = commandGroup("generic", ROWS);

function del({ db }: Client, keys: readonly string[]): Reply {
  return keys.filter((key) => db.delete(key)).length;
}

function exists({ db }: Client, keys: readonly string[]): Reply {
  return keys.filter((key) => db.find(key) !== undefined).length;
}

function touch({ db }: Client, keys: readonly string[]): Reply {
  const found = keys.map((key) => db.find(key)).filter((entry) => entry !== undefined);
  for (const entry of found) db.use(entry);
  return found.length;
}

function type({ db }: Client, [key]: readonly string[]): Reply {
  return new Status(db.find(key)?.kind ?? "none");
}

function keys({ db }: Client, [pattern]: readonly string[]): Reply {
  const matches = globOf(pattern);
  const found: string[] = [];
  for (const { key } of db.entries()) if (matches(key)) found.push(key);
  return found;
}

function randomkey({ db }: Client): Reply {
  return db.random()?.key ?? null;
}

function rename(client: Client, [from, to]: readonly string[]): Reply {
  const { db } = client;
  const entry = db.find(from);
  if (entry === undefined) throw NO_SUCH_KEY;
  if (from !== to) db.move(entry, db, to, ["rename_from", "rename_to"]);
  return OK;
}

function renamenx(client: Client, [from, to]: readonly string[]): Reply {
  const { db } = client;
  if (db.find(from) === undefined) throw NO_SUCH_KEY;
  if (db.find(to) !== undefined) return 0;
  rename(client, [from, to]);
  return 1;
}

const SAME_OBJECT = err("source and destination objects are the same");

function move(client: Client, [key, index]: readonly string[]): Reply {
  const target = databaseOf(client, index);
  if (target === client.db) throw SAME_OBJECT;
  const entry = client.db.find(key);
  if (entry === undefined || target.find(key) !== undefined) return 0;
  client.db.move(entry, target, key, ["move_from", "move_to"]);
  return 1;
}

function copy(client: Client, [from, to, ...rest]: readonly string[]): Reply {
  let [target, isReplacing] = [client.db, false];
  for (let i = 0; i < rest.length; i++) {
    const name = rest[i].toUpperCase();
    if (name === "REPLACE") isReplacing = true;
    else if (name === "DB" && i + 1 < rest.length) target = databaseOf(client, rest[++i]);
    else throw SYNTAX_ERROR;
  }
  if (target === client.db && from === to) throw SAME_OBJECT;
  const entry = client.db.findUsed(from);
  if (entry === undefined || target.find(to) !== undefined && !isReplacing) return 0;
  const { kind, value, expiresAtMs } = entry;
  const isShared = typeof value !== "object" || !("clone" in value);
  const copied = isShared ? copyOf(value) : (value as Collection).clone();
  target.set(to, kind, copied as typeof value, undefined, expiresAtMs);
  target.touched(to, "copy_to");
  return 1;
}

/** Bytes may be changed in place; other values of strings are not. */
function copyOf<T>(value: T): T {
  return value instanceof Uint8Array ? value.slice() as T : value;
}

function wait(_client: Client, [replicas, timeout]: readonly string[]): Reply {
  toInteger(replicas);
  if (toInteger(timeout, err("timeout is not an integer or out of range")) < 0) {
    throw err("timeout is negative");
  }
  return 0;
}
