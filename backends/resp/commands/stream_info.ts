/**
 * `XINFO`: what is known of a stream, its groups and their consumers.
 *
 * @module
 */

import type { Consumer, ConsumerGroup } from "../../store/consumer_group.ts";
import { FIRST_ID, LAST_ID } from "../../store/stream_id.ts";
import type { StreamValue } from "../../store/stream_value.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { NO_SUCH_KEY, wrongArity } from "../engine/errors.ts";
import { isSince } from "../engine/version.ts";
import { MapReply, type Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";
import { toInteger } from "./numbers.ts";
import { toMost } from "./ranges.ts";
import { noGroupOf, subcommandError } from "./stream_groups.ts";
import { entryReply } from "./stream_ids.ts";

const KEY = { first: 2, last: 2, step: 1 };
/** Parts of each list of `FULL`, unless it says otherwise. */
const DEFAULT_COUNT = 10;

/** The row of the table. */
export const XINFO_ROW: CommandRow = {
  ...row(
    "xinfo",
    -2,
    "",
    NO_KEYS,
    "5.0.0",
    "What is known of a stream.",
    () => wrongArity("xinfo"),
  ),
  subcommands: [
    row("xinfo|consumers", 4, "readonly", KEY, "5.0.0", "The consumers of a group.", consumers),
    row("xinfo|groups", 3, "readonly", KEY, "5.0.0", "The groups of a stream.", groups),
    helpRow("xinfo|help", "5.0.0", () => XINFO_ROW),
    row("xinfo|stream", -3, "readonly", KEY, "5.0.0", "A stream, with `FULL` in detail.", stream),
  ],
};

function streamAt({ db }: Client, key: string): StreamValue {
  const stream = db.get(key, "stream");
  if (stream === undefined) throw NO_SUCH_KEY;
  return stream;
}

function consumers(client: Client, [key, name]: readonly string[]): Reply {
  const group = streamAt(client, key).group(name);
  if (group === undefined) throw noGroupOf(key, name);
  return group.consumers.map((consumer) => consumerReply(client, consumer));
}

function consumerReply({ nowMs, service }: Client, consumer: Consumer): Reply {
  const { name, pending, seenAtMs, activeAtMs } = consumer;
  const items: Reply[] = ["name", name, "pending", pending.size, "idle", since(seenAtMs, nowMs)];
  if (isSince("7.2.0", service.version)) {
    items.push("inactive", activeAtMs === undefined ? -1 : since(activeAtMs, nowMs));
  }
  return new MapReply(items);
}

function since(atMs: number, nowMs: number): number {
  return Math.max(0, nowMs - atMs);
}

function groups(client: Client, [key]: readonly string[]): Reply {
  const stream = streamAt(client, key);
  return stream.groups.map((group) =>
    new MapReply([
      "name",
      group.name,
      "consumers",
      group.consumerCount,
      "pending",
      group.pending.size,
      "last-delivered-id",
      group.lastId.toString(),
      ...progress(stream, group),
    ])
  );
}

/** How many entries a group has read, and how many it has not; no value if that is not known. */
function progress(stream: StreamValue, group: ConsumerGroup): Reply[] {
  return ["entries-read", group.entriesRead ?? null, "lag", lagOf(stream, group) ?? null];
}

function lagOf(stream: StreamValue, { entriesRead, lastId }: ConsumerGroup): number | undefined {
  if (stream.entriesAdded === 0) return 0;
  const isCounted = entriesRead !== undefined && !stream.hasDeletedFrom(lastId);
  const read = isCounted ? entriesRead : stream.countUpTo(lastId);
  return read === undefined ? undefined : stream.entriesAdded - read;
}

function stream(client: Client, [key, ...words]: readonly string[]): Reply {
  const stream = streamAt(client, key);
  if (words.length === 0) return new MapReply([...facts(stream), ...edges(stream)]);
  const isFull = words[0].toUpperCase() === "FULL" && (words.length === 1 || words.length === 3);
  if (!isFull || words.length === 3 && words[1].toUpperCase() !== "COUNT") {
    throw subcommandError("XINFO", "STREAM");
  }
  const isDefault = words.length === 1 || toInteger(words[2]) < 0;
  const count = isDefault ? DEFAULT_COUNT : toMost(words[2]);
  return full(client, stream, count === 0 ? Infinity : count);
}

function facts(stream: StreamValue): Reply[] {
  return [
    "length",
    stream.size,
    "radix-tree-keys",
    stream.nodes.size,
    "radix-tree-nodes",
    stream.nodes.size + 1,
    "last-generated-id",
    stream.lastId.toString(),
    "max-deleted-entry-id",
    stream.maxDeletedId.toString(),
    "entries-added",
    stream.entriesAdded,
    "recorded-first-entry-id",
    stream.firstId.toString(),
  ];
}

function edges({ log, groupCount }: StreamValue): Reply[] {
  const [first] = log.range(FIRST_ID, LAST_ID).take(1);
  const [last] = log.reversed(FIRST_ID, LAST_ID).take(1);
  return [
    "groups",
    groupCount,
    "first-entry",
    first === undefined ? null : entryReply(first),
    "last-entry",
    last === undefined ? null : entryReply(last),
  ];
}

function full(client: Client, stream: StreamValue, count: number): Reply {
  return new MapReply([
    ...facts(stream),
    "entries",
    stream.log.entries().take(count).map(entryReply).toArray(),
    "groups",
    stream.groups.map((group) => fullGroup(client, stream, group, count)),
  ]);
}

function fullGroup(
  client: Client,
  stream: StreamValue,
  group: ConsumerGroup,
  count: number,
): Reply {
  const pending = group.pending.entries().take(count)
    .map(([id, { consumer, deliveredAtMs, deliveries }]): Reply => [
      id.toString(),
      consumer.name,
      deliveredAtMs,
      deliveries,
    ]);
  return new MapReply([
    "name",
    group.name,
    "last-delivered-id",
    group.lastId.toString(),
    ...progress(stream, group),
    "pel-count",
    group.pending.size,
    "pending",
    pending.toArray(),
    "consumers",
    group.consumers.map((consumer) => fullConsumer(client, consumer, count)),
  ]);
}

function fullConsumer({ service }: Client, consumer: Consumer, count: number): Reply {
  const { name, seenAtMs, activeAtMs, pending } = consumer;
  const active = isSince("7.2.0", service.version) ? ["active-time", activeAtMs ?? -1] : [];
  const entries = pending.entries().take(count)
    .map(([id, { deliveredAtMs, deliveries }]): Reply => [
      id.toString(),
      deliveredAtMs,
      deliveries,
    ]);
  return new MapReply([
    "name",
    name,
    "seen-time",
    seenAtMs,
    ...active,
    "pel-count",
    pending.size,
    "pending",
    entries.toArray(),
  ]);
}
