/**
 * `DUMP` and `RESTORE`.
 *
 * @module
 */

import { HashValue } from "../../store/hash_value.ts";
import type { Kind, Kinds } from "../../store/keyspace.ts";
import { ListValue } from "../../store/list_value.ts";
import { SetValue } from "../../store/set_value.ts";
import { SortedSetValue } from "../../store/sorted_set_value.ts";
import { byteStringOf } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { ErrorReply, OK, type Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { RdbReader, RdbWriter } from "./rdb.ts";

/** How a kind of value is written and read. */
interface Form<K extends Kind> {
  /** The number that stands for it. */
  readonly type: number;
  write(writer: RdbWriter, value: Kinds[K]): void;
  read(reader: RdbReader): Kinds[K];
}

const FORMS: { readonly [K in Kind]?: Form<K> } = {
  string: {
    type: 0,
    write: (writer, value) => writer.text(byteStringOf(value)),
    read: (reader) => reader.text(),
  },
  list: {
    type: 1,
    write(writer, list) {
      writer.length(list.size);
      for (const element of list.values()) writer.text(element);
    },
    read(reader) {
      const list = new ListValue();
      for (let left = reader.length(); left > 0; left--) list.push("right", reader.text());
      return list;
    },
  },
  set: {
    type: 2,
    write(writer, { members }) {
      writer.length(members.size);
      for (const { value } of members.values()) writer.text(byteStringOf(value));
    },
    read(reader) {
      const set = new SetValue();
      for (let left = reader.length(); left > 0; left--) set.add(reader.text());
      return set;
    },
  },
  zset: {
    type: 5,
    write(writer, set) {
      writer.length(set.size);
      for (const { key, score } of set.members.values()) {
        writer.text(key);
        writer.double(score);
      }
    },
    read(reader) {
      const set = new SortedSetValue();
      for (let left = reader.length(); left > 0; left--) set.set(reader.text(), reader.double());
      return set;
    },
  },
  hash: {
    type: 4,
    write(writer, { fields }) {
      writer.length(fields.size);
      for (const { key, value } of fields.values()) {
        writer.text(key);
        writer.text(byteStringOf(value));
      }
    },
    read(reader) {
      const hash = new HashValue();
      for (let left = reader.length(); left > 0; left--) hash.set(reader.text(), reader.text());
      return hash;
    },
  },
};

/** `DUMP` */
export function dump({ db }: Client, [key]: readonly string[]): Reply {
  const entry = db.find(key);
  if (entry === undefined) return null;
  const form = FORMS[entry.kind] as Form<Kind> | undefined;
  if (form === undefined) throw err(`this server cannot dump a ${entry.kind}`);
  const writer = new RdbWriter();
  writer.byte(form.type);
  form.write(writer, entry.value);
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
  const atMs = ttlMs === 0 ? Infinity : options.isAbsolute ? ttlMs : nowMs + ttlMs;
  db.delete(key);
  if (atMs <= nowMs) return OK;
  const entry = db.set(key, kind, value, "restore", atMs);
  entry.usedAtMs -= options.idleSeconds * 1000;
  return OK;
}

function read(text: string): { kind: Kind; value: Kinds[Kind] } {
  const reader = new RdbReader(text);
  const type = reader.byte();
  const [kind, form] = (Object.entries(FORMS) as [Kind, Form<Kind>][])
    .find(([, form]) => form.type === type) ?? [];
  if (kind === undefined || form === undefined) throw err("Bad data format");
  const value = form.read(reader);
  reader.finish();
  return { kind, value };
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
