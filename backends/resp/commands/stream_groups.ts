/**
 * `XGROUP`, and what the commands of groups of consumers have in common.
 *
 * @module
 */

import type { Consumer, ConsumerGroup } from "../../store/consumer_group.ts";
import { ENTRY_BYTES } from "../../store/memory_quota.ts";
import { FIRST_ID, type StreamId } from "../../store/stream_id.ts";
import { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import { ErrorReply, OK, type Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";
import { toInteger } from "./numbers.ts";
import { toId, toIdOrEnd } from "./stream_ids.ts";

const KEY = { first: 2, last: 2, step: 1 };

/** Words that may come after the id. */
const MAX_CREATE_OPTIONS = 3;
const MAX_SETID_OPTIONS = 2;

/** The row of the table. */
export const XGROUP_ROW: CommandRow = {
  ...row("xgroup", -2, "", NO_KEYS, "5.0.0", "Groups of consumers.", () => wrongArity("xgroup")),
  subcommands: [
    row("xgroup|create", -5, "write denyoom", KEY, "5.0.0", "Adds a group.", create),
    row(
      "xgroup|createconsumer",
      5,
      "write denyoom",
      KEY,
      "6.2.0",
      "Adds a consumer.",
      createConsumer,
    ),
    row(
      "xgroup|delconsumer",
      5,
      "write",
      KEY,
      "5.0.0",
      "Removes a consumer, and the entries that are pending for it.",
      deleteConsumer,
    ),
    row("xgroup|destroy", 4, "write", KEY, "5.0.0", "Removes a group.", destroy),
    helpRow("xgroup|help", "5.0.0", () => XGROUP_ROW),
    row(
      "xgroup|setid",
      -5,
      "write",
      KEY,
      "5.0.0",
      "Sets the last entry that a group was given.",
      setId,
    ),
  ],
};

/** The error for a group that does not exist, or for a key that does not. */
export function noGroup(key: string, name: string, where = ""): ErrorReply {
  return new ErrorReply(`NOGROUP No such key '${key}' or consumer group '${name}'${where}`);
}

/** The error for a group that does not exist, of a key that does. */
export function noGroupOf(key: string, name: string): ErrorReply {
  return new ErrorReply(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
}

/** The stream and the group of a name; undefined if one of them does not exist. */
export function groupOf(
  { db }: Client,
  key: string,
  name: string,
): { stream: StreamValue; group: ConsumerGroup } | undefined {
  const stream = db.get(key, "stream");
  const group = stream?.group(name);
  return stream && group && { stream, group };
}

/**
 * The consumer that calls. One that is new is added if it gets something, and since 7.2 in any case.
 */
export function consumerOf(
  client: Client,
  key: string,
  group: ConsumerGroup,
  name: string,
  getsSomething: boolean,
): Consumer | undefined {
  if (!getsSomething && !isSince("7.2.0", client.service.version)) return undefined;
  const known = group.consumer(name);
  if (known === undefined) return addConsumer(client, key, group, name);
  known.seenAtMs = client.nowMs;
  return known;
}

function addConsumer({ db, nowMs }: Client, key: string, group: ConsumerGroup, name: string) {
  db.reserve(ENTRY_BYTES + name.length, 1);
  const consumer = group.addConsumer(name, nowMs);
  db.changed(key, "xgroup-createconsumer");
  return consumer;
}

/** The group has been given entries: moves its last id, and counts what it has read. */
export function deliver(stream: StreamValue, group: ConsumerGroup, ids: readonly StreamId[]): void {
  for (const id of ids) {
    if (id.compare(group.lastId) <= 0) continue;
    const isCounted = group.entriesRead !== undefined && !stream.hasDeletedFrom(id);
    group.entriesRead = isCounted ? group.entriesRead! + 1 : stream.countUpTo(id);
    group.lastId = id;
  }
}

/** What `CREATE` and `SETID` are given after the id. */
interface GroupOptions {
  isMaking: boolean;
  entriesRead: number | undefined;
}

function groupOptions(words: readonly string[], name: "CREATE" | "SETID"): GroupOptions {
  const options: GroupOptions = { isMaking: false, entriesRead: undefined };
  for (let i = 0; i < words.length; i++) {
    const option = words[i].toUpperCase();
    if (option === "MKSTREAM" && name === "CREATE") options.isMaking = true;
    else if (option === "ENTRIESREAD" && i + 1 < words.length) {
      options.entriesRead = toEntriesRead(words[++i]);
    } else throw subcommandError("XGROUP", name);
  }
  return options;
}

function toEntriesRead(text: string): number | undefined {
  const count = toInteger(text);
  if (count < -1) throw err("value for ENTRIESREAD must be positive or -1");
  return count === -1 ? undefined : count;
}

/** The error for options that a subcommand does not have. */
export function subcommandError(command: string, name: string): ErrorReply {
  return err(
    `unknown subcommand or wrong number of arguments for '${name}'. Try ${command} HELP.`,
  );
}

function existing({ db }: Client, key: string): StreamValue {
  const stream = db.get(key, "stream");
  if (stream !== undefined) return stream;
  throw err(
    "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the " +
      "MKSTREAM option to create an empty stream automatically.",
  );
}

function existingGroup(client: Client, key: string, name: string): ConsumerGroup {
  const group = existing(client, key).group(name);
  if (group === undefined) throw noGroupOf(key, name);
  return group;
}

function create(client: Client, [key, name, word, ...rest]: readonly string[]): Reply {
  const { db } = client;
  const { isMaking, entriesRead } = groupOptions(rest, "CREATE");
  const known = isMaking ? db.get(key, "stream") : existing(client, key);
  if (rest.length > MAX_CREATE_OPTIONS) throw subcommandError("XGROUP", "CREATE");
  const id = word === "$" ? known?.lastId ?? FIRST_ID : toId(word);
  const stream = known ?? db.collection(key, "stream", () => new StreamValue());
  if (stream.group(name) !== undefined) {
    throw new ErrorReply("BUSYGROUP Consumer Group name already exists");
  }
  stream.addGroup(name, id, entriesRead);
  db.changed(key, "xgroup-create");
  return OK;
}

function setId(client: Client, [key, name, word, ...rest]: readonly string[]): Reply {
  const { entriesRead } = groupOptions(rest, "SETID");
  const group = existingGroup(client, key, name);
  const { lastId } = existing(client, key);
  if (rest.length > MAX_SETID_OPTIONS) throw subcommandError("XGROUP", "SETID");
  group.lastId = word === "$" ? lastId : toIdOrEnd(word);
  group.entriesRead = entriesRead;
  client.db.changed(key, "xgroup-setid");
  return OK;
}

function destroy(client: Client, [key, name]: readonly string[]): Reply {
  if (!existing(client, key).deleteGroup(name)) return 0;
  client.db.changed(key, "xgroup-destroy");
  return 1;
}

function createConsumer(client: Client, [key, name, consumer]: readonly string[]): Reply {
  const group = existingGroup(client, key, name);
  if (group.consumer(consumer) !== undefined) return 0;
  addConsumer(client, key, group, consumer);
  return 1;
}

function deleteConsumer(client: Client, [key, name, consumerName]: readonly string[]): Reply {
  const group = existingGroup(client, key, name);
  const consumer = group.consumer(consumerName);
  if (consumer === undefined) return 0;
  const { size } = consumer.pending;
  group.deleteConsumer(consumer);
  client.db.changed(key, "xgroup-delconsumer");
  return size;
}
