/**
 * Commands of times to live of keys.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { type CommandRow, ONE_KEY, row } from "../engine/command.ts";
import { err } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { TIME_FORMS, timeOf } from "./expiry.ts";
import { toInt64 } from "./numbers.ts";

/** Rows of the table. */
export const EXPIRY_ROWS: readonly CommandRow[] = [
  expireRow("expire", "EX", "1.0.0", "Sets when a key expires, in seconds from now."),
  expireRow("pexpire", "PX", "2.6.0", "Sets when a key expires, in milliseconds from now."),
  expireRow("expireat", "EXAT", "1.2.0", "Sets the second at which a key expires."),
  expireRow("pexpireat", "PXAT", "2.6.0", "Sets the millisecond at which a key expires."),
  row("persist", 2, "write fast", ONE_KEY, "2.2.0", "Ends the time to live of a key.", persist),
  row("ttl", 2, "readonly fast", ONE_KEY, "1.0.0", "Seconds until a key expires.", remaining(1000)),
  row(
    "pttl",
    2,
    "readonly fast",
    ONE_KEY,
    "2.6.0",
    "Milliseconds until a key expires.",
    remaining(1),
  ),
  row(
    "expiretime",
    2,
    "readonly fast",
    ONE_KEY,
    "7.0.0",
    "The second at which a key expires.",
    expiryOf(1000),
  ),
  row(
    "pexpiretime",
    2,
    "readonly fast",
    ONE_KEY,
    "7.0.0",
    "The millisecond at which a key expires.",
    expiryOf(1),
  ),
];

/** The reply for a key that does not exist, and for one that never expires. */
const NO_KEY = -2;
const NO_EXPIRY = -1;

/** When a time is set that depends on the one before. */
export interface ExpiryCondition {
  readonly isNew: boolean;
  readonly isOld: boolean;
  readonly isGreater: boolean;
  readonly isLess: boolean;
}

function expireRow(name: string, form: string, since: string, summary: string): CommandRow {
  const handle = (client: Client, [key, time, ...rest]: readonly string[]) => {
    const condition = conditionOf(rest);
    const atMs = timeOf(client, toInt64(time), TIME_FORMS[form], name);
    return expire(client, key, atMs, condition);
  };
  return row(name, -3, "write fast", ONE_KEY, since, summary, handle);
}

/** The condition that words state. */
export function conditionOf(words: readonly string[]): ExpiryCondition {
  const given = new Set<string>();
  for (const word of words) {
    const name = word.toUpperCase();
    if (!["NX", "XX", "GT", "LT"].includes(name)) throw err(`Unsupported option ${word}`);
    given.add(name);
  }
  const [isNew, isOld, isGreater, isLess] = ["NX", "XX", "GT", "LT"].map((name) => given.has(name));
  if (isNew && (isOld || isGreater || isLess)) {
    throw err("NX and XX, GT or LT options at the same time are not compatible");
  }
  if (isGreater && isLess) throw err("GT and LT options at the same time are not compatible");
  return { isNew, isOld, isGreater, isLess };
}

/** True if a time may replace another one; `Infinity` is that of what never expires. */
export function isAllowed(condition: ExpiryCondition, atMs: number, formerMs: number): boolean {
  if (condition.isNew && formerMs !== Infinity) return false;
  if (condition.isOld && formerMs === Infinity) return false;
  if (condition.isGreater && atMs <= formerMs) return false;
  return !condition.isLess || atMs < formerMs;
}

function expire(
  { db, nowMs }: Client,
  key: string,
  atMs: number,
  condition: ExpiryCondition,
): Reply {
  const entry = db.findUsed(key);
  if (entry === undefined || !isAllowed(condition, atMs, entry.expiresAtMs)) return 0;
  if (atMs <= nowMs) db.delete(key);
  else {
    db.expire(entry, atMs);
    db.touched(key, "expire");
  }
  return 1;
}

function persist({ db }: Client, [key]: readonly string[]): Reply {
  const entry = db.findUsed(key);
  if (entry === undefined || entry.expiresAtMs === Infinity) return 0;
  db.expire(entry, Infinity);
  db.touched(key, "persist");
  return 1;
}

function remaining(unitMs: number): (client: Client, args: readonly string[]) => Reply {
  return ({ db, nowMs }, [key]) => {
    const entry = db.find(key);
    if (entry === undefined) return NO_KEY;
    if (entry.expiresAtMs === Infinity) return NO_EXPIRY;
    return Math.floor((entry.expiresAtMs - nowMs + unitMs / 2) / unitMs);
  };
}

function expiryOf(unitMs: number): (client: Client, args: readonly string[]) => Reply {
  return ({ db }, [key]) => {
    const entry = db.find(key);
    if (entry === undefined) return NO_KEY;
    if (entry.expiresAtMs === Infinity) return NO_EXPIRY;
    return Math.floor((entry.expiresAtMs + unitMs / 2) / unitMs);
  };
}
