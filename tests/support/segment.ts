/**
 * What a segment's bytes mean, read from outside by its documented offsets.
 *
 * @module
 */

import type { LocalHandle } from "../../mod.ts";
import { controlOffset } from "../../lib/segment/format.ts";
import { type ByteSource, MemorySource } from "../../lib/segment/byte_source.ts";
import { geometryOf, pendingBytes, readLanes } from "../../lib/segment/tables.ts";
import {
  CONTROL_FAIRNESS_SET,
  CONTROL_RECEIVER_WAITERS,
  CONTROL_SENDER_WAITERS,
  HEADER_CAPACITY,
} from "../../wasm/layout.ts";
import { until } from "./deadline.ts";
import { BytesInMemory } from "./observed.ts";

/** Where a segment's bytes are: its file, or a local channel's memory. */
export type SegmentLocation = { path: string } | LocalHandle;

function view(location: SegmentLocation): DataView {
  if ("memory" in location) return new DataView(location.memory.buffer);
  return new DataView(Deno.readFileSync(location.path).buffer);
}

function membersOf(set: number, location: SegmentLocation): number {
  const bytes = view(location);
  const control = controlOffset(Number(bytes.getBigUint64(HEADER_CAPACITY, true)));
  let members = 0;
  for (let word = 0; word < 4; word++) {
    const bits = bytes.getBigUint64(control + set + word * 8, true);
    members += bits.toString(2).replaceAll("0", "").length;
  }
  return members;
}

/** Waits until so many receivers of a queue wait for their turn. */
export function untilWaiting(location: SegmentLocation, receivers: number): Promise<void> {
  return until(
    () => membersOf(CONTROL_FAIRNESS_SET, location) === receivers,
    `waiting of ${receivers} receivers`,
  );
}

/** Waits until so many receivers sleep. */
export function untilReceiversBlocked(location: SegmentLocation, receivers: number): Promise<void> {
  return until(
    () => membersOf(CONTROL_RECEIVER_WAITERS, location) === receivers,
    `${receivers} sleeping receivers`,
  );
}

/** Waits until so many senders sleep because there is no space. */
export function untilSendersBlocked(location: SegmentLocation, senders: number): Promise<void> {
  return until(
    () => membersOf(CONTROL_SENDER_WAITERS, location) === senders,
    `${senders} sleeping senders`,
  );
}

/** Waits until all that was sent on a queue is taken. */
export function untilDrained(location: SegmentLocation): Promise<void> {
  const isDrained = () => {
    const capacity = Number(view(location).getBigUint64(HEADER_CAPACITY, true));
    return pendingBytes(readLanes(sourceOf(location), geometryOf(capacity))) === 0n;
  };
  return until(isDrained, "taking of all messages");
}

function sourceOf(location: SegmentLocation): ByteSource {
  if ("memory" in location) {
    return new MemorySource(location.memory, location.memory.buffer.byteLength);
  }
  return new BytesInMemory(Deno.readFileSync(location.path));
}
