// The table of lanes: how many there are, where their rings lie, and how large they are.

import { RING_CHECKSUMMED, RING_SIZED } from "../failpoints";
import {
  CONTROL_LANES,
  HEADER_LANES,
  LANE_BYTES,
  LANE_CAPACITY,
  LANE_DATA,
  LANE_DATA_CHECK,
  MAX_LANES,
} from "../layout";
import { control, mapped } from "./channel";
import { checksum } from "./checksum";
import { failpoint } from "./failpoint";
import { read32, read64 } from "./memory";

/** A lane's entry in the table. */
// @ts-ignore: decorator
@inline
export function lane(index: u32): usize {
  return control + CONTROL_LANES + index * LANE_BYTES;
}

/** The sum of one field of all lanes in use: of their heads or tails. */
export function sumOfLanes(field: usize): u64 {
  const lanes = laneCount();
  let sum: u64 = 0;
  for (let i: u32 = 0; i < lanes; ++i) sum += read64(lane(i) + field);
  return sum;
}

/** The number of lanes with its complement, which exposes a word that was overwritten. */
export function countWord(count: u32): u32 {
  return count | (~count << 16);
}

/** Lanes that were in use before: their number never falls. */
let knownLanes: u32 = 0;

/** The number of lanes in use; MAX_LANES if the word is corrupt. */
export function laneCount(): u32 {
  const count = countOf(read32(HEADER_LANES));
  if (count > knownLanes) knownLanes = count;
  return knownLanes;
}

function countOf(word: u32): u32 {
  const count = word & 0xffff;
  return word == countWord(count) && count <= <u32>MAX_LANES ? count : MAX_LANES;
}

/** Reads from the table which lanes were in use before this participant joined. */
export function findLanes(): void {
  for (let i: u32 = 0; i < <u32>MAX_LANES; ++i) {
    if (ringOf(i) != 0) knownLanes = i + 1;
  }
}

/** True if the number of lanes in use includes this one, so that receivers see it. */
// @ts-ignore: decorator
@inline
export function isLaneCounted(index: u32): bool {
  return countOf(load<u32>(HEADER_LANES)) > index;
}

/** Makes a lane visible to receivers. */
export function publishLane(index: u32): void {
  while (true) {
    const word = read32(HEADER_LANES);
    if (countOf(word) > index) return;
    if (atomic.cmpxchg<u32>(HEADER_LANES, word, countWord(index + 1)) == word) return;
  }
}

/** Sets where a lane's ring lies, and its size. The offset is written last: no reader sees it alone. */
export function setRing(index: u32, offset: u32, bytes: u32): void {
  atomic.store<u32>(lane(index) + LANE_CAPACITY, bytes);
  failpoint(RING_SIZED);
  atomic.store<u32>(lane(index) + LANE_DATA_CHECK, ringChecksum(index, offset, bytes));
  failpoint(RING_CHECKSUMMED);
  atomic.store<u32>(lane(index) + LANE_DATA, offset);
}

/** Where a lane's ring lies, 0 if it has none yet. */
export function ringOf(index: u32): u32 {
  return read32(lane(index) + LANE_DATA);
}

/** Bytes of a lane's ring; no ring is smaller than 64, whatever the word says. */
export function ringBytesOf(index: u32): u32 {
  return max<u32>(read32(lane(index) + LANE_CAPACITY), 64);
}

function ringChecksum(index: u32, offset: u32, bytes: u32): u32 {
  return checksum(checksum(offset, index), bytes);
}

/** True if the offset and the size of a lane's ring have their checksum, and the ring is mapped. */
export function isRingMapped(index: u32, offset: u32, bytes: u32): bool {
  return isRingValid(index, offset, bytes) && <u64>offset + bytes <= mapped;
}

/** True if the offset and the size of a lane's ring have their checksum. */
export function isRingValid(index: u32, offset: u32, bytes: u32): bool {
  return load<u32>(lane(index) + LANE_DATA_CHECK) == ringChecksum(index, offset, bytes);
}
