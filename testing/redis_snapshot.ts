/**
 * The keys of a Redis server as a value.
 *
 * @module
 */

import type { ReplyValue } from "../backends/resp/server/local_client.ts";

/** Executes a command. */
type Call = (words: readonly (string | number)[]) => ReplyValue;

/** A key with its value. */
export interface KeySnapshot {
  /** Kind of value, as `TYPE` names it. */
  readonly type: string;
  /**
   * A text, the fields of a hash as an object, an array of the elements of a list, the sorted members of a
   * set, pairs of member and score, or the entries of a stream with their ids.
   */
  readonly value: unknown;
  /** Milliseconds to live, if it expires. */
  readonly ttlMs?: number;
}

const READERS: Readonly<Record<string, (call: Call, key: string) => unknown>> = {
  string: (call, key) => call(["GET", key]),
  hash: (call, key) => Object.fromEntries(pairs(call(["HGETALL", key])).toSorted(byName)),
  set: (call, key) => (call(["SMEMBERS", key]) as string[]).toSorted(),
  list: (call, key) => call(["LRANGE", key, 0, -1]),
  zset: (call, key) => pairs(call(["ZRANGE", key, 0, -1, "WITHSCORES"])),
  stream: (call, key) => call(["XRANGE", key, "-", "+"]),
};

/** All keys, sorted by name. */
export function snapshotOf(call: Call): Record<string, KeySnapshot> {
  const keys = (call(["KEYS", "*"]) as string[]).toSorted();
  return Object.fromEntries(keys.map((key) => [key, snapshotOfKey(call, key)]));
}

function snapshotOfKey(call: Call, key: string): KeySnapshot {
  const type = call(["TYPE", key]) as string;
  const ttlMs = call(["PTTL", key]) as number;
  return { type, value: READERS[type](call, key), ...(ttlMs < 0 ? {} : { ttlMs }) };
}

/** Items that are pairs already stay so. */
function pairs(items: ReplyValue): [string, ReplyValue][] {
  const list = items as ReplyValue[];
  if (Array.isArray(list[0])) return list as [string, ReplyValue][];
  return Array.from(
    { length: list.length / 2 },
    (_, i) => [list[2 * i] as string, list[2 * i + 1]],
  );
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
