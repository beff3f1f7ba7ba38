// How many messages were committed on a lane. A writer publishes the position of the last record, then the
// head, then the count. A writer that died or was stopped before the last step has left a count that is
// behind. The last record, which ends at the head, has the right one.

import { LANE_COUNT, LANE_DATA, LANE_HEAD, LANE_LAST } from "../layout";
import { isRingMapped, lane, ringBytesOf } from "./lane";
import { loadFence, publish64, read64 } from "./memory";
import { check, foundBytes, foundSequence } from "./record";

/** The 64-bit number closest to `about` whose low half is `low`. */
export function near(about: u64, low: u32): u64 {
  return about + <u64>(<i64>(<i32>(low - <u32>about)));
}

/** The count at a head of a lane whose ring was checked. It is right only if the head is the same afterwards. */
export function countAt(entry: usize, data: usize, capacity: u32, head: u64): u64 {
  const last = read64(entry + LANE_LAST);
  const isPublished = last < head && endsAt(data, capacity, last, head);
  loadFence();
  const count = read64(entry + LANE_COUNT);
  return isPublished ? near(count, foundSequence + 1) : count;
}

/** True if the record ends at the head. One that is overwritten belongs to a commit that was counted. */
function endsAt(data: usize, capacity: u32, last: u64, head: u64): bool {
  const offset = <u32>(last % capacity) & ~7;
  const space = min<u64>(head - last, capacity - offset);
  return check(data + offset, last, space) && last + foundBytes == head;
}

/** Publishes the count of a lane whose writer died. */
export function recount(index: u32): void {
  const entry = lane(index);
  const data = load<u32>(entry + LANE_DATA);
  const bytes = ringBytesOf(index);
  if (!isRingMapped(index, data, bytes)) return;
  publish64(entry + LANE_COUNT, countAt(entry, data, bytes, read64(entry + LANE_HEAD)));
}
