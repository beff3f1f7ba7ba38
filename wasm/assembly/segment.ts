// A segment as a whole: its header, its end, and what is added behind the end.

import {
  CREATOR_PID,
  CREATOR_TIME,
  DROPPED_COUNTED,
  FORMAT_CAPACITY,
  FORMAT_END,
  FORMAT_FLAGS,
  FORMAT_KIND,
  FORMAT_LANE,
  FORMAT_LANES,
  FORMAT_MAGIC,
  FORMAT_VERSION,
  RESERVE_MOVED,
} from "../failpoints";
import {
  CONTROL_BYTES,
  CONTROL_CREATED_AT,
  CONTROL_CREATOR_PID,
  HEADER_BYTES,
  HEADER_CAPACITY,
  HEADER_DROPPED,
  HEADER_END,
  HEADER_FLAGS,
  HEADER_KIND,
  HEADER_LANES,
  HEADER_MAGIC,
  HEADER_STATUS,
  HEADER_VERSION,
  MAGIC_HIGH,
  MAGIC_LOW,
  NEXT_CORRUPT,
  STATUS_CLOSED,
  VERSION,
} from "../layout";
import { control, controlOffset, firstCapacity, kind } from "./channel";
import { withChecksum } from "./checksum";
import { failpoint } from "./failpoint";
import { countWord, setRing } from "./lane";
import { read32, read64 } from "./memory";

/** Records which process creates the segment, and when. */
export function setCreator(pid: u32, now: f64): void {
  store<u32>(control + CONTROL_CREATOR_PID, pid);
  failpoint(CREATOR_PID);
  store<f64>(control + CONTROL_CREATED_AT, now);
  failpoint(CREATOR_TIME);
}

/** Writes the header of a new segment. The magic number is written last. */
export function format(flags: u32): void {
  store<u64>(HEADER_VERSION, VERSION);
  failpoint(FORMAT_VERSION);
  store<u32>(HEADER_KIND, kind);
  failpoint(FORMAT_KIND);
  store<u32>(HEADER_FLAGS, flags);
  failpoint(FORMAT_FLAGS);
  store<u64>(HEADER_CAPACITY, firstCapacity);
  failpoint(FORMAT_CAPACITY);
  store<u64>(HEADER_END, withChecksum(controlOffset(firstCapacity) + CONTROL_BYTES));
  failpoint(FORMAT_END);
  setRing(0, HEADER_BYTES, firstCapacity);
  failpoint(FORMAT_LANE);
  store<u32>(HEADER_LANES, countWord(1));
  failpoint(FORMAT_LANES);
  atomic.store<u64>(HEADER_MAGIC, ((<u64>MAGIC_HIGH) << 32) | (<u64>MAGIC_LOW));
  failpoint(FORMAT_MAGIC);
}

/**
 * Reserves `bytes` behind the end of the segment. Returns their offset, 0 if the addresses are used up,
 * and NEXT_CORRUPT if the end is corrupt.
 */
export function reserve(bytes: u32): u32 {
  const rounded = (bytes + 63) & ~63;
  while (true) {
    const word = read64(HEADER_END);
    const end = <u32>word;
    if (word != withChecksum(end)) return NEXT_CORRUPT;
    if (<u64>end + rounded > 0xffff0000) return 0;
    if (atomic.cmpxchg<u64>(HEADER_END, word, withChecksum(end + rounded)) == word) {
      failpoint(RESERVE_MOVED);
      return end;
    }
  }
}

/** Undoes a reservation that got no storage. It stays if another process has reserved bytes behind it. */
export function unreserve(offset: u32, bytes: u32): void {
  atomic.cmpxchg<u64>(HEADER_END, withChecksum(offset + bytes), withChecksum(offset));
}

export function closed(): u32 {
  return read32(HEADER_STATUS) == STATUS_CLOSED ? 1 : 0;
}

export function addDropped(messages: u64): void {
  atomic.add<u64>(HEADER_DROPPED, messages);
  failpoint(DROPPED_COUNTED);
}
