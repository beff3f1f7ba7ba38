/**
 * How far subscribers are behind.
 *
 * @module
 */

import type { ByteSource } from "../segment/byte_source.ts";
import { CURSOR } from "../segment/structures.ts";
import { type LaneRow, readRows } from "../segment/tables.ts";
import type { ParticipantReport } from "./participants.ts";
import { CURSOR_BYTES, LANE_BUDGET, MAX_LANES } from "../../wasm/layout.ts";

/**
 * What a subscriber has still to read. It writes its position down when it moves to another lane,
 * after 64 messages at the latest, so that its backlog is known up to these 64.
 */
export interface BacklogReport {
  /** Index of the subscriber among the participants. */
  readonly subscriber: number;
  /** Fewest messages that it can have still to read. */
  readonly atLeast: number;
  /** Most messages that it can have still to read. */
  readonly atMost: number;
  /** Fewest messages among them that are overwritten: it will miss them. */
  readonly missing: number;
}

/** The backlog of one subscriber; undefined if it has no cursors. */
export function readBacklog(
  source: ByteSource,
  { index, region }: ParticipantReport,
  lanes: readonly LaneRow[],
): BacklogReport | undefined {
  if (region === undefined) return undefined;
  const count = Math.min(Math.floor(region.bytes / CURSOR_BYTES), MAX_LANES);
  const cursors = readRows(source, CURSOR, region.offset, count);
  const backlog = { subscriber: index, atLeast: 0, atMost: 0, missing: 0 };
  for (const lane of lanes) {
    const cursor = cursors[lane.index];
    if (cursor === undefined || lane.data === 0 || cursor.position >= lane.head) continue;
    backlog.atMost += Math.max(0, lane.count - cursor.sequence);
    backlog.atLeast += Math.max(0, lane.count - cursor.sequence - LANE_BUDGET);
    if (lane.tail > cursor.position) {
      backlog.missing += Math.max(0, lane.tailCount - cursor.sequence - LANE_BUDGET);
    }
  }
  return backlog;
}
