// How many messages were committed on a lane of a broadcast. A writer stores this count before the
// head: one that stopped or died between the two says too much, and the records tell the truth.

import { LANE_COUNT, LANE_LAST, LANE_TAIL, LANE_TAIL_COUNT, RECORD_PADDING } from "../layout";
import { capacity } from "./channel";
import { read64 } from "./memory";
import { check, foundBytes, foundFlags, foundSequence } from "./record";

/** No count: what was read does not fit together. */
export const UNKNOWN: u64 = u64.MAX_VALUE;

/** The 64-bit number closest to `about` whose low half is `low`. */
export function near(about: u64, low: u32): u64 {
  return about + <u64>(<i64>(<i32>(low - <u32>about)));
}

/** The count at `head` by the last record, which has to end there. */
export function countByLast(entry: usize, data: usize, head: u64): u64 {
  const last = read64(entry + LANE_LAST);
  if (last >= head || !checkAt(data, last, head) || last + foundBytes != head) return UNKNOWN;
  return near(read64(entry + LANE_COUNT), foundSequence + 1);
}

/** The count at `head` by all records from the oldest on. */
export function countByWalk(entry: usize, data: usize, head: u64): u64 {
  let position = read64(entry + LANE_TAIL);
  let count = read64(entry + LANE_TAIL_COUNT);
  while (position < head) {
    if (!checkAt(data, position, head)) return UNKNOWN;
    if ((foundFlags & RECORD_PADDING) == 0) count = near(count, foundSequence + 1);
    position += foundBytes;
  }
  return count;
}

function checkAt(data: usize, position: u64, head: u64): bool {
  const offset = <u32>(position % capacity) & ~7;
  return check(data + offset, position, min<u64>(head - position, capacity - offset));
}
