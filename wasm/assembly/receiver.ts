// The reading side: find the next record on any lane, let JavaScript copy it, then take it.
// A queue's record is taken by moving the lane's tail, a broadcast's by looking whether its writer
// has moved the tail past it meanwhile. Bytes read before that are a guess, and treated as one.

import {
  CURSORS_CLEARED,
  CURSOR_COUNTED,
  CURSOR_MOVED,
  TAKE_COPIED,
  TAKE_MOVED,
} from "../failpoints";
import {
  CURSOR_BYTES,
  CURSOR_POSITION,
  CURSOR_SEQUENCE,
  LANE_BUDGET,
  LANE_DATA,
  LANE_HEAD,
  LANE_TAIL,
  LANE_TAIL_COUNT,
  MAX_LANES,
  NEXT_CORRUPT,
  NEXT_DEFER,
  NEXT_EMPTY,
  NEXT_CHECK_OWNERS,
  NEXT_RETURNED,
  NEXT_UNMAPPED,
  POLL_ANY,
  POLL_SPIN,
  PROMPT_TAIL_FLUSHES,
  RECORD_PADDING,
  RECORD_PAYLOAD,
  TAKEN,
  TAKEN_REDELIVERED,
  TAKEN_SENDER_WAITING,
  TAKEN_UNPUBLISHED,
  TAIL_FLUSH_INTERVAL,
} from "../layout";
import { capacity, mapped } from "./channel";
import { findLanes, isRingValid, lane, laneCount } from "./lane";
import { addDropped } from "./segment";
import { sumTails, totalReceived } from "./totals";
import { countAt, near } from "./message_count";
import { failpoint } from "./failpoint";
import { pin, unpin } from "./pin";
import { loadFence, read64 } from "./memory";
import { check, foundBytes, foundFlags, foundSequence, foundSize } from "./record";
import { tag } from "./checksum";
import {
  hasNewReturns,
  consumeFound,
  findReturned,
  foundSlot,
  hasLeaseTables,
  leaseFound,
  isFoundOwn,
  isFoundCurrent,
} from "./lease_table";
import { hasWaitingSenders } from "./waiters";
import { addServiceCount, slowestReceiver, otherMember } from "./fairness";

let receiverIndex: u32 = 0;
let cursors: usize = 0;
// The lane we are on.
let laneIndex: u32 = 0;
let entry: usize = 0;
let data: usize = 0;
/** The lane's ring once its place was checked, else 0. */
let ring: usize = 0;
let budget: u32 = 0;
let seenHead: u64 = 0;
// The record to look at, and where the records begin that were read and not yet taken.
let position: u64 = 0;
let at: u32 = 0;
let start: u64 = 0;
let batch: u32 = 0;
// What `next` found is taken otherwise than by moving a lane's tail.
let isSpecial: bool = false;
// On a channel with shelves every other look beyond our lane is one for who died.
let isOwnerCheckDue: bool = true;
// A message that we gave back ourselves is left to another that waits.
let defersOwn: bool = false;
// Broadcast: the sequence expected next, and messages lost so far.
let sequence: u64 = 0;
let missed: u64 = 0;
// The header's tail shares its line with what the sender writes. A receiver that works off a backlog,
// or spins for the next message, tells it there seldom, or when it finds nothing more to take.
let pollMode: u32 = POLL_ANY;
let promptFlushes: i32 = PROMPT_TAIL_FLUSHES;
let unpublished: u32 = 0;

/** Gets ready to receive as a participant; broadcast cursors live at `cursorBytes`, 0 on a queue. */
export function openReceiver(participantIndex: u32, cursorOffset: u32): void {
  receiverIndex = participantIndex;
  findLanes();
  cursors = cursorOffset;
  isSpecial = cursors != 0;
  if (cursors != 0) resetCursors();
  enterLane(0);
}

/** Puts all cursors where their lanes are now: what was sent before is not ours. */
function resetCursors(): void {
  memory.fill(cursors, 0, MAX_LANES * CURSOR_BYTES);
  failpoint(CURSORS_CLEARED);
  const lanes = laneCount();
  for (let i: u32 = 0; i < lanes; ++i) resetCursor(i);
}

/** Finds a head and the sequence that belongs to it. */
function resetCursor(i: u32): void {
  const e = lane(i);
  const cursor = cursors + i * CURSOR_BYTES;
  const d = load<u32>(e + LANE_DATA);
  // A ring that came after we looked: all that is in it is ours.
  if (!isRingValid(i, d) || <u64>d + capacity > mapped) return;
  for (let round = 0; round < 1000; ++round) {
    const head = read64(e + LANE_HEAD);
    store<u64>(cursor + CURSOR_POSITION, head);
    failpoint(CURSOR_MOVED);
    store<u64>(cursor + CURSOR_SEQUENCE, countAt(e, d, head));
    failpoint(CURSOR_COUNTED);
    loadFence();
    if (read64(e + LANE_HEAD) == head) return;
  }
}

function leaveLane(): void {
  if (cursors == 0) return;
  const cursor = cursors + laneIndex * CURSOR_BYTES;
  store<u64>(cursor + CURSOR_POSITION, position);
  store<u64>(cursor + CURSOR_SEQUENCE, sequence);
}

function enterLane(i: u32): void {
  laneIndex = i;
  entry = lane(i);
  data = load<u32>(entry + LANE_DATA);
  ring = 0;
  budget = hasLeaseTables() ? 1 : LANE_BUDGET;
  seenHead = 0;
  batch = 0;
  if (cursors == 0) seek(read64(entry + LANE_TAIL));
  else {
    seek(load<u64>(cursors + i * CURSOR_BYTES + CURSOR_POSITION));
    sequence = load<u64>(cursors + i * CURSOR_BYTES + CURSOR_SEQUENCE);
  }
}

// @ts-ignore: decorator
@inline
function seek(to: u64): void {
  position = to;
  // Positions are multiples of 8: one that is not fails its record's check, and is not followed.
  at = <u32>(to % capacity) & ~7;
}

// @ts-ignore: decorator
@inline
function advance(): void {
  position += foundBytes;
  at += foundBytes;
  if (at >= capacity) at = 0;
}

/** Finds the next record on any lane; answers the place of its payload or one of the NEXT codes. */
export function next(mode: u32): u32 {
  pollMode = mode;
  let found = budget != 0 ? read() : NEXT_EMPTY;
  if (found == NEXT_EMPTY) {
    found = nextLane();
    if (found == NEXT_EMPTY) {
      becomeIdle();
      return NEXT_EMPTY;
    }
    if (found == NEXT_CHECK_OWNERS) return NEXT_CHECK_OWNERS;
  }
  if (mode != POLL_ANY && slowestReceiver() >= 0) return defer();
  return found;
}

function defer(): u32 {
  defersOwn = false;
  return NEXT_DEFER;
}

// @ts-ignore: decorator
@inline
function becomeIdle(): void {
  promptFlushes = PROMPT_TAIL_FLUSHES;
  if (unpublished != 0) flushTail();
}

/** Shows in the header what was taken. */
export function flushTail(): void {
  unpublished = 0;
  sumTails();
}

function nextLane(): u32 {
  if (batch != 0) return NEXT_EMPTY;
  isSpecial = cursors != 0;
  if (hasLeaseTables()) {
    const found = nextReturned();
    if (found != NEXT_EMPTY) return found;
  }
  const found = otherLane();
  return found == NEXT_EMPTY && defersOwn ? NEXT_DEFER : found;
}

/** Looks for a message that was given back. */
function nextReturned(): u32 {
  isOwnerCheckDue = !isOwnerCheckDue;
  if (!isOwnerCheckDue) return NEXT_CHECK_OWNERS;
  const isThere = hasNewReturns() && findReturned();
  defersOwn = isThere && pollMode != POLL_ANY && isFoundOwn() && otherMember() >= 0;
  if (!isThere || defersOwn) return NEXT_EMPTY;
  isSpecial = true;
  budget = 0;
  return NEXT_RETURNED;
}

/** The receiver that the message which `next` left is due to, or -1. */
export function deferredTo(): i32 {
  return defersOwn ? otherMember() : slowestReceiver();
}

function otherLane(): u32 {
  const lanes = laneCount();
  if (lanes <= 1 && budget != 0) return NEXT_EMPTY;
  for (let i: u32 = 1; i <= lanes; ++i) {
    leaveLane();
    enterLane(laneIndex + 1 < lanes ? laneIndex + 1 : 0);
    const found = read();
    if (found != NEXT_EMPTY) return found;
  }
  return NEXT_EMPTY;
}

// @ts-ignore: decorator
@inline
function read(): u32 {
  return cursors == 0 ? readQueue() : readBroadcast();
}

function readQueue(): u32 {
  if (batch == 0) {
    start = read64(entry + LANE_TAIL);
    if (start != position) seek(start);
  }
  while (true) {
    if (position >= seenHead) {
      seenHead = read64(entry + LANE_HEAD);
      if (position == seenHead) return NEXT_EMPTY;
    }
    if (ring == 0) {
      const usable = refreshRing();
      if (usable != 1) return usable;
    }
    const space = min<u64>(seenHead - position, capacity - at);
    if (seenHead - start > capacity || !check(data + at, position, space)) return recheckCorrupt();
    if ((foundFlags & RECORD_PADDING) == 0) return <u32>data + at + RECORD_PAYLOAD;
    advance();
  }
}

/** A lane may come into use after we looked at its entry, or lie behind what we have mapped. */
function refreshRing(): u32 {
  data = load<u32>(entry + LANE_DATA);
  const isWhole = isRingValid(laneIndex, <u32>data);
  if (isWhole && <u64>data + capacity <= mapped) {
    ring = data;
    return 1;
  }
  seenHead = 0;
  return isWhole ? NEXT_UNMAPPED : NEXT_CORRUPT;
}

/** What cannot be right is damage, unless others took the record while we looked. */
function recheckCorrupt(): u32 {
  loadFence();
  seenHead = 0;
  if (read64(entry + LANE_TAIL) == start) return NEXT_CORRUPT;
  if (batch != 0) return NEXT_EMPTY;
  return readQueue();
}

function readBroadcast(): u32 {
  while (true) {
    if (position >= seenHead) {
      seenHead = read64(entry + LANE_HEAD);
      if (position == seenHead) return NEXT_EMPTY;
      if (position > seenHead) return NEXT_CORRUPT;
    }
    if (ring == 0) {
      const usable = refreshRing();
      if (usable != 1) return usable;
    }
    if (read64(entry + LANE_TAIL) > position) {
      const caughtUp = catchUp();
      if (caughtUp != 1) return caughtUp;
      continue;
    }
    const space = min<u64>(seenHead - position, capacity - at);
    const isNear = seenHead - position <= capacity;
    if (!isNear || !check(data + at, position, space) || !isExpected()) {
      loadFence();
      if (read64(entry + LANE_TAIL) <= position) return NEXT_CORRUPT;
      continue;
    }
    if ((foundFlags & RECORD_PADDING) == 0) return <u32>data + at + RECORD_PAYLOAD;
    advance();
  }
}

// @ts-ignore: decorator
@inline
function isExpected(): bool {
  return foundSequence == <u32>sequence || (foundFlags & RECORD_PADDING) != 0;
}

/** We were lapped: goes on at the oldest whole record, counts what was lost. 1 when done. */
function catchUp(): u32 {
  for (let round = 0; round < 1000; ++round) {
    const tail = read64(entry + LANE_TAIL);
    const head = read64(entry + LANE_HEAD);
    if (tail < position || tail > head || head - tail > capacity) continue;
    if (tail == head) {
      if (!catchUpWithHead(head)) continue;
      return 1;
    }
    const oldest = skipPadding(tail, head);
    const found = foundSequence;
    loadFence();
    if (oldest < 0) continue;
    const first = near(read64(entry + LANE_TAIL_COUNT), found);
    if (read64(entry + LANE_TAIL) != tail) continue;
    addMissed(first - sequence);
    sequence = first;
    seenHead = head;
    seek(tail + oldest);
    return 1;
  }
  return NEXT_CORRUPT;
}

/** Nothing is left of what was published. */
function catchUpWithHead(head: u64): bool {
  const count = countAt(entry, ring, head);
  loadFence();
  if (read64(entry + LANE_HEAD) != head) return false;
  addMissed(count - sequence);
  sequence = count;
  seenHead = head;
  seek(head);
  return true;
}

/**
 * Bytes of padding before the record that `check` has then found, or -1. A writer that gave up all it
 * had published leaves its tail before the padding that it writes next.
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

function addMissed(messages: u64): void {
  missed += messages;
  addDropped(messages);
}

/** True if a reader that looked at a record's words saw those that were checked. */
// @ts-ignore: decorator
@inline
export function isFound(size: u32, flags: u32): bool {
  return size == foundSize && flags == foundFlags;
}

/** Takes what `next` found, with its size and flags as the reader saw them; answers TAKEN bits. */
export function take(size: u32, flags: u32): u32 {
  if (isSpecial) return takeSpecial(size, flags);
  if (!isFound(size, flags)) return 0;
  advance();
  return release();
}

/** True if `next` found a message that was given back. */
// @ts-ignore: decorator
@inline
function isReturned(): bool {
  return isSpecial && cursors == 0;
}

/** The place of the message that was given back and that `next` found, 0 if it found another. */
export function returnedSlot(): u32 {
  return isReturned() ? foundSlot() : 0;
}

function takeSpecial(size: u32, flags: u32): u32 {
  if (isReturned()) return takeReturned();
  return isFound(size, flags) ? takeBroadcast() : 0;
}

function takeReturned(): u32 {
  if (!consumeFound()) return 0;
  addServiceCount(1);
  return TAKEN | TAKEN_REDELIVERED;
}

/** Takes the message that was given back and that `next` found, until it is acknowledged. */
export function leaseReturned(): u32 {
  if (!isReturned() || !leaseFound()) return 0;
  addServiceCount(1);
  return TAKEN | TAKEN_REDELIVERED;
}

function takeBroadcast(): u32 {
  failpoint(TAKE_COPIED);
  loadFence();
  if (read64(entry + LANE_TAIL) > position) return 0;
  advance();
  sequence++;
  budget--;
  return TAKEN;
}

/** Nobody has moved the tail since `next` found a record: what was read from it is whole. */
export function isTailUnchanged(): bool {
  loadFence();
  return read64(entry + LANE_TAIL) == start;
}

/** The tail that has to be moved to take what `next` found. */
export function foundStart(): u64 {
  return start;
}

/** Passes the record that `next` found, so that `release` takes it. */
export function skipFound(): void {
  advance();
}

/** As `take`, and goes on to the next record; `release` takes them all. */
export function step(size: u32, flags: u32): u32 {
  if (!isFound(size, flags)) return 0;
  advance();
  batch++;
  return 1;
}

/**
 * True now and then, if there are shelves to look at: a lane may have been entered before there were.
 * Not each time, since others write to what tells it.
 */
// @ts-ignore: decorator
@inline
function isLeaseTableDue(): bool {
  return (budget & 7) == 0 && hasLeaseTables();
}

/** Takes everything stepped over, all or nothing; answers TAKEN bits. */
export function release(): u32 {
  const messages: u32 = batch == 0 ? 1 : batch;
  batch = 0;
  failpoint(TAKE_COPIED);
  if (atomic.cmpxchg<u64>(entry + LANE_TAIL, start, position) != start) return 0;
  failpoint(TAKE_MOVED);
  const result: u32 = hasWaitingSenders() != 0 ? TAKEN | TAKEN_SENDER_WAITING : TAKEN;
  addServiceCount(messages);
  budget = budget > messages ? budget - messages : 0;
  if (isLeaseTableDue()) budget = 0;
  if (laneIndex == 0) return result | countTail(messages);
  totalReceived(false, position, position - start);
  return result;
}

// @ts-ignore: decorator
@inline
function countTail(messages: u32): u32 {
  if (pollMode != POLL_SPIN && promptFlushes > 0) {
    promptFlushes -= messages;
    totalReceived(true, position, position - start);
    return 0;
  }
  unpublished += messages;
  if (unpublished == messages) return TAKEN_UNPUBLISHED;
  if (unpublished >= <u32>TAIL_FLUSH_INTERVAL) flushTail();
  return 0;
}

/** Forgets what was stepped over and not taken. */
export function rewind(): void {
  batch = 0;
  seenHead = 0;
}

/** Takes what `next` found and holds its bytes until `letGo`, or until it is acknowledged. */
export function takeInPlace(size: u32, flags: u32): u32 {
  if (isReturned()) return leaseReturned();
  if (!isFound(size, flags)) return 0;
  if (cursors != 0) return takeBroadcast();
  pin(receiverIndex, entry, start);
  const result = take(size, flags);
  if (result == 0) unpin(receiverIndex);
  return result;
}

/** True if what `next` found was taken by another, or overwritten, meanwhile. */
export function isStale(): u32 {
  loadFence();
  if (isReturned()) return isFoundCurrent() ? 0 : 1;
  return read64(entry + LANE_TAIL) > position ? 1 : 0;
}

/** Broadcast: the lane's entry and the position to pass to `isIntact` for the record just found. */
export function foundLane(): u32 {
  return laneIndex;
}

export function foundPosition(): f64 {
  return <f64>(position & 0x1fffffffffffff);
}

/** The stamp of a big message that the record just found names. */
export function foundTag(offset: u32, length: u32): u32 {
  return tag(position, offset, length);
}

/** True while the writer of a lane has not passed a position, which is known modulo 2^53. */
export function isIntact(laneIndex: u32, at: f64): u32 {
  loadFence();
  const passed = (read64(lane(laneIndex) + LANE_TAIL) - <u64>at) << 11;
  return <i64>passed <= 0 ? 1 : 0;
}

/** Messages lost so far. */
export function missedMessages(): f64 {
  return <f64>missed;
}

/** Counts one more message as lost: it was overwritten while it was read in place. */
export function addOneMissed(): void {
  addMissed(1);
}

/** After damage: gives up what the lane holds, so that later messages can be read. */
export function skipLane(): void {
  const head = read64(entry + LANE_HEAD);
  batch = 0;
  seenHead = 0;
  if (cursors != 0) {
    resetCursor(laneIndex);
    enterLane(laneIndex);
  } else if ((head & 7) == 0) {
    atomic.cmpxchg<u64>(entry + LANE_TAIL, start, head);
  }
  budget = 0;
}
