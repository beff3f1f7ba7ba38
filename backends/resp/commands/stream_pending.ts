/**
 * `XACK` and `XPENDING`: entries that consumers have got and not acknowledged.
 *
 * @module
 */

import type { ConsumerGroup } from "../../store/consumer_group.ts";
import type { StreamId } from "../../store/stream_id.ts";
import type { Client } from "../engine/client.ts";
import { SYNTAX_ERROR } from "../engine/errors.ts";
import { NULL_ARRAY, type Reply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";
import { toMost } from "./ranges.ts";
import { groupOf, noGroup } from "./stream_groups.ts";
import { toId, toIntervalEnd, toIntervalStart } from "./stream_ids.ts";

/** `XACK` */
export function xack(client: Client, [key, name, ...words]: readonly string[]): Reply {
  const found = groupOf(client, key, name);
  if (found === undefined) return 0;
  const ids = words.map((word) => toId(word));
  const released = ids.filter((id) => found.group.release(id)).length;
  client.db.resized(key);
  return released;
}

/** `XPENDING` */
export function xpending(client: Client, [key, name, ...words]: readonly string[]): Reply {
  const query = words.length === 0 ? undefined : pendingQuery(words);
  const found = groupOf(client, key, name);
  if (found === undefined) throw noGroup(key, name);
  return query === undefined ? summary(found.group) : details(client, found.group, query);
}

/** Number, first and last id, and the numbers of the consumers. */
function summary({ pending, consumers }: ConsumerGroup): Reply {
  if (pending.size === 0) return [0, null, null, NULL_ARRAY];
  const counts = consumers.filter((consumer) => consumer.pending.size > 0)
    .map(({ name, pending }): Reply => [name, String(pending.size)]);
  return [pending.size, pending.firstId!.toString(), pending.lastId!.toString(), counts];
}

/** Which entries the command is about. */
interface PendingQuery {
  readonly minIdleMs: number;
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  readonly consumer: string | undefined;
}

function pendingQuery(words: readonly string[]): PendingQuery {
  if (words.length < 3 || words.length > 6) throw SYNTAX_ERROR;
  const hasIdle = words[0].toUpperCase() === "IDLE";
  const minIdleMs = hasIdle ? toInteger(words[1]) : 0;
  const [start, end, count, consumer] = hasIdle ? words.slice(2) : words;
  if (count === undefined) throw SYNTAX_ERROR;
  return {
    minIdleMs,
    count: toMost(count),
    start: toIntervalStart(start),
    end: toIntervalEnd(end),
    consumer,
  };
}

function details({ nowMs }: Client, group: ConsumerGroup, query: PendingQuery): Reply {
  const source = query.consumer === undefined ? group : group.consumer(query.consumer);
  if (source === undefined) return [];
  return source.pending.range(query.start, query.end)
    .map(([id, entry]) => ({ id, ...entry, idleMs: Math.max(0, nowMs - entry.deliveredAtMs) }))
    .filter(({ idleMs }) => idleMs >= query.minIdleMs)
    .take(query.count)
    .map(({ id, consumer, idleMs, deliveries }): Reply => [
      id.toString(),
      consumer.name,
      idleMs,
      deliveries,
    ])
    .toArray();
}
