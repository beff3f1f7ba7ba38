/**
 * Commands of strings.
 *
 * @module
 */

import { latin1Bytes } from "../../store/latin1.ts";
import { byteStringOf, storedBytes, type StringValue } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { ALL_KEYS, commandGroup, EVERY_OTHER, ONE_KEY, row, TWO_KEYS } from "../engine/command.ts";
import { err, NOT_A_FLOAT, OVERFLOW, SYNTAX_ERROR, wrongArity } from "../engine/errors.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { expiryTime, TIME_FORMS } from "./expiry.ts";
import { lcs } from "./lcs.ts";
import { longDoubleSum } from "./long_double.ts";
import { MAX_INT64, MIN_INT64, smallInteger, toInt64, toInteger } from "./numbers.ts";
import { set, setWithExpiry } from "./set_string.ts";
import { bytesFor, replyOf, storeBytes, stringOf } from "./values.ts";

/** Commands of strings. */
export const STRING_COMMANDS = commandGroup("string", [
  row(
    "append",
    3,
    "write denyoom fast",
    ONE_KEY,
    "2.0.0",
    "Appends to a string; returns its length.",
    append,
  ),
  row(
    "decr",
    2,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Subtracts one from a whole number.",
    (c, [key]) => increment(c, key, -1),
  ),
  row(
    "decrby",
    3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Subtracts from a whole number.",
    decrby,
  ),
  row("get", 2, "readonly fast", ONE_KEY, "1.0.0", "The value of a string.", get),
  row(
    "getdel",
    2,
    "write fast",
    ONE_KEY,
    "6.2.0",
    "The value of a string, which is deleted.",
    getdel,
  ),
  row(
    "getex",
    -2,
    "write fast",
    ONE_KEY,
    "6.2.0",
    "The value of a string, whose time to live is set.",
    getex,
  ),
  row("getrange", 4, "readonly", ONE_KEY, "2.4.0", "A part of a string.", getrange),
  row(
    "getset",
    3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Sets a string; returns the former one.",
    getset,
  ),
  row(
    "incr",
    2,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Adds one to a whole number.",
    (c, [key]) => increment(c, key, 1),
  ),
  row(
    "incrby",
    3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Adds to a whole number.",
    (c, [key, by]) => increment(c, key, toInt64(by)),
  ),
  row("incrbyfloat", 3, "write denyoom fast", ONE_KEY, "2.6.0", "Adds to a number.", incrbyfloat),
  row(
    "lcs",
    -3,
    "readonly",
    TWO_KEYS,
    "7.0.0",
    "The longest common subsequence of two strings.",
    lcs,
  ),
  row("mget", -2, "readonly fast", ALL_KEYS, "1.0.0", "The values of several strings.", mget),
  row("mset", -3, "write denyoom", EVERY_OTHER, "1.0.1", "Sets several strings.", mset),
  row(
    "msetnx",
    -3,
    "write denyoom",
    EVERY_OTHER,
    "1.0.1",
    "Sets several strings, if none of the keys exists.",
    msetnx,
  ),
  row(
    "psetex",
    4,
    "write denyoom",
    ONE_KEY,
    "2.6.0",
    "Sets a string with a time to live in milliseconds.",
    (c, args) => setWithExpiry(c, args, "PX", "psetex"),
  ),
  row("set", -3, "write denyoom", ONE_KEY, "1.0.0", "Sets a string.", set),
  row(
    "setex",
    4,
    "write denyoom",
    ONE_KEY,
    "2.0.0",
    "Sets a string with a time to live in seconds.",
    (c, args) => setWithExpiry(c, args, "EX", "setex"),
  ),
  row(
    "setnx",
    3,
    "write denyoom fast",
    ONE_KEY,
    "1.0.0",
    "Sets a string, if the key does not exist.",
    setnx,
  ),
  row("setrange", 4, "write denyoom", ONE_KEY, "2.2.0", "Overwrites a part of a string.", setrange),
  row("strlen", 2, "readonly fast", ONE_KEY, "2.2.0", "The length of a string.", strlen),
  row("substr", 4, "readonly", ONE_KEY, "1.0.0", "A part of a string.", getrange),
]);

/** Bytes from which on a value is kept as bytes when it is read. */
const LARGE_BYTES = 4096;
/** Most bytes of a string. */
const MAX_STRING_BYTES = 512 * 2 ** 20;

/** Throws if a string would be too long. */
export function checkLength(length: number): void {
  if (length <= MAX_STRING_BYTES) return;
  throw err("string exceeds maximum allowed size (proto-max-bulk-len)");
}

function isLargeText(value: StringValue): value is string {
  return typeof value === "string" && value.length >= LARGE_BYTES;
}

function append({ db }: Client, [key, suffix]: readonly string[]): Reply {
  const entry = db.entryOf(key, "string");
  if (entry === undefined) {
    db.set(key, "string", suffix, "append");
    return suffix.length;
  }
  const former = stringOf({ db } as Client, key)!;
  checkLength(former.length + suffix.length);
  db.replaceString(entry, former + suffix, "append");
  return former.length + suffix.length;
}

function decrby(client: Client, [key, by]: readonly string[]): Reply {
  const value = toInt64(by);
  if (value === MIN_INT64) throw err("decrement would overflow");
  return increment(client, key, -value);
}

function increment({ db }: Client, key: string, by: number | bigint): Reply {
  const entry = db.entryOf(key, "string");
  const sum = sumOf((entry?.value ?? 0) as StringValue, by);
  // A number that the engine keeps exactly is stored as such: the next sum needs no text.
  const value = typeof sum === "number" ? sum : String(sum);
  if (entry === undefined) db.set(key, "string", value, "incrby");
  else db.replaceString(entry, value, "incrby");
  return sum;
}

/** Most numbers are small, and need no large ones to be added. */
function sumOf(value: StringValue, by: number | bigint): number | bigint {
  const small = typeof value === "number" ? value : smallInteger(byteStringOf(value));
  const added = Number(by);
  if (small !== undefined && Number.isSafeInteger(small + added)) return small + added;
  const sum = toInt64(byteStringOf(value)) + BigInt(by);
  if (sum > MAX_INT64 || sum < MIN_INT64) throw OVERFLOW;
  return sum;
}

function incrbyfloat(client: Client, [key, by]: readonly string[]): Reply {
  const { db } = client;
  const text = longDoubleSum(stringOf(client, key) ?? "0", by, NOT_A_FLOAT);
  storeBytes(db, key, text, "incrbyfloat");
  return text;
}

function get(client: Client, [key]: readonly string[]): Reply {
  const entry = client.db.entryOf(key, "string");
  if (entry === undefined) return null;
  // A large value is kept as the bytes that it is sent as: the next reply only copies them.
  const value = entry.value as StringValue;
  if (isLargeText(value)) entry.value = latin1Bytes(value);
  return replyOf(client, entry.value as StringValue);
}

function getdel(client: Client, [key]: readonly string[]): Reply {
  const value = stringOf(client, key);
  client.db.delete(key);
  return value ?? null;
}

function getex(client: Client, [key, ...options]: readonly string[]): Reply {
  const { db } = client;
  const atMs = getexTime(client, options);
  const entry = db.entryOf(key, "string");
  if (entry === undefined) return null;
  if (atMs !== undefined && atMs <= client.nowMs) return getdel(client, [key]);
  if (atMs === undefined || atMs === entry.expiresAtMs) return stringOf(client, key)!;
  db.expire(entry, atMs);
  db.touched(key, atMs === Infinity ? "persist" : "expire");
  return stringOf(client, key)!;
}

/** When the string is to expire; undefined: it stays as it is. */
function getexTime(client: Client, options: readonly string[]): number | undefined {
  if (options.length === 0) return undefined;
  const name = options[0].toUpperCase();
  if (name === "PERSIST" && options.length === 1) return Infinity;
  const form = TIME_FORMS[name];
  if (form === undefined || options.length !== 2) throw SYNTAX_ERROR;
  return expiryTime(client, options[1], form, "getex");
}

function getrange(client: Client, [key, from, to]: readonly string[]): Reply {
  const [start, end] = [toInteger(from), toInteger(to)];
  const value = client.db.get(key, "string");
  if (value === undefined) return "";
  const length = storedBytes(value);
  if (start < 0 && end < 0 && start > end) return "";
  const first = Math.max(0, start < 0 ? length + start : start);
  const last = Math.min(length - 1, Math.max(0, end < 0 ? length + end : end));
  if (first > last || length === 0) return "";
  if (value instanceof Uint8Array) {
    return replyOf({ isAtomic: true } as Client, value.subarray(first, last + 1));
  }
  return (replyOf(client, value) as string).slice(first, last + 1);
}

function getset(client: Client, [key, value]: readonly string[]): Reply {
  const former = stringOf(client, key);
  client.db.set(key, "string", value, "set");
  return former ?? null;
}

function mget(client: Client, keys: readonly string[]): Reply {
  return keys.map((key) => {
    const entry = client.db.find(key);
    return entry?.kind === "string" ? stringOf(client, key)! : null;
  });
}

function mset({ db }: Client, args: readonly string[]): Reply {
  if (args.length % 2 !== 0) throw wrongArity("mset");
  for (let i = 0; i < args.length; i += 2) db.set(args[i], "string", args[i + 1], "set");
  return OK;
}

function msetnx(client: Client, args: readonly string[]): Reply {
  if (args.length % 2 !== 0) throw wrongArity("msetnx");
  for (let i = 0; i < args.length; i += 2) if (client.db.findUsed(args[i]) !== undefined) return 0;
  mset(client, args);
  return 1;
}

function setnx({ db }: Client, [key, value]: readonly string[]): Reply {
  if (db.findUsed(key) !== undefined) return 0;
  db.set(key, "string", value, "set");
  return 1;
}

function setrange({ db }: Client, [key, at, part]: readonly string[]): Reply {
  const offset = toInteger(at);
  if (offset < 0) throw err("offset is out of range");
  const entry = db.entryOf(key, "string");
  const former = db.get(key, "string");
  const length = former === undefined ? 0 : storedBytes(former);
  if (part.length === 0) return length;
  checkLength(offset + part.length);
  if (offset + part.length > length) db.reserve(offset + part.length - length, 0);
  const bytes = bytesFor(former, offset + part.length);
  for (let i = 0; i < part.length; i++) bytes[offset + i] = part.charCodeAt(i);
  if (entry === undefined) db.set(key, "string", bytes, "setrange");
  else db.replaceString(entry, bytes, "setrange");
  return bytes.length;
}

function strlen({ db }: Client, [key]: readonly string[]): Reply {
  const value = db.get(key, "string");
  return value === undefined ? 0 : storedBytes(value);
}
