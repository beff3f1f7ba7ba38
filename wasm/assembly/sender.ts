// The writing side of a lane: claim space, let JavaScript copy, commit. One instance writes one lane.

import {
  CLAIM_INVALIDATED,
  LOAN_DATED,
  CLAIM_PADDED,
  CLAIM_WRITTEN,
  COMMIT_BEGUN,
  COMMIT_COUNTED,
  COMMIT_LAST,
  COMMIT_PUBLISHED,
  COMMIT_TOTALS,
  EVICT_COUNTED,
  EVICT_MOVED,
  EVICT_TOTALS,
} from "../failpoints";
import {
  CONTROL_BYTES,
  KIND_BROADCAST,
  LANE_COUNT,
  LANE_DATA,
  LANE_HEAD,
  LANE_LAST,
  LANE_LOAN,
  LANE_OWNER,
  LANE_TAIL,
  LANE_TAIL_COUNT,
  PLACE_BYTES,
  RECORD_BLOCK,
  RECORD_FRAME,
  RECORD_PADDING,
  RECORD_PAYLOAD,
  RECORD_TOPIC,
  RING_GAP,
} from "../layout";
import { control, kind } from "./channel";
import { failpoint } from "./failpoint";
import { pinnedFrom, oldestPinOn } from "./pin";
import { isLaneCounted, isRingMapped, lane, publishLane, ringBytesOf } from "./lane";
import { publish64, read64, storeFence } from "./memory";
import { near } from "./message_count";
import {
  check,
  foundBytes,
  foundFlags,
  foundSequence,
  recordBytes,
  topicBytes,
  writePadding,
  writeRecord,
} from "./record";
import { tag } from "./checksum";
import { totalReceived, totalSent } from "./totals";
import { hasWaitingReceivers } from "./waiters";

let entry: usize = 0;
/** The lane's owner word while this participant owns the lane. */
let owner: u32 = 0;
let isFirst: bool = false;
let laneIndex: u32 = 0;
let data: usize = 0;
/** Bytes of the lane's ring. */
let capacity: u32 = 64;
// Published: everything before is visible to readers.
let head: u64 = 0;
let headAt: u32 = 0;
let count: u64 = 0;
// Staged: claimed and written, not yet published.
let next: u64 = 0;
let nextAt: u32 = 0;
let nextCount: u64 = 0;
let last: u64 = 0;
// The writer may write up to this position without reading the tail again.
let limit: u64 = 0;
// Broadcast: bytes of published records that stay for subscribers that come later.
let kept: u64 = 0;
// Broadcast: the oldest record that is still whole.
let tail: u64 = 0;
let tailAt: u32 = 0;

// The last writer's records, in which `nextHandover` looks for references to blocks.
let handover: u64 = 0;

/** Continues where the lane's last writer stopped. Returns 0 if the lane is corrupt. */
export function openLane(index: u32, participantIndex: u32): u32 {
  entry = lane(index);
  owner = participantIndex + 1;
  laneIndex = index;
  isFirst = index == 0;
  data = load<u32>(entry + LANE_DATA);
  capacity = ringBytesOf(index);
  head = next = read64(entry + LANE_HEAD);
  count = nextCount = read64(entry + LANE_COUNT);
  tail = read64(entry + LANE_TAIL);
  last = read64(entry + LANE_LAST);
  if (tail > head || head - tail > capacity || ((head | tail) & 7) != 0) return 0;
  if (index != 0 && data < control + CONTROL_BYTES) return 0;
  if (!isRingMapped(index, <u32>data, capacity)) return 0;
  headAt = nextAt = <u32>(head % capacity);
  tailAt = <u32>(tail % capacity);
  handover = kind == KIND_BROADCAST ? tail : pinnedFrom(entry, tail);
  limit = handover + capacity;
  return 1;
}

/** The offset of the next reference to a block that the lane's last writer left, 0 if there is none. */
export function nextHandover(): u32 {
  while (handover < head) {
    const offset = <u32>(handover % capacity) & ~7;
    const space = min<u64>(head - handover, capacity - offset);
    if (!check(data + offset, handover, space)) return 0;
    handover += foundBytes;
    if ((foundFlags & RECORD_BLOCK) == 0) continue;
    const payload = <u32>data + offset + RECORD_PAYLOAD;
    return (foundFlags & RECORD_TOPIC) == 0 ? payload : payload + topicBytes(payload);
  }
  return 0;
}

/** Position behind the record that `nextHandover` found, modulo 2^53. */
export function handoverPosition(): f64 {
  return <f64>(handover & 0x1fffffffffffff);
}

/** Claims space for a payload; returns its offset, or 0 when the ring is full or the lane is corrupt. */
export function claim(payload: u32, flags: u32): u32 {
  const need = recordBytes(payload);
  const toEnd = capacity - nextAt;
  const end = next + need + (toEnd < need ? toEnd : 0);
  if (load<u32>(entry + LANE_OWNER) != owner) return 0;
  if (end + RING_GAP > limit && !makeSpace(end + RING_GAP)) return 0;
  if (toEnd < need) {
    writePadding(data + nextAt, next, toEnd);
    failpoint(CLAIM_PADDED);
    next += toEnd;
    nextAt = 0;
  }
  const at = data + nextAt;
  writeNext(payload, need, flags);
  return <u32>at + RECORD_PAYLOAD;
}

/**
 * Claims space for records of `bytes` in all that lie side by side; returns where it begins, or 0. The caller
 * writes the size and the payload of each.
 */
export function claimRun(bytes: u32): u32 {
  const end = next + bytes;
  if (load<u32>(entry + LANE_OWNER) != owner || capacity - nextAt < bytes) return 0;
  if (end + RING_GAP > limit) {
    if (end + RING_GAP + kept > head + capacity || !makeSpace(end + RING_GAP)) return 0;
  }
  return <u32>data + nextAt;
}

/** Stages the records of a run; returns 0 if another process has changed their sizes meanwhile. */
export function stageRun(bytes: u32): u32 {
  for (let left = bytes; left != 0;) {
    const payload = <u32>load<u64>(data + nextAt) - 8;
    const need = recordBytes(payload);
    if (payload > left || need > left) return 0;
    writeNext(payload, need, 0);
    left -= need;
  }
  return 1;
}

// @ts-ignore: decorator
@inline
function writeNext(payload: u32, need: u32, flags: u32): void {
  writeRecord(data + nextAt, next, payload, nextCount, flags);
  failpoint(CLAIM_WRITTEN);
  last = next;
  next += need;
  nextAt += need;
  if (nextAt == capacity) nextAt = 0;
  nextCount++;
}

/** The tag of a block that the record claimed last refers to. */
export function claimedTag(offset: u32, length: u32): u32 {
  return tag(last, offset, length);
}

/** False if another participant owns this lane, or its tail is corrupt. */
export function isLaneValid(): u32 {
  const seen = read64(entry + LANE_TAIL);
  const isOurs = load<u32>(entry + LANE_OWNER) == owner;
  return isOurs && seen <= head && head - seen <= capacity && (seen & 7) == 0 ? 1 : 0;
}

let savedFrame: u64 = 0;

/** Invalidates the frame of the record claimed last, so that no reader takes it for whole while it is written. */
export function invalidateClaim(): void {
  const frame = data + <u32>(last % capacity) + RECORD_FRAME;
  savedFrame = load<u64>(frame);
  store<u64>(frame, ~savedFrame);
  failpoint(CLAIM_INVALIDATED);
}

/** Sets when this sender's loan began; 0 when it ends. */
export function dateLoan(nowMs: f64): void {
  store<f64>(entry + LANE_LOAN, nowMs);
  failpoint(LOAN_DATED);
}

export function restoreClaim(): void {
  store<u64>(data + <u32>(last % capacity) + RECORD_FRAME, savedFrame);
}

/**
 * Publishes a message whose payload, of at most PLACE_BYTES, was written to the offset that the last call
 * of `commit` or `send` returned. Returns what `commit` returns.
 */
export function send(payload: u32, flags: u32): u32 {
  writeNext(payload, recordBytes(payload), flags);
  return publish();
}

/**
 * Publishes all that is claimed. Returns the offset for the payload that `send` publishes, 0 if there is
 * not certainly space for it; plus 1 if a receiver waits.
 */
export function commit(): u32 {
  return publish();
}

// @ts-ignore: decorator
@inline
function publish(): u32 {
  failpoint(COMMIT_BEGUN);
  const bytes = next - head;
  const messages = nextCount - count;
  head = next;
  headAt = nextAt;
  count = nextCount;
  store<u64>(entry + LANE_LAST, last);
  failpoint(COMMIT_LAST);
  publish64(entry + LANE_HEAD, head);
  failpoint(COMMIT_PUBLISHED);
  publish64(entry + LANE_COUNT, count);
  failpoint(COMMIT_COUNTED);
  totalSent(isFirst, head, count, bytes, messages);
  failpoint(COMMIT_TOTALS);
  // An older value of the number of lanes would hide this one from receivers, which would wait for ever.
  if (!isFirst && !isLaneCounted(laneIndex)) publishLane(laneIndex);
  return nextPlace() | hasWaitingReceivers();
}

// @ts-ignore: decorator
@inline
function nextPlace(): u32 {
  const need: u32 = RECORD_PAYLOAD + PLACE_BYTES;
  if (capacity - nextAt < need || next + need + RING_GAP > limit) return 0;
  return <u32>data + nextAt + RECORD_PAYLOAD;
}

/** Releases all that is claimed and not committed. */
export function abort(): void {
  next = head;
  nextAt = headAt;
  nextCount = count;
}

/** Position behind everything committed or claimed, modulo 2^53. Blocks are bound to it. */
export function claimedPosition(): f64 {
  return <f64>(next & 0x1fffffffffffff);
}

/** Position up to which records are released by readers, or evicted. */
export function releasedPosition(): f64 {
  if (kind != KIND_BROADCAST) refreshLimit();
  return <f64>((limit - capacity) & 0x1fffffffffffff);
}

/** Bytes of the ring that are in use. */
export function usedBytes(): u32 {
  refreshLimit();
  return <u32>(next - (limit - capacity));
}

function refreshLimit(): void {
  if (kind == KIND_BROADCAST) limit = tail + capacity;
  else limit = pinnedFrom(entry, read64(entry + LANE_TAIL)) + capacity;
}

function makeSpace(end: u64): bool {
  if (kind == KIND_BROADCAST) return overwrite(end);
  refreshLimit();
  return end <= limit;
}

/**
 * From now on so many bytes of published records stay. A single message may still take their place, if it is
 * too long for the rest of the ring.
 */
export function keepHistory(bytes: u32): void {
  kept = bytes;
}

/**
 * Evicts the oldest records until `end` fits, and an eighth of the ring more, so that this is rare. With a
 * history, it is what the history leaves. Staged records have to be published before they can be a part of it.
 */
function overwrite(end: u64): bool {
  if (end > head + capacity) return false;
  if (next != head && end + kept > head + capacity) return false;
  const least = end - capacity;
  const most = max<u64>(least, head > kept ? head - kept : 0);
  return evictUpTo(min<u64>(least + (capacity >> 3), most));
}

/** Moves the tail to the first record at or behind `target`, never onto padding. */
function evictUpTo(target: u64): bool {
  while (tail < head) {
    if (!check(data + tailAt, tail, min<u64>(head - tail, capacity - tailAt))) return evictAll();
    const isPadding = (foundFlags & RECORD_PADDING) != 0;
    if (tail >= target && !isPadding) return publishTail(near(count, foundSequence));
    tail += foundBytes;
    tailAt += foundBytes;
    if (tailAt >= capacity) tailAt = 0;
  }
  return publishTail(count);
}

/** Evicts everything published: a damaged record hides where the next one begins. */
function evictAll(): bool {
  tail = head;
  tailAt = headAt;
  return publishTail(count);
}

/**
 * Publishes the tail, and how many messages precede it. That number is read from the record at the tail,
 * never summed up: a writer that died between the two stores left one that is ahead.
 */
function publishTail(tailCount: u64): bool {
  const bytes = tail - read64(entry + LANE_TAIL);
  store<u64>(entry + LANE_TAIL_COUNT, tailCount);
  failpoint(EVICT_COUNTED);
  publish64(entry + LANE_TAIL, tail);
  failpoint(EVICT_MOVED);
  totalReceived(isFirst, tail, bytes);
  failpoint(EVICT_TOTALS);
  storeFence();
  limit = tail + capacity;
  return true;
}

/** Broadcast: evicts what was published before a position modulo 2^53. */
export function evictBefore(position: f64): void {
  const bytes = (<u64>position - tail) & 0x1fffffffffffff;
  evictUpTo(min<u64>(tail + bytes, head));
}

/** The participant that pins what this writer would overwrite next, or -1. */
export function oldestPin(): i32 {
  return oldestPinOn(entry);
}
