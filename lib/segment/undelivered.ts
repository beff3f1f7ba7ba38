/**
 * How many messages a queue holds, from the numbers of its records.
 *
 * @module
 */

import type { ByteSource } from "./byte_source.ts";
import { extendLow32, recordAt, type RecordHeader } from "./record.ts";
import { type Geometry, type LaneRow, readLanes, unacknowledgedMessages } from "./tables.ts";
import { RECORD_PAYLOAD } from "../../wasm/layout.ts";

/** Messages that no puller has taken, or that are not acknowledged; at least 1 for a damaged lane. */
export function undeliveredMessages(source: ByteSource, geometry: Geometry): number {
  const waiting = readLanes(source, geometry)
    .filter(({ head, tail }) => head > tail)
    .reduce((sum, lane) => sum + waitingOn(source, lane), 0);
  return waiting + unacknowledgedMessages(source, geometry);
}

function waitingOn(source: ByteSource, lane: LaneRow): number {
  const first = readRecord(source, lane, lane.tail);
  const oldest = first?.isPadding ? readRecord(source, lane, lane.tail + first.bytes) : first;
  return oldest === undefined ? 1 : lane.count - extendLow32(lane.count, oldest.sequence);
}

function readRecord(
  source: ByteSource,
  { data, capacity, head }: LaneRow,
  position: number,
): RecordHeader | undefined {
  if (capacity === 0) return undefined;
  const at = position % capacity;
  const bytes = source.read(data + at, Math.min(RECORD_PAYLOAD, capacity - at));
  const available = Math.min(head - position, capacity - at);
  const place = { offset: data + at, position };
  return recordAt(new DataView(bytes.buffer), 0, place, available);
}
