// Receiving from a broadcast: a record is copied first, and is whole if its writer has not moved the tail
// past it meanwhile. Each subscriber keeps a cursor per lane in its region. A subscriber that is lapped
// loses messages; that is no error, and the loss is counted exactly. Agrona's BroadcastReceiver counts laps
// and continues at the latest record; this one continues at the oldest.

import { CURSORS_CLEARED, CURSOR_COUNTED, CURSOR_MOVED, HISTORY_COUNTED, HISTORY_MOVED, TAKE_COPIED } from "../failpoints";
import {
  CURSOR_BYTES,
  CURSOR_POSITION,
  CURSOR_SEQUENCE,
  LANE_DATA,
  LANE_HEAD,
  LANE_TAIL,
  LANE_TAIL_COUNT,
  MAX_LANES,
  NEXT_CORRUPT,
  NEXT_EMPTY,
  RECORD_PADDING,
  RECORD_PAYLOAD,
  TAKEN,
  TAKEN_AFTER_LOSS,
} from "../layout";
import { failpoint } from "./failpoint";
import { isRingMapped, lane, laneCount, ringBytesOf } from "./lane";
import {
  advance,
  capacity,
  checkRecord,
  checkRing,
  data,
  enter,
  entry,
  isAtHead,
  isAtStart,
  isHeadPossible,
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
import { loadFence, read64 } from "./memory";
import { countAt, near } from "./message_count";
import { addSize, beginSizes, check, foundBytes, foundFlags, foundSequence, isFound } from "./record";
import { addDropped } from "./segment";

/** How often a value is read again that moves all the time. */
const ROUNDS = 1000;

let cursors: usize = 0;
/** The sequence of the next record. */
let sequence: u64 = 0;
/** Messages lost so far. */
let missed: u64 = 0;
/** TAKEN_AFTER_LOSS if messages were lost since the last one was taken. */
let afterLoss: u32 = 0;

/** Puts all cursors where their lanes are now: earlier messages are not this subscriber's. */
export function openCursors(offset: u32): void {
  cursors = offset;
  memory.fill(cursors, 0, MAX_LANES * CURSOR_BYTES);
  failpoint(CURSORS_CLEARED);
  const lanes = laneCount();
  for (let i: u32 = 0; i < lanes; ++i) resetCursor(i);
}

// @ts-ignore: decorator
@inline
function cursorOf(index: u32): usize {
  return cursors + index * CURSOR_BYTES;
}

/** Finds a head and the sequence that belongs to it. */
function resetCursor(index: u32): void {
  const laneEntry = lane(index);
  const cursor = cursorOf(index);
  const ring = load<u32>(laneEntry + LANE_DATA);
  const bytes = ringBytesOf(index);
  // A ring that came into use later: all its messages are this subscriber's.
  if (!isRingMapped(index, ring, bytes)) return;
  for (let round = 0; round < ROUNDS; ++round) {
    const head = read64(laneEntry + LANE_HEAD);
    store<u64>(cursor + CURSOR_POSITION, head);
    failpoint(CURSOR_MOVED);
    store<u64>(cursor + CURSOR_SEQUENCE, countAt(laneEntry, ring, bytes, head));
    failpoint(CURSOR_COUNTED);
    loadFence();
    if (read64(laneEntry + LANE_HEAD) == head) return;
  }
}

export function enterBroadcastLane(index: u32): void {
  const cursor = cursorOf(index);
  enter(index, load<u64>(cursor + CURSOR_POSITION));
  sequence = load<u64>(cursor + CURSOR_SEQUENCE);
}

/** Stores how far the lane was read. */
export function leaveBroadcastLane(): void {
  const cursor = cursorOf(laneIndex);
  store<u64>(cursor + CURSOR_POSITION, position);
  store<u64>(cursor + CURSOR_SEQUENCE, sequence);
}

/** Finds the next record on the lane; returns the offset of its payload or one of the NEXT codes. */
export function nextOnBroadcast(): u32 {
  while (true) {
    if (isAtHead()) return NEXT_EMPTY;
    if (!isRingChecked) {
      const problem = checkRing();
      if (problem != NEXT_EMPTY) return problem;
    }
    if (position > seenHead) return NEXT_CORRUPT;
    const tail = read64(entry + LANE_TAIL);
    if (tail > position) {
      if (!catchUp()) return NEXT_CORRUPT;
      continue;
    }
    if (isTailTooOld(tail)) return NEXT_CORRUPT;
    if (seenHead - position > capacity || !checkRecord() || !isExpected()) {
      loadFence();
      if (read64(entry + LANE_TAIL) <= position) return NEXT_CORRUPT;
      continue;
    }
    if ((foundFlags & RECORD_PADDING) == 0) return payloadOffset();
    advance();
  }
}

/**
 * A tail that the ring cannot hold was moved back by damage. It would let a record be read while its writer,
 * which knows better, writes over it.
 */
// @ts-ignore: decorator
@inline
function isTailTooOld(tail: u64): bool {
  return seenHead - tail > capacity;
}

// @ts-ignore: decorator
@inline
function isExpected(): bool {
  return foundSequence == <u32>sequence || (foundFlags & RECORD_PADDING) != 0;
}

/** The writer has lapped this subscriber: continues at the oldest whole record, and counts what was lost. */
function catchUp(): bool {
  const before = sequence;
  if (!seekOldest()) return false;
  addMissed(sequence - before);
  return true;
}

/** Moves to the oldest whole record at or behind the position, or to the head if all were evicted. */
function seekOldest(): bool {
  for (let round = 0; round < ROUNDS; ++round) {
    const tail = read64(entry + LANE_TAIL);
    const head = read64(entry + LANE_HEAD);
    if (tail < position || tail > head || head - tail > capacity) continue;
    if (tail == head ? catchUpWithHead(head) : catchUpWithTail(tail, head)) return true;
  }
  return false;
}

function catchUpWithTail(tail: u64, head: u64): bool {
  const oldest = skipPadding(tail, head);
  const found = foundSequence;
  loadFence();
  if (oldest < 0) return false;
  const first = near(read64(entry + LANE_TAIL_COUNT), found);
  if (read64(entry + LANE_TAIL) != tail) return false;
  resume(tail + oldest, first, head);
  return true;
}

/** The writer has evicted all that it had published. */
function catchUpWithHead(head: u64): bool {
  const count = countAt(entry, data, capacity, head);
  loadFence();
  if (read64(entry + LANE_HEAD) != head) return false;
  resume(head, count, head);
  return true;
}

function resume(to: u64, first: u64, head: u64): void {
  sequence = first;
  setSeenHead(head);
  seek(to);
}

/**
 * Bytes of padding before the record that `check` has then found, or -1. A writer that evicts all it had
 * published leaves its tail before the padding that it writes next.
 */
function skipPadding(tail: u64, head: u64): i32 {
  const offset = <u32>(tail % capacity) & ~7;
  const space = capacity - offset;
  if (!check(data + offset, tail, min<u64>(head - tail, space))) return -1;
  if ((foundFlags & RECORD_PADDING) == 0) return 0;
  if (foundBytes != space || head - tail <= space) return -1;
  const isComplete = check(data, tail + space, min<u64>(head - tail - space, capacity));
  return isComplete && (foundFlags & RECORD_PADDING) == 0 ? <i32>space : -1;
}

/**
 * Moves the cursors of a subscriber that has just attached back over the newest messages of each lane, or to
 * the oldest that is left. Those of them that are gone count as missed, and not as dropped: they were
 * overwritten before there was this subscriber.
 */
export function beginBefore(messages: f64): void {
  const lanes = laneCount();
  for (let i: u32 = 0; i < lanes; ++i) rewindCursor(i, messages);
  enterBroadcastLane(0);
}

function rewindCursor(index: u32, messages: f64): void {
  enterBroadcastLane(index);
  const head = position;
  const count = sequence;
  if (head == 0 || checkRing() != NEXT_EMPTY) return;
  const first = messages < <f64>count ? count - <u64>messages : 0;
  seek(0);
  while (seekOldest()) {
    if (!stepTo(first, head)) continue;
    missed += max<u64>(min<u64>(sequence, count), first) - first;
    if (sequence > count) addMissed(sequence - count);
    storeCursor(index);
    return;
  }
  // The oldest record is damaged, which the first call that receives reports.
  seek(0);
  sequence = 0;
  storeCursor(index);
}

/** Steps over records up to a message; false if they were overwritten meanwhile. */
function stepTo(first: u64, head: u64): bool {
  while (sequence < first && position < head) {
    if (!checkRecord() || !isExpected()) {
      loadFence();
      // Damage is found again by the first call that receives.
      return read64(entry + LANE_TAIL) <= position;
    }
    if ((foundFlags & RECORD_PADDING) == 0) sequence++;
    advance();
  }
  return true;
}

function storeCursor(index: u32): void {
  const cursor = cursorOf(index);
  store<u64>(cursor + CURSOR_POSITION, position);
  failpoint(HISTORY_MOVED);
  store<u64>(cursor + CURSOR_SEQUENCE, sequence);
  failpoint(HISTORY_COUNTED);
}

/** Passes the record that was found, whose size and flags the reader saw; returns TAKEN bits. */
export function takeFromBroadcast(size: u32, flags: u32): u32 {
  if (!isFound(size, flags)) return 0;
  failpoint(TAKE_COPIED);
  loadFence();
  const tail = read64(entry + LANE_TAIL);
  if (tail > position || isTailTooOld(tail)) return 0;
  advance();
  sequence++;
  spendBudget(1);
  return takenAfterLoss();
}

function takenAfterLoss(): u32 {
  const result = TAKEN | afterLoss;
  afterLoss = 0;
  return result;
}

/** Passes the record at the position, which the reader has copied already; returns TAKEN bits. */
// @ts-ignore: decorator
@inline
export function passCopied(size: u32): u32 {
  const isThere = !isAtHead() && position < seenHead && seenHead - position <= capacity;
  return isThere && checkRecord() && isExpected() ? takeFromBroadcast(size, 0) : 0;
}

/** Where the records begin that `passRun` stepped over, and how many they are. */
let runStart: u64 = 0;
let runMessages: u32 = 0;

/**
 * Steps over the record that was found and those that lie side by side behind it, at most `limit` of at most
 * `space` bytes in all. They are bytes alone. Returns their bytes in the ring.
 */
export function passRun(limit: u32, space: u32): u32 {
  let bytes: u32 = 0;
  runStart = position;
  runMessages = 0;
  beginSizes();
  while (foundFlags == 0 && runMessages < limit && bytes + foundBytes <= space) {
    bytes += foundBytes;
    addSize();
    advance();
    sequence++;
    runMessages++;
    if (isAtStart() || isAtHead() || seenHead - position > capacity || !checkRecord() || !isExpected()) break;
  }
  return bytes;
}

/** Passes the records that `passRun` stepped over, which the reader has copied; returns TAKEN bits. */
export function endRun(): u32 {
  failpoint(TAKE_COPIED);
  loadFence();
  const tail = read64(entry + LANE_TAIL);
  if (tail > runStart || isTailTooOld(tail)) {
    sequence -= runMessages;
    seek(runStart);
    return 0;
  }
  spendBudget(runMessages);
  return takenAfterLoss();
}

/** True while the writer of a lane has not passed a position, which is known modulo 2^53. */
export function isIntact(index: u32, position: f64): u32 {
  loadFence();
  const passed = (read64(lane(index) + LANE_TAIL) - <u64>position) << 11;
  return <i64>passed <= 0 ? 1 : 0;
}

function addMissed(messages: u64): void {
  missed += messages;
  if (messages != 0) afterLoss = TAKEN_AFTER_LOSS;
  addDropped(messages);
}

/** Messages lost so far. */
export function missedMessages(): f64 {
  return <f64>missed;
}

/** Counts one more message as lost: it was overwritten while it was read in place. */
export function addOneMissed(): void {
  addMissed(1);
}

/** After damage: gives up the damaged record, or all that the lane holds; returns how many bytes. */
export function skipInBroadcast(): u32 {
  const from = position;
  const head = read64(entry + LANE_HEAD);
  if (!isRingChecked || !isHeadPossible(head, from) || !resumeBehindDamage(head)) {
    resetCursor(laneIndex);
    enterBroadcastLane(laneIndex);
  }
  return position > from && position - from <= capacity ? <u32>(position - from) : 0;
}

/** Continues at the next whole record, and counts those before it as missed; false if none is known. */
function resumeBehindDamage(head: u64): bool {
  const to = positionBehindDamage(head);
  if (to == head) return false;
  const offset = <u32>(to % capacity) & ~7;
  const isWhole = check(data + offset, to, min<u64>(head - to, capacity - offset));
  const skipped = foundSequence - <u32>sequence;
  if (!isWhole || (foundFlags & RECORD_PADDING) != 0 || skipped > (<u32>(to - position)) / RECORD_PAYLOAD) return false;
  addMissed(skipped);
  resume(to, sequence + skipped, head);
  return true;
}
