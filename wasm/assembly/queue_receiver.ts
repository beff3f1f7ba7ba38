// Receiving from a queue: a record is copied first, and taken by moving its lane's tail. Bytes that are
// read before that may change at any time, and are not trusted.

import { LEASE_COPIED, TAKE_COPIED, TAKE_MOVED } from "../failpoints";
import {
  LANE_HEAD,
  LANE_TAIL,
  NEXT_CORRUPT,
  NEXT_EMPTY,
  RECORD_HEADERS,
  RECORD_PADDING,
  RECORD_TENSOR,
  RECORD_UNDEFINED,
  TAKEN,
  TAKEN_SENDER_WAITING,
} from "../layout";
import { failpoint } from "./failpoint";
import { addServiceCount } from "./fairness";
import { lane } from "./lane";
import {
  advance,
  budget,
  capacity,
  checkRecord,
  checkRing,
  checkRingAgain,
  endBudget,
  enter,
  entry,
  isAtHead,
  isAtStart,
  isHeadMisplaced,
  isHeadPossible,
  isInsideRecord,
  isRingChecked,
  laneIndex,
  payloadOffset,
  position,
  positionBehindDamage,
  seek,
  seenHead,
  setSeenHead,
  spendBudget,
} from "./lane_cursor";
import { acquireLease, cancelLease } from "./lease";
import { hasLeaseTables } from "./lease_table";
import { loadFence, read64 } from "./memory";
import { pin, unpin } from "./pin";
import { addSize, beginSizes, foundBytes, foundFlags, isFound } from "./record";
import { publishFirstTail } from "./tail";
import { totalReceived } from "./totals";
import { hasWaitingSenders } from "./waiters";

/** Flags that a message keeps in its lease slot. */
const KEPT_FLAGS: u32 = RECORD_TENSOR | RECORD_HEADERS | RECORD_UNDEFINED;

/** The tail that has to be moved: where the records begin that were read and are not taken yet. */
let start: u64 = 0;
/** Records that were stepped over. */
let batch: u32 = 0;

export function enterQueueLane(index: u32): void {
  batch = 0;
  enter(index, read64(lane(index) + LANE_TAIL));
}

/** True while records are stepped over and not taken: the receiver stays on its lane. */
export function isBatchOpen(): bool {
  return batch != 0;
}

/** Finds the next record on the lane; returns the offset of its payload or one of the NEXT codes. */
export function nextOnQueue(): u32 {
  if (batch == 0) followTail();
  while (true) {
    if (isAtHead()) return NEXT_EMPTY;
    if (!isRingChecked) {
      const problem = checkRing();
      if (problem != NEXT_EMPTY) return isKept() ? NEXT_EMPTY : problem;
      if (isKept() && isHeadPossible(seenHead, start) && checkRecord()) unkeepLane();
    }
    if (seenHead - start > capacity || !checkRecord()) {
      // An invalid record is damage, unless another receiver took it while it was read.
      setSeenHead(0);
      if (batch != 0) return NEXT_EMPTY;
      if (isTailUnchanged()) return foundDamage();
      followTail();
      continue;
    }
    if ((foundFlags & RECORD_PADDING) == 0) return payloadOffset();
    advance();
  }
}

/** Other receivers may have moved the tail. */
// @ts-ignore: decorator
@inline
function followTail(): void {
  start = read64(entry + LANE_TAIL);
  if (start != position) seek(start);
}

/** Takes the record that was found, whose size and flags the reader saw; returns TAKEN bits. */
// @ts-ignore: decorator
@inline
export function takeFromQueue(size: u32, flags: u32): u32 {
  if (!isFound(size, flags)) return 0;
  advance();
  return release();
}

/** Takes the record at a position that the reader has copied already; returns TAKEN bits. */
// @ts-ignore: decorator
@inline
export function takeCopied(size: u32): u32 {
  if (isAtHead() || seenHead - position > capacity || !checkRecord() || !isFound(size, 0)) return 0;
  start = position;
  advance();
  return releaseAll();
}

/** Takes the record that was found, and pins its bytes until `unpin`. */
export function takePinned(receiver: u32, size: u32, flags: u32): u32 {
  if (!isFound(size, flags)) return 0;
  pin(receiver, entry, start);
  const result = takeFromQueue(size, flags);
  if (result == 0) unpin(receiver);
  return result;
}

/**
 * Takes the record that was found and that was copied into a claimed lease slot; returns TAKEN bits. The
 * copy is known to be whole before the slot holds it as a message.
 */
export function leaseTaken(slot: u32, length: u32, size: u32, flags: u32): u32 {
  failpoint(LEASE_COPIED);
  if (!isFound(size, flags) || !isTailUnchanged()) return 0;
  acquireLease(slot, laneIndex, start, length, flags & KEPT_FLAGS);
  advance();
  const result = release();
  if ((result & TAKEN) == 0) cancelLease(slot);
  return result;
}

/** True if no receiver moved the tail since the record was found: what was read from it is whole. */
export function isTailUnchanged(): bool {
  loadFence();
  return read64(entry + LANE_TAIL) == start;
}

/** Steps over the record that was found. `release` takes all such records together. */
export function step(size: u32, flags: u32): u32 {
  if (!isFound(size, flags)) return 0;
  advance();
  batch++;
  return 1;
}

/**
 * Steps over the record that was found and those that lie side by side behind it, at most `limit` of at most
 * `space` bytes in all. They are bytes alone. Returns their bytes in the ring.
 */
export function stepRun(limit: u32, space: u32): u32 {
  let bytes: u32 = 0;
  beginSizes();
  while (foundFlags == 0 && batch < limit && bytes + foundBytes <= space) {
    bytes += foundBytes;
    addSize();
    advance();
    batch++;
    if (isAtStart() || isAtHead() || seenHead - start > capacity || !checkRecord()) break;
  }
  return bytes;
}

/** Takes all records up to the position, or none; returns TAKEN bits. */
export function release(): u32 {
  return releaseAll();
}

// @ts-ignore: decorator
@inline
function releaseAll(): u32 {
  const messages: u32 = batch == 0 ? 1 : batch;
  batch = 0;
  failpoint(TAKE_COPIED);
  if (atomic.cmpxchg<u64>(entry + LANE_TAIL, start, position) != start) return 0;
  failpoint(TAKE_MOVED);
  const result: u32 = hasWaitingSenders() != 0 ? TAKEN | TAKEN_SENDER_WAITING : TAKEN;
  addServiceCount(messages);
  spendBudget(messages);
  if (isLeaseTableDue()) endBudget();
  if (laneIndex == 0) return result | publishFirstTail(position, position - start, messages);
  totalReceived(false, position, position - start);
  return result;
}

/**
 * True at every eighth message of a lane that was entered before the channel had lease tables. It is not
 * checked for each message, since other processes write to the line that says so.
 */
// @ts-ignore: decorator
@inline
function isLeaseTableDue(): bool {
  return (budget & 7) == 0 && hasLeaseTables();
}

/** Forgets the records that were stepped over and not taken. */
export function rewind(): void {
  batch = 0;
  setSeenHead(0);
}

// Lanes of which it is not known what they hold, since the words are damaged that say where their ring lies
// or where their records begin and end. Their messages stay; the receiver reports this once, and goes on with
// other lanes until those words are valid again.
let keptLow: u64 = 0;
let keptHigh: u64 = 0;

function laneBit(): u64 {
  return (<u64>1) << (<u64>(laneIndex & 63));
}

function isKept(): bool {
  return ((laneIndex < 64 ? keptLow : keptHigh) & laneBit()) != 0;
}

function keepLane(): void {
  if (laneIndex < 64) keptLow |= laneBit();
  else keptHigh |= laneBit();
}

function unkeepLane(): void {
  if (laneIndex < 64) keptLow &= ~laneBit();
  else keptHigh &= ~laneBit();
}

function foundDamage(): u32 {
  if (!isKept()) return NEXT_CORRUPT;
  checkRingAgain();
  return NEXT_EMPTY;
}

/** After damage: gives up the damaged record, or keeps the lane as it is; returns how many bytes it gives up. */
export function skipInQueue(): u32 {
  const head = read64(entry + LANE_HEAD);
  rewind();
  const isKnown = isRingChecked && isHeadPossible(head, position) && !isHeadMisplaced(head);
  if (!isKnown || isInsideRecord()) {
    keepLane();
    return 0;
  }
  const to = positionBehindDamage(head);
  const isMoved = atomic.cmpxchg<u64>(entry + LANE_TAIL, start, to) == start;
  return isMoved ? <u32>(to - position) : 0;
}
