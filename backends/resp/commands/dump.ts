/**
 * `DUMP` and `RESTORE`.
 *
 * @module
 */

import type { Collection } from "../../store/collection.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { ErrorReply, OK, type Reply } from "../protocol/reply.ts";
import { type DumpedValue, readValue, writeValue } from "./dump_forms.ts";
import { toInteger } from "./numbers.ts";
import { RdbReader, RdbWriter } from "./rdb.ts";

/** `DUMP` */
export function dump({ db }: Client, [key]: readonly string[]): Reply {
  const entry = db.findUsed(key);
  if (entry === undefined) return null;
  const writer = new RdbWriter();
  writeValue(writer, entry);
  return writer.finish();
}

/** What `RESTORE` is given after the bytes. */
interface RestoreOptions {
  isReplacing: boolean;
  isAbsolute: boolean;
  idleSeconds: number;
}

/** `RESTORE` */
export function restore(client: Client, [key, ttl, text, ...rest]: readonly string[]): Reply {
  const { db, nowMs } = client;
  const options = restoreOptions(rest);
  if (!options.isReplacing && db.find(key) !== undefined) {
    throw new ErrorReply("BUSYKEY Target key name already exists.");
  }
  const ttlMs = toInteger(ttl);
  if (ttlMs < 0) throw err("Invalid TTL value, must be >= 0");
  const { kind, value } = read(text);
  if (kind !== "string") {
    const { bytes, entries } = value as Collection;
    db.reserve(bytes, entries);
  }
  const atMs = ttlMs === 0 ? Infinity : options.isAbsolute ? ttlMs : nowMs + ttlMs;
  db.delete(key);
  if (atMs <= nowMs) return OK;
  const entry = db.set(key, kind, value, "restore", atMs);
  entry.usedAfterMs -= options.idleSeconds * 1000;
  return OK;
}

function read(text: string): DumpedValue {
  const reader = new RdbReader(text);
  const value = readValue(reader);
  reader.finish();
  return value;
}

function restoreOptions(words: readonly string[]): RestoreOptions {
  const options = { isReplacing: false, isAbsolute: false, idleSeconds: 0 };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].toUpperCase();
    if (name === "REPLACE") options.isReplacing = true;
    else if (name === "ABSTTL") options.isAbsolute = true;
    else if (name === "IDLETIME" && i + 1 < words.length) {
      options.idleSeconds = toInteger(words[++i]);
      if (options.idleSeconds < 0) throw err("Invalid IDLETIME value, must be >= 0");
    } else if (name === "FREQ" && i + 1 < words.length) {
      const count = toInteger(words[++i]);
      if (count < 0 || count > 255) throw err("Invalid FREQ value, must be >= 0 and <= 255");
    } else throw SYNTAX_ERROR;
  }
  return options;
}
