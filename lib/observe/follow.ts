/**
 * Reads a channel again and again, until it ends.
 *
 * @module
 */

import type { ChannelReader } from "./reader.ts";
import type { ReadResult } from "./lane_reader.ts";
import { sleep } from "../base/sleep.ts";
import type { SegmentFile } from "./segment_file.ts";
import { HEADER_STATUS, STATUS_CLOSED } from "../../wasm/layout.ts";

/** An observer has no doorbell: it reads at intervals of this many milliseconds. */
const MIN_POLL_INTERVAL_MS = 1;
/** The interval grows up to this while nothing is read. */
const MAX_POLL_INTERVAL_MS = 20;
/** Reads, at most, of what the channel held when the signal aborted. */
const MAX_FINAL_READS = 64;

/** Why the reading ended. */
export type FollowEnd = "aborted" | "closed" | "deleted";

/**
 * Yields what is read until the signal aborts, or until the channel is closed or deleted and all that was
 * in it is read. Every read that found something is one value.
 */
export async function* follow(
  file: SegmentFile,
  reader: ChannelReader,
  signal: AbortSignal,
): AsyncGenerator<ReadResult, FollowEnd> {
  let intervalMs = MIN_POLL_INTERVAL_MS;
  while (!signal.aborted) {
    const end = endOf(file);
    const result = reader.read();
    const hasResults = isNonEmpty(result);
    if (hasResults) yield result;
    if (!result.hasMore && end !== undefined) return end;
    intervalMs = hasResults ? MIN_POLL_INTERVAL_MS : Math.min(2 * intervalMs, MAX_POLL_INTERVAL_MS);
    await sleep(result.hasMore ? 0 : intervalMs, signal);
  }
  yield* finalReads(reader);
  return "aborted";
}

/** Reads what arrived before the signal aborted. */
function* finalReads(reader: ChannelReader): Generator<ReadResult> {
  for (let read = 0; read < MAX_FINAL_READS; read++) {
    const result = reader.read();
    if (isNonEmpty(result)) yield result;
    if (!result.hasMore) return;
  }
}

function isNonEmpty({ messages, missed, issues }: ReadResult): boolean {
  return messages.length > 0 || missed > 0 || issues.length > 0;
}

/** Why a channel has ended; undefined if it has not. */
export function endOf(file: SegmentFile): Exclude<FollowEnd, "aborted"> | undefined {
  const status = file.read(HEADER_STATUS, 4);
  const isClosed = status.length === 4 &&
    new DataView(status.buffer).getUint32(0, true) === STATUS_CLOSED;
  if (isClosed) return "closed";
  return file.isDeleted() || status.length < 4 ? "deleted" : undefined;
}
