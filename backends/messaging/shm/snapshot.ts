/**
 * The records that lead from an empty replica to a given one.
 *
 * @module
 */

import type { SnapshotRecord } from "../../../lib/journal/journal.ts";
import type { Arguments, ArgumentValues } from "../../store/arguments.ts";
import { textOfBytes } from "../../store/byte_string.ts";
import type { KeyedValue } from "../../store/keyspace.ts";
import type { Operation } from "../../store/operation.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { StoredMessage } from "../../store/stored_message.ts";
import { valueOfStored } from "../../store/value.ts";
import type { Member } from "./members.ts";
import {
  type ControlFields,
  encodeOperation,
  encodeRecord,
  type RecordContext,
} from "./operation.ts";

/** The record of limits and counters. */
export function snapshotConfig(fields: ControlFields["config"]): SnapshotRecord {
  return { sequence: 0, bytes: encodeRecord("config", fields), heldUntilMs: 0 };
}

/** The record of a message. Its sequence number is that of the record that it replaces. */
export function snapshotMessage(
  { namespace, topic, text, expiresAtMs }: StoredMessage,
  sequence: number,
): SnapshotRecord {
  const values = { namespace, topic, message: text, ttl: finite(expiresAtMs) };
  const record = recordOf(OPERATIONS.store, values, {}, sequence);
  return { ...record, heldUntilMs: expiresAtMs };
}

/** The records of a member's subscriptions. */
export function* snapshotMember(
  name: string,
  { isolate, subscription }: Member,
): Iterable<SnapshotRecord> {
  const context = { member: { name, isolate } };
  for (const topic of subscription.topics) {
    yield { ...recordOf(OPERATIONS.subscribe, { topic }, context), heldUntilMs: 0 };
  }
  for (const pattern of subscription.patterns) {
    yield { ...recordOf(OPERATIONS.psubscribe, { pattern }, context), heldUntilMs: 0 };
  }
}

/** The records of a key. No operation of the journal makes values of other kinds. */
export function* snapshotKey(entry: KeyedValue): Iterable<SnapshotRecord> {
  const key = textOfBytes(entry.key);
  if (entry.kind === "string") {
    const ex = finite(entry.expiresAtMs);
    const record = recordOf(OPERATIONS.set, { key, value: valueOfStored(entry.value), ex });
    yield { ...record, heldUntilMs: entry.expiresAtMs };
  } else if (entry.kind === "hash") {
    for (const { key: name, value } of entry.value.fields.values()) {
      const field = textOfBytes(name);
      yield recordOf(OPERATIONS.hset, { key, field, value: valueOfStored(value) });
    }
  } else if (entry.kind === "set") {
    const members = entry.value.members.values().map(({ value }) => valueOfStored(value));
    yield recordOf(OPERATIONS.sadd, { key, members: members.toArray() });
  }
}

/** Makes the record of an operation. The time of expiry takes the place of a time to live. */
function recordOf<A extends Arguments>(
  operation: Operation<A>,
  values: ArgumentValues<A>,
  context: Pick<RecordContext, "member"> = {},
  sequence = 0,
): SnapshotRecord {
  // Rounded to milliseconds, because the store has converted it to seconds and back.
  const bytes = encodeOperation(operation, values, { ...context, expiresAtMs: Math.round });
  return { sequence, bytes };
}

function finite(timeMs: number): number | undefined {
  return timeMs === Infinity ? undefined : timeMs;
}
