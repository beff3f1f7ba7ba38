/**
 * `OBJECT`: how a value is kept.
 *
 * @module
 */

import type { Collection } from "../../store/collection.ts";
import type { KeyEntry } from "../../store/keyspace.ts";
import { byteStringOf, type StringValue } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";
import { parseInt64 } from "./numbers.ts";

/** Longest string that Redis keeps in one piece with its header. */
const MAX_EMBEDDED = 44;
const KEY = { first: 2, last: 2, step: 1 };

/** The row of the table. */
export const OBJECT_ROW: CommandRow = {
  ...row("object", -2, "", NO_KEYS, "2.2.3", "How a value is kept.", () => wrongArity("object")),
  subcommands: [
    row(
      "object|encoding",
      3,
      "readonly",
      KEY,
      "2.2.3",
      "The form that Redis would keep a value in.",
      encoding,
    ),
    row(
      "object|freq",
      3,
      "readonly",
      KEY,
      "4.0.0",
      "Replies with an error: uses are not counted.",
      freq,
    ),
    helpRow("object|help", "6.2.0", () => OBJECT_ROW),
    row("object|idletime", 3, "readonly", KEY, "2.2.3", "Seconds since a key was used.", idletime),
    row(
      "object|refcount",
      3,
      "readonly",
      KEY,
      "2.2.3",
      "Always 1.",
      (c, [key]) => found(c, key) && 1,
    ),
  ],
};

/** The entry of a key, or null. */
function found({ db }: Client, key: string): KeyEntry | null {
  return db.find(key) ?? null;
}

function encoding(client: Client, [key]: readonly string[]): Reply {
  const entry = found(client, key);
  if (entry === null) return null;
  const { kind, value } = entry;
  return kind === "string" ? stringEncoding(value as StringValue) : (value as Collection).encoding;
}

function stringEncoding(value: StringValue): string {
  const text = byteStringOf(value);
  if (parseInt64(text) !== undefined) return "int";
  return text.length <= MAX_EMBEDDED && typeof value === "string" ? "embstr" : "raw";
}

function idletime(client: Client, [key]: readonly string[]): Reply {
  const entry = found(client, key);
  return entry && Math.floor(client.db.idleMs(entry) / 1000);
}

function freq(client: Client, [key]: readonly string[]): Reply {
  if (found(client, key) === null) return null;
  throw err(
    "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when " +
      "switching between policies at runtime LRU and LFU data will take some time to adjust.",
  );
}
