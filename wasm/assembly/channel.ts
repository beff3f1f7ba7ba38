// What one attachment knows of its channel: places that follow from the capacity, and limits.

import {
  DROPPED_COUNTED,
  FORMAT_CAPACITY,
  FORMAT_END,
  FORMAT_FLAGS,
  FORMAT_KIND,
  FORMAT_LANE,
  FORMAT_LANES,
  FORMAT_MAGIC,
  FORMAT_VERSION,
  OTHERS_COUNT,
  OTHERS_HEAD,
  OTHERS_TAIL,
  RESERVE_MOVED,
  RING_CHECKSUMMED,
  SUM_READ,
  SUM_STORED,
  TOTAL_HEAD,
} from "../failpoints";
import {
  CONTROL_BYTES,
  CONTROL_CORRECTIONS,
  CONTROL_LANES,
  CONTROL_OTHERS_COUNT,
  CONTROL_OTHERS_HEAD,
  CONTROL_OTHERS_TAIL,
  CONTROL_PARTICIPANTS,
  HEADER_BYTES,
  HEADER_CAPACITY,
  HEADER_COUNT,
  HEADER_DROPPED,
  HEADER_END,
  HEADER_FLAGS,
  HEADER_HEAD,
  HEADER_KIND,
  HEADER_LANES,
  HEADER_MAGIC,
  HEADER_STATUS,
  HEADER_TAIL,
  HEADER_VERSION,
  LANE_BYTES,
  LANE_COUNT,
  LANE_DATA,
  LANE_DATA_CHECK,
  LANE_HEAD,
  LANE_TAIL,
  MAGIC_HIGH,
  MAGIC_LOW,
  MAX_LANES,
  NEXT_CORRUPT,
  PARTICIPANT_BYTES,
  STATUS_CLOSED,
  VERSION,
} from "../layout";
import { failpoint } from "./failpoint";
import { publish64, read32, read64, setWeak } from "./memory";
import { checksum, withChecksum } from "./checksum";

export let kind: u32 = 0;
export let capacity: u32 = 0;
export let control: usize = 0;
/** Bytes from the start of the memory that may be touched. */
export let mapped: u32 = 0;

/** Says how this machine orders stores, which kind of channel this is, and how large its rings are. */
export function configure(isWeak: u32, channelKind: u32, ringBytes: u32, mappedBytes: u32): void {
  setWeak(isWeak != 0);
  kind = channelKind;
  capacity = ringBytes;
  control = (HEADER_BYTES + ringBytes + 63) & ~63;
  mapped = mappedBytes;
}

export function setMapped(bytes: u32): void {
  mapped = bytes;
}

/** Bytes of a segment when it is new. */
function segmentBytes(ringBytes: u32): u32 {
  return ((HEADER_BYTES + ringBytes + 63) & ~63) + CONTROL_BYTES;
}

/** Writes the header of a new segment; the magic comes last. */
export function format(flags: u32): void {
  store<u64>(HEADER_VERSION, VERSION);
  failpoint(FORMAT_VERSION);
  store<u32>(HEADER_KIND, kind);
  failpoint(FORMAT_KIND);
  store<u32>(HEADER_FLAGS, flags);
  failpoint(FORMAT_FLAGS);
  store<u64>(HEADER_CAPACITY, capacity);
  failpoint(FORMAT_CAPACITY);
  store<u64>(HEADER_END, withChecksum(segmentBytes(capacity)));
  failpoint(FORMAT_END);
  setRingOffset(0, HEADER_BYTES);
  failpoint(FORMAT_LANE);
  store<u32>(HEADER_LANES, countWord(1));
  failpoint(FORMAT_LANES);
  atomic.store<u64>(HEADER_MAGIC, ((<u64>MAGIC_HIGH) << 32) | (<u64>MAGIC_LOW));
  failpoint(FORMAT_MAGIC);
}

// @ts-ignore: decorator
@inline
export function lane(index: u32): usize {
  return control + CONTROL_LANES + index * LANE_BYTES;
}

// @ts-ignore: decorator
@inline
export function participant(index: u32): usize {
  return control + CONTROL_PARTICIPANTS + index * PARTICIPANT_BYTES;
}

/** The number of lanes with its complement, which tells a word that was overwritten. */
function countWord(count: u32): u32 {
  return count | (~count << 16);
}

/** Lanes that were in use before: there are never fewer. */
let knownLanes: u32 = 0;

/** Lanes in use; all that the table holds if the word cannot be right. */
export function laneCount(): u32 {
  const count = countOf(read32(HEADER_LANES));
  if (count > knownLanes) knownLanes = count;
  return knownLanes;
}

function countOf(word: u32): u32 {
  const count = word & 0xffff;
  return word == countWord(count) && count <= <u32>MAX_LANES ? count : MAX_LANES;
}

/** Learns from the table which lanes were in use before we came. */
export function findLanes(): void {
  for (let i: u32 = 0; i < <u32>MAX_LANES; ++i) {
    if (ringOf(i) != 0) knownLanes = i + 1;
  }
}

/** Shows a lane to receivers. */
export function publishLane(index: u32): void {
  while (true) {
    const word = read32(HEADER_LANES);
    if (countOf(word) > index) return;
    if (atomic.cmpxchg<u32>(HEADER_LANES, word, countWord(index + 1)) == word) return;
  }
}

/** Says where a lane's ring lies; the check comes first, so that no reader sees a place without. */
export function setRingOffset(index: u32, offset: u32): void {
  atomic.store<u32>(lane(index) + LANE_DATA_CHECK, checksum(offset, index));
  failpoint(RING_CHECKSUMMED);
  atomic.store<u32>(lane(index) + LANE_DATA, offset);
}

/** Where a lane's ring lies, 0 if it has none yet. */
export function ringOf(index: u32): u32 {
  return read32(lane(index) + LANE_DATA);
}

/** True if a lane's ring may be where its entry says. */
export function isRingValid(index: u32, offset: u32): bool {
  return load<u32>(lane(index) + LANE_DATA_CHECK) == checksum(offset, index);
}

/**
 * Reserves `bytes` behind the end of the segment; answers their place, 0 if addresses run out, and
 * NEXT_CORRUPT if the end cannot be right.
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

/** Gives back what was reserved last and has no storage; what others have reserved behind it keeps it. */
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

// The header's totals are the first lane's positions plus what all other lanes add. With one
// lane its writer and its readers store them as they go. With more, whoever changed a part writes
// the sum and looks whether a part moved meanwhile, so that the last one to finish leaves the truth.

// @ts-ignore: decorator
@inline
export function totalSent(isFirst: bool, head: u64, count: u64, bytes: u64, messages: u64): void {
  if (isFirst && load<u64>(control + CONTROL_OTHERS_COUNT) == 0) {
    store<u64>(HEADER_HEAD, head);
    failpoint(TOTAL_HEAD);
    store<u64>(HEADER_COUNT, count);
  } else {
    totalSentShared(isFirst, bytes, messages);
  }
}

function totalSentShared(isFirst: bool, bytes: u64, messages: u64): void {
  if (!isFirst) {
    atomic.add<u64>(control + CONTROL_OTHERS_HEAD, bytes);
    failpoint(OTHERS_HEAD);
    atomic.add<u64>(control + CONTROL_OTHERS_COUNT, messages);
    failpoint(OTHERS_COUNT);
    if (wereCorrected()) reconcileAll();
  }
  sum(HEADER_HEAD, lane(0) + LANE_HEAD, control + CONTROL_OTHERS_HEAD);
  sum(HEADER_COUNT, lane(0) + LANE_COUNT, control + CONTROL_OTHERS_COUNT);
}

// @ts-ignore: decorator
@inline
export function totalReceived(isFirst: bool, tail: u64, bytes: u64): void {
  if (isFirst && load<u64>(control + CONTROL_OTHERS_COUNT) == 0) {
    store<u64>(HEADER_TAIL, tail);
  } else {
    totalReceivedShared(isFirst, bytes);
  }
}

function totalReceivedShared(isFirst: bool, bytes: u64): void {
  if (!isFirst) {
    atomic.add<u64>(control + CONTROL_OTHERS_TAIL, bytes);
    failpoint(OTHERS_TAIL);
    if (wereCorrected()) reconcileAll();
  }
  sumTails();
}

export function sumTails(): void {
  sum(HEADER_TAIL, lane(0) + LANE_TAIL, control + CONTROL_OTHERS_TAIL);
}

function sum(target: usize, first: usize, others: usize): void {
  for (let round = 0; round < 8; ++round) {
    const a = read64(first);
    const b = read64(others);
    failpoint(SUM_READ);
    atomic.store<u64>(target, a + b);
    failpoint(SUM_STORED);
    if (read64(first) == a && read64(others) == b) return;
  }
}

/** Writes the header's totals anew, as an attacher does after others may have died. */
export function refreshTotals(): void {
  reconcileAll();
  sum(HEADER_HEAD, lane(0) + LANE_HEAD, control + CONTROL_OTHERS_HEAD);
  sum(HEADER_COUNT, lane(0) + LANE_COUNT, control + CONTROL_OTHERS_COUNT);
  sumTails();
}

/** Corrections up to this one have in them what we told. */
let seenCorrections: u32 = 0;

/** True if what we have just told may be told twice: by us, and by a correction meanwhile. */
// @ts-ignore: decorator
@inline
function wereCorrected(): bool {
  return read32(control + CONTROL_CORRECTIONS) != seenCorrections;
}

function reconcileAll(): void {
  const corrections = read32(control + CONTROL_CORRECTIONS);
  const isReconciled = reconcile(control + CONTROL_OTHERS_HEAD, LANE_HEAD) &&
    reconcile(control + CONTROL_OTHERS_COUNT, LANE_COUNT) &&
    reconcile(control + CONTROL_OTHERS_TAIL, LANE_TAIL);
  if (isReconciled) seenCorrections = corrections;
}

/** Looks at parts that do not move, before they are taken for what is left of the dead. */
const STABLE_READS = 64;
const RECONCILE_ROUNDS = 8;

/**
 * Who died between a change of its lane and telling of it has left the sum of all lanes but the first
 * wrong. Who lives may be between the two as well: then something moves while we look, or, if it is
 * stopped there, it finds the correction when it goes on. False if too much moved.
 */
function reconcile(others: usize, field: usize): bool {
  for (let round = 0; round < RECONCILE_ROUNDS; ++round) {
    const published = read64(others);
    const actual = sumOfOthers(field);
    if (published == actual) return true;
    let reads = 0;
    while (reads < STABLE_READS && read64(others) == published && sumOfOthers(field) == actual) reads++;
    if (reads < STABLE_READS) continue;
    atomic.add<u32>(control + CONTROL_CORRECTIONS, 1);
    if (atomic.cmpxchg<u64>(others, published, actual) == published) return true;
  }
  return false;
}

function sumOfOthers(field: usize): u64 {
  const lanes = laneCount();
  let total: u64 = 0;
  for (let i: u32 = 1; i < lanes; ++i) total += read64(lane(i) + field);
  return total;
}
