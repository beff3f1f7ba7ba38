/**
 * `XREAD` and `XREADGROUP`.
 *
 * @module
 */

import type { Consumer, ConsumerGroup } from "../../store/consumer_group.ts";
import { ENTRY_BYTES } from "../../store/memory_quota.ts";
import { FIRST_ID, LAST_ID, type StreamId } from "../../store/stream_id.ts";
import type { StreamFields, StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import type { KeyPositions } from "../engine/command_info.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import { MapReply, NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { awaited } from "./awaited.ts";
import { toInteger } from "./numbers.ts";
import { toMost } from "./ranges.ts";
import { consumerOf, deliver, noGroup } from "./stream_groups.ts";
import { entryReply, toId } from "./stream_ids.ts";
import { limited } from "./timeouts.ts";

/** The keys after `STREAMS`. */
export const streamKeys: KeyPositions = {
  first: 0,
  last: 0,
  step: 0,
  find(words) {
    const first = words.findIndex((word, i) => i > 0 && word.toUpperCase() === "STREAMS") + 1;
    const count = first === 0 ? 0 : Math.floor((words.length - first) / 2);
    return Array.from({ length: count }, (_, i) => first + i);
  },
};

const NO_DOLLAR = err(
  "The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer " +
    "by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty " +
    "result set.",
);
const NO_GREATER_SIGN = err(
  "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);

const UNBALANCED = err(
  "Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);

/** What a command is given. */
interface ReadCall {
  /** Milliseconds to wait; undefined: it does not wait. */
  timeoutMs: number | undefined;
  /** Most entries of each stream; 0: all. */
  count: number;
  group: string | undefined;
  consumer: string;
  /** True if what it gets is not pending. */
  isAcknowledged: boolean;
  /** Place of the first key among the words. */
  readonly start: number;
  readonly keys: readonly string[];
  readonly ids: readonly string[];
}

/** `XREAD` */
export function xread(client: Client, words: readonly string[]): Reply {
  const call = readCall(client, words, "xread");
  const after = call.keys.map((key, i) => startOf(client, key, call.ids[i]));
  const found = call.keys.flatMap((key, i) => newEntries(client, key, after[i], call.count));
  if (found.length > 0) return streamsReply(client, found);
  // What a later attempt reads begins where this call was made.
  const args = [...words.slice(0, call.start + call.keys.length), ...after.map(String)];
  return blockFor(client, call, args);
}

/** `XREADGROUP` */
export function xreadgroup(client: Client, words: readonly string[]): Reply {
  const call = readCall(client, words, "xreadgroup");
  if (call.group === undefined) throw err("Missing GROUP option for XREADGROUP");
  const sources = call.keys.map((key, i) => groupSource(client, call, key, call.ids[i]));
  const found = sources.flatMap((source) => groupEntries(client, call, source));
  return found.length > 0 ? streamsReply(client, found) : blockFor(client, call, words);
}

function readCall(
  { scriptedCommand }: Client,
  words: readonly string[],
  name: "xread" | "xreadgroup",
): ReadCall {
  const call = {
    timeoutMs: undefined,
    count: 0,
    group: undefined,
    consumer: "",
    isAcknowledged: false,
  };
  const options: Omit<ReadCall, "start" | "keys" | "ids"> = call;
  for (let i = 0; i < words.length; i++) {
    const option = words[i].toUpperCase();
    const left = words.length - 1 - i;
    if (option === "BLOCK" && left >= 1) {
      if (scriptedCommand !== undefined) {
        throw err(`${scriptedCommand} command is not allowed with BLOCK option from scripts`);
      }
      options.timeoutMs = limited(
        toInteger(words[++i], err("timeout is not an integer or out of range")),
      );
    } else if (option === "COUNT" && left >= 1) options.count = toMost(words[++i]);
    else if (option === "STREAMS" && left >= 1) {
      return { ...options, start: i + 1, ...streamsOf(words.slice(i + 1)) };
    } else if (option === "GROUP" && left >= 2) {
      if (name === "xread") throw onlyForGroups("GROUP");
      options.group = words[++i];
      options.consumer = words[++i];
    } else if (option === "NOACK") {
      if (name === "xread") throw onlyForGroups("NOACK");
      options.isAcknowledged = true;
    } else throw SYNTAX_ERROR;
  }
  throw SYNTAX_ERROR;
}

function onlyForGroups(option: string) {
  return err(
    `The ${option} option is only supported by XREADGROUP. You called XREAD instead.`,
  );
}

function streamsOf(words: readonly string[]) {
  if (words.length % 2 === 1) throw UNBALANCED;
  const count = words.length / 2;
  return { keys: words.slice(0, count), ids: words.slice(count) };
}

/** The streams with their entries. Version 2 of the protocol has pairs. */
function streamsReply({ version }: Client, found: readonly FoundStream[]): Reply {
  if (version === 2) return found.map(({ key, entries }) => [key, entries]);
  return new MapReply(found.flatMap(({ key, entries }): Reply[] => [key, entries]));
}

function blockFor(client: Client, { keys, timeoutMs }: ReadCall, args: readonly string[]): Reply {
  if (timeoutMs === undefined) return NULL_ARRAY;
  return client.block({ keys, timeoutMs, onTimeout: NULL_ARRAY, args });
}

/** What was found in a stream. */
interface FoundStream {
  readonly key: string;
  readonly entries: readonly Reply[];
}

/** The id after which a client wants to read. After `+`, that is the one before the last entry. */
function startOf(client: Client, key: string, word: string): StreamId {
  const stream = awaited(client, key, "stream");
  if (word === "$") return stream?.lastId ?? FIRST_ID;
  if (word === ">") throw NO_GREATER_SIGN;
  if (word === "+" && isSince("7.4.0", client.service.version)) {
    return stream?.log.lastId?.previous() ?? FIRST_ID;
  }
  return toId(word);
}

function newEntries(
  client: Client,
  key: string,
  after: StreamId,
  count: number,
): FoundStream[] {
  const stream = awaited(client, key, "stream");
  const last = stream?.log.lastId;
  if (stream === undefined || last === undefined || last.compare(after) <= 0) return [];
  return [{ key, entries: entriesAfter(stream, after, count).map(entryReply) }];
}

function entriesAfter(
  { log }: StreamValue,
  after: StreamId,
  count: number,
): [StreamId, StreamFields][] {
  const start = after.next();
  if (start === undefined) return [];
  return log.range(start, LAST_ID).take(count === 0 ? Infinity : count).toArray();
}

/** A stream of which a consumer wants new entries, or those that are pending for it. */
interface GroupSource {
  readonly key: string;
  readonly stream: StreamValue;
  readonly group: ConsumerGroup;
  /** The id after which pending entries are read; undefined for new ones. */
  readonly after: StreamId | undefined;
}

function groupSource({ db }: Client, call: ReadCall, key: string, word: string): GroupSource {
  const stream = db.get(key, "stream");
  const group = stream?.group(call.group!);
  if (stream === undefined || group === undefined) {
    throw noGroup(key, call.group!, " in XREADGROUP with GROUP option");
  }
  if (word === "$") throw NO_DOLLAR;
  const after = word === ">" ? LAST_ID : toId(word);
  return { key, stream, group, after: after.compare(LAST_ID) === 0 ? undefined : after };
}

function groupEntries(client: Client, call: ReadCall, source: GroupSource): FoundStream[] {
  const { key, stream, group, after } = source;
  const last = stream.log.lastId;
  const hasNew = last !== undefined && last.compare(group.lastId) > 0;
  const consumer = consumerOf(client, key, group, call.consumer, after !== undefined || hasNew);
  if (consumer === undefined) return [];
  if (after === undefined && !hasNew) return [];
  consumer.activeAtMs = client.nowMs;
  if (after !== undefined) {
    return [{ key, entries: pendingEntries(client, call, source, consumer) }];
  }
  const entries = entriesAfter(stream, group.lastId, call.count);
  if (!call.isAcknowledged) client.db.reserve(entries.length * ENTRY_BYTES, entries.length);
  deliver(stream, group, entries.map(([id]) => id));
  if (!call.isAcknowledged) {
    for (const [id] of entries) group.assign(id, consumer, client.nowMs, 1);
  }
  client.db.resized(key);
  return [{ key, entries: entries.map(entryReply) }];
}

/** Delivers again what is pending. Of entries that were deleted the id alone is left. */
function pendingEntries(
  { nowMs }: Client,
  { count }: ReadCall,
  { stream, group, after }: GroupSource,
  consumer: Consumer,
): Reply[] {
  const start = after!.next();
  if (start === undefined) return [];
  const pending = consumer.pending.range(start, LAST_ID).take(count === 0 ? Infinity : count);
  return pending.toArray().map(([id, { deliveries }]): Reply => {
    const fields = stream.log.get(id);
    if (fields === undefined) return [id.toString(), NULL_ARRAY];
    group.assign(id, consumer, nowMs, deliveries + 1);
    return entryReply([id, fields]);
  });
}
