/**
 * Following a channel as it goes on.
 *
 * @module
 */

import type { ChannelReader } from "./reader.ts";
import type { Seen } from "./lane_reader.ts";
import { pause } from "../base/sleep.ts";
import type { SegmentFile } from "./segment_file.ts";
import { HEADER_STATUS, STATUS_CLOSED } from "../../wasm/layout.ts";

/** Nobody rings for one who only looks: the time between two looks, in milliseconds. */
const SHORTEST_PAUSE_MS = 1;
/** After looks that found nothing it grows up to this. */
const LONGEST_PAUSE_MS = 20;
/** Looks at what was there when the signal aborted. */
const LAST_LOOKS = 64;

/** Why no more can come. */
export type FollowEnd = "aborted" | "closed" | "deleted";

/**
 * Hands on what is read until the signal aborts, or the channel is closed or deleted and all that was in
 * it is read. Every look that found something is one value.
 */
export async function* follow(
  file: SegmentFile,
  reader: ChannelReader,
  signal: AbortSignal,
): AsyncGenerator<Seen, FollowEnd> {
  let pauseMs = SHORTEST_PAUSE_MS;
  while (!signal.aborted) {
    const over = endOf(file);
    const seen = reader.read();
    const isNews = isTelling(seen);
    if (isNews) yield seen;
    if (!seen.hasMore && over !== undefined) return over;
    pauseMs = isNews ? SHORTEST_PAUSE_MS : Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    await pause(seen.hasMore ? 0 : pauseMs, signal);
  }
  yield* lastOf(reader);
  return "aborted";
}

/** What came before the end is not left out. */
function* lastOf(reader: ChannelReader): Generator<Seen> {
  for (let look = 0; look < LAST_LOOKS; look++) {
    const seen = reader.read();
    if (isTelling(seen)) yield seen;
    if (!seen.hasMore) return;
  }
}

function isTelling({ messages, missed, findings }: Seen): boolean {
  return messages.length > 0 || missed > 0 || findings.length > 0;
}

function endOf(file: SegmentFile): FollowEnd | undefined {
  const status = file.read(HEADER_STATUS, 4);
  const isClosed = status.length === 4 &&
    new DataView(status.buffer).getUint32(0, true) === STATUS_CLOSED;
  if (isClosed) return "closed";
  return file.isDeleted() || status.length < 4 ? "deleted" : undefined;
}
