/**
 * Commands of times to live of the fields of hashes.
 *
 * @module
 */

import type { HashField, HashValue } from "../../store/hash_value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, ONE_KEY, row } from "../engine/command.ts";
import { err } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { conditionOf, type ExpiryCondition, isAllowed } from "./expire.ts";
import { TIME_FORMS, type TimeForm } from "./expiry.ts";
import { parseInt64, toInt64 } from "./numbers.ts";

/** Latest time, in milliseconds. */
const MAX_TIME_MS = 2 ** 46 - 2;
const NO_FIELD = -2;
const NO_EXPIRY = -1;
const [REFUSED, SET, DELETED] = [0, 1, 2];

/** Rows of the table. */
export const HASH_EXPIRY_ROWS: readonly CommandRow[] = [
  expireRow("hexpire", "EX", "Sets when fields expire, in seconds from now."),
  expireRow("hpexpire", "PX", "Sets when fields expire, in milliseconds from now."),
  expireRow("hexpireat", "EXAT", "Sets the second at which fields expire."),
  expireRow("hpexpireat", "PXAT", "Sets the millisecond at which fields expire."),
  readRow(
    "httl",
    "Seconds until fields expire.",
    (atMs, nowMs) => Math.floor((atMs - nowMs + 999) / 1000),
  ),
  readRow("hpttl", "Milliseconds until fields expire.", (atMs, nowMs) => atMs - nowMs),
  readRow(
    "hexpiretime",
    "The seconds at which fields expire.",
    (atMs) => Math.floor((atMs + 999) / 1000),
  ),
  readRow("hpexpiretime", "The milliseconds at which fields expire.", (atMs) => atMs),
  row(
    "hpersist",
    -5,
    "write fast",
    ONE_KEY,
    "7.4.0",
    "Ends the times to live of fields.",
    hpersist,
  ),
];

function expireRow(name: string, form: string, summary: string): CommandRow {
  const handle = (client: Client, args: readonly string[]) =>
    expire(client, args, TIME_FORMS[form], name);
  return row(name, -6, "write denyoom fast", ONE_KEY, "7.4.0", summary, handle);
}

function readRow(
  name: string,
  summary: string,
  read: (atMs: number, nowMs: number) => number,
): CommandRow {
  const handle = ({ db, nowMs }: Client, [key, ...rest]: readonly string[]) => {
    const hash = db.get(key, "hash");
    return fieldNames(rest).map((name) => {
      const field = hash?.fields.get(name);
      if (field === undefined) return NO_FIELD;
      return field.expiresAtMs === Infinity ? NO_EXPIRY : read(field.expiresAtMs, nowMs);
    });
  };
  return row(name, -5, "readonly fast", ONE_KEY, "7.4.0", summary, handle);
}

/** The names after `FIELDS` and their number. */
function fieldNames(words: readonly string[]): readonly string[] {
  const [keyword, count, ...names] = words;
  if (keyword.toUpperCase() !== "FIELDS") {
    throw err("Mandatory argument FIELDS is missing or not at the right position");
  }
  const number = parseInt64(count) ?? 0n;
  if (number < 1n) throw err("Number of fields must be a positive integer");
  if (Number(number) !== names.length) {
    throw err("The `numfields` parameter must match the number of arguments");
  }
  return names;
}

function expire(
  { db, nowMs }: Client,
  [key, time, ...rest]: readonly string[],
  form: TimeForm,
  command: string,
): Reply {
  const atMs = expiryTime(nowMs, time, form, command);
  const hash = db.get(key, "hash");
  const hasCondition = rest[0].toUpperCase() !== "FIELDS";
  const condition = conditionOf(hasCondition ? rest.slice(0, 1) : []);
  const names = fieldNames(hasCondition ? rest.slice(1) : rest);
  const replies = names.map((name) => expireField(hash, name, { atMs, nowMs, condition }));
  if (replies.includes(SET)) db.changed(key, "hexpire");
  if (replies.includes(DELETED)) db.changed(key, "hdel");
  return replies;
}

function expiryTime(nowMs: number, text: string, form: TimeForm, command: string): number {
  const value = Number(toInt64(text, err("value is not an integer or out of range")));
  const atMs = value * Number(form.unitMs) + (form.isAbsolute ? 0 : nowMs);
  if (value >= 0 && atMs <= MAX_TIME_MS) return atMs;
  throw err(
    value < 0 ? "invalid expire time, must be >= 0" : `invalid expire time in '${command}' command`,
  );
}

interface NewExpiry {
  readonly atMs: number;
  readonly nowMs: number;
  readonly condition: ExpiryCondition;
}

function expireField(
  hash: HashValue | undefined,
  name: string,
  { atMs, nowMs, condition }: NewExpiry,
): number {
  const field = hash?.fields.get(name);
  if (field === undefined) return NO_FIELD;
  if (!isAllowed(condition, atMs, field.expiresAtMs)) return REFUSED;
  if (atMs <= nowMs) {
    hash!.delete(name);
    return DELETED;
  }
  hash!.expire(field, atMs);
  return SET;
}

function hpersist({ db }: Client, [key, ...rest]: readonly string[]): Reply {
  const hash = db.get(key, "hash");
  const replies = fieldNames(rest).map((name) => persistField(hash, hash?.fields.get(name)));
  if (replies.includes(SET)) db.changed(key, "hpersist");
  return replies;
}

function persistField(hash: HashValue | undefined, field: HashField | undefined): number {
  if (field === undefined) return NO_FIELD;
  if (field.expiresAtMs === Infinity) return NO_EXPIRY;
  hash!.expire(field, Infinity);
  return SET;
}
