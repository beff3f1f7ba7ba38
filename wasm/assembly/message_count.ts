// How many messages were committed on a lane. A writer tells the last record's place, then the head,
// then the count: who died or stands still before the count has left one that is behind, and the
// record at that place, which ends at the head, says what it has to be.

import { LANE_COUNT, LANE_DATA, LANE_HEAD, LANE_LAST } from "../layout";
import { capacity, mapped } from "./channel";
import { isRingValid, lane } from "./lane";
import { loadFence, publish64, read64 } from "./memory";
import { check, foundBytes, foundSequence } from "./record";

/** The 64-bit number closest to `about` whose low half is `low`. */
export function near(about: u64, low: u32): u64 {
  return about + <u64>(<i64>(<i32>(low - <u32>about)));
}

/** The count at a head; true only if the head is still the same afterwards. */
export function countAt(entry: usize, data: usize, head: u64): u64 {
  const last = read64(entry + LANE_LAST);
  const isPublished = last < head && endsAt(data, last, head);
  loadFence();
  const count = read64(entry + LANE_COUNT);
  return isPublished ? near(count, foundSequence + 1) : count;
}

/** A record that is overwritten already belongs to a commit whose count was told. */
function endsAt(data: usize, last: u64, head: u64): bool {
  const offset = <u32>(last % capacity) & ~7;
  const space = min<u64>(head - last, capacity - offset);
  return check(data + offset, last, space) && last + foundBytes == head;
}

/** Tells the count of a lane whose writer died. */
export function recount(index: u32): void {
  const entry = lane(index);
  const data = load<u32>(entry + LANE_DATA);
  if (!isRingValid(index, data) || <u64>data + capacity > mapped) return;
  publish64(entry + LANE_COUNT, countAt(entry, data, read64(entry + LANE_HEAD)));
}
