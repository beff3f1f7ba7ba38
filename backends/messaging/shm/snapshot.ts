/**
 * The records that lead from an empty replica to a given one.
 *
 * @module
 */

import type { SnapshotRecord } from "../../../lib/journal/journal.ts";
import type { KeyedValue } from "../../store/keyspace.ts";
import { valueToJson } from "../../store/value.ts";
import type { Member } from "./members.ts";
import { encodeOperation, type OperationName, type Operations } from "./operation.ts";

/** Makes a record. Its sequence number is that of the record that it replaces, or 0. */
export function snapshotRecord<Name extends OperationName>(
  sequence: number,
  name: Name,
  args: Operations[Name],
  text?: string,
): SnapshotRecord {
  return { sequence, bytes: encodeOperation(name, args, text) };
}

/** The records of a member's subscriptions. */
export function* snapshotMember(
  name: string,
  { isolate, subscription }: Member,
): Iterable<SnapshotRecord> {
  for (const topic of subscription.topics) {
    yield snapshotRecord(0, "subscribe", [name, String(isolate), topic]);
  }
  for (const pattern of subscription.patterns) {
    yield snapshotRecord(0, "psubscribe", [name, String(isolate), pattern]);
  }
}

/** The records of a key. */
export function* snapshotKey(
  { key, kind, value, expiresAtMs }: KeyedValue,
): Iterable<SnapshotRecord> {
  if (kind === "string") {
    yield snapshotRecord(0, "set", [key, timeOrNull(expiresAtMs)], valueToJson(value));
  } else if (kind === "hash") {
    for (const [field, each] of value) {
      yield snapshotRecord(0, "hset", [key, field], valueToJson(each));
    }
  } else {
    const members = [...value.values()].map(valueToJson);
    yield snapshotRecord(0, "sadd", [key], JSON.stringify(members));
  }
}

/** Rounds a time to milliseconds, because the store has converted it to seconds and back. Null: never. */
export function timeOrNull(timeMs: number): number | null {
  return timeMs === Infinity ? null : Math.round(timeMs);
}
