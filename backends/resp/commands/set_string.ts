/**
 * `SET` with its options.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { SYNTAX_ERROR, WRONG_TYPE } from "../engine/errors.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { expiryTime, TIME_FORMS, type TimeForm } from "./expiry.ts";
import { stringOf } from "./values.ts";

/** What `SET` is given after the value. */
interface SetOptions {
  /** True: only if the key exists; false: only if it does not. */
  mustExist?: boolean;
  isGet?: boolean;
  keepsExpiry?: boolean;
  time?: { readonly text: string; readonly form: TimeForm };
}

/** Sets a string. */
export function set(client: Client, [key, value, ...rest]: readonly string[]): Reply {
  const { db } = client;
  if (rest.length === 0) {
    db.set(key, "string", value, "set");
    return OK;
  }
  const options = setOptions(rest);
  const { time } = options;
  const givenMs = time && expiryTime(client, time.text, time.form, "set");
  const entry = db.find(key);
  if (options.isGet && entry !== undefined && entry.kind !== "string") throw WRONG_TYPE;
  const former = options.isGet ? stringOf(client, key) ?? null : undefined;
  const isRefused = options.mustExist !== undefined && options.mustExist !== (entry !== undefined);
  if (isRefused) return former === undefined ? null : former;
  const keptMs = options.keepsExpiry ? entry?.expiresAtMs : undefined;
  store(client, key, value, givenMs ?? keptMs ?? Infinity);
  if (givenMs !== undefined) db.touched(key, "expire");
  return former === undefined ? OK : former;
}

/** A time that has passed deletes the key at once. */
function store({ db, nowMs }: Client, key: string, value: string, expiresAtMs: number): void {
  db.set(key, "string", value, "set", expiresAtMs);
  if (expiresAtMs <= nowMs) db.delete(key);
}

function setOptions(rest: readonly string[]): SetOptions {
  const options: SetOptions = {};
  for (let i = 0; i < rest.length; i++) {
    const name = rest[i].toUpperCase();
    const form = TIME_FORMS[name];
    const hasOther = options.keepsExpiry === true ||
      options.time !== undefined && options.time.form !== form;
    if (name === "NX" && options.mustExist !== true) options.mustExist = false;
    else if (name === "XX" && options.mustExist !== false) options.mustExist = true;
    else if (name === "GET") options.isGet = true;
    else if (name === "KEEPTTL" && options.time === undefined) options.keepsExpiry = true;
    else if (form !== undefined && !hasOther && i + 1 < rest.length) {
      options.time = { text: rest[++i], form };
    } else throw SYNTAX_ERROR;
  }
  return options;
}

/** `SETEX` and `PSETEX`. */
export function setWithExpiry(
  client: Client,
  [key, time, value]: readonly string[],
  unit: string,
  command: string,
): Reply {
  const expiresAtMs = expiryTime(client, time, TIME_FORMS[unit], command);
  store(client, key, value, expiresAtMs);
  client.db.touched(key, "expire");
  return OK;
}
