/**
 * How far subscribers are behind.
 *
 * @module
 */

import type { LaneWords } from "./lane.ts";
import type { ParticipantReport } from "./participants.ts";
import type { ByteSource } from "./segment_file.ts";
import { CURSOR_BYTES, CURSOR_POSITION, CURSOR_SEQUENCE, LANE_BUDGET } from "../../wasm/layout.ts";

/**
 * What a subscriber has still to read. It notes where it is when it goes on to another lane, after
 * 64 messages at the latest: so its backlog is known but for these.
 */
export interface BacklogReport {
  /** The subscriber's place among the participants. */
  readonly subscriber: number;
  /** Messages that it has surely still to read. */
  readonly atLeast: number;
  /** Messages that it may have still to read. */
  readonly atMost: number;
  /** Messages among them that are surely overwritten: it will miss them. */
  readonly missing: number;
}

/** The backlog of one subscriber. */
export function readBacklog(
  source: ByteSource,
  { index, region }: ParticipantReport,
  lanes: readonly LaneWords[],
): BacklogReport | undefined {
  if (region === undefined) return undefined;
  const bytes = source.read(region.offset, Math.min(region.bytes, lanes.length * CURSOR_BYTES));
  const view = new DataView(bytes.buffer, 0, bytes.length);
  const backlog = { subscriber: index, atLeast: 0, atMost: 0, missing: 0 };
  for (const lane of lanes) {
    const at = lane.index * CURSOR_BYTES;
    if (at + CURSOR_BYTES > bytes.length) break;
    const position = Number(view.getBigUint64(at + CURSOR_POSITION, true));
    const sequence = Number(view.getBigUint64(at + CURSOR_SEQUENCE, true));
    if (lane.data === 0 || position >= lane.head) continue;
    backlog.atMost += Math.max(0, lane.count - sequence);
    backlog.atLeast += Math.max(0, lane.count - sequence - LANE_BUDGET);
    if (lane.tail > position) {
      backlog.missing += Math.max(0, lane.tailCount - sequence - LANE_BUDGET);
    }
  }
  return backlog;
}
