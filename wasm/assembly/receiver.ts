// A receiver: whose turn it is among the lanes and the messages that were returned. How a message of each
// kind is found and taken is in queue_receiver.ts, broadcast_receiver.ts and returned_receiver.ts.

import {
  LANE_TAIL,
  NEXT_CHECK_OWNERS,
  NEXT_DEFER,
  NEXT_EMPTY,
  NEXT_RETURNED,
  POLL_ANY,
  TAKEN_IN_PLACE,
} from "../layout";
import {
  endRun,
  enterBroadcastLane,
  leaveBroadcastLane,
  nextOnBroadcast,
  openCursors,
  passCopied,
  passRun,
  skipInBroadcast,
  takeFromBroadcast,
} from "./broadcast_receiver";
import { otherMember, slowestReceiver } from "./fairness";
import { findLanes, laneCount } from "./lane";
import { budget, endBudget, entry, laneIndex, nextPayload, position, renewBudget } from "./lane_cursor";
import { openLeases } from "./lease";
import { hasLeaseTables } from "./lease_table";
import { loadFence, read64 } from "./memory";
import {
  enterQueueLane,
  isBatchOpen,
  nextOnQueue,
  release,
  skipInQueue,
  stepRun,
  takeCopied,
  takeFromQueue,
  takePinned,
} from "./queue_receiver";
import {
  clearDefersOwn,
  defersOwn,
  foundSlot,
  isFoundBehind,
  isFoundCurrent,
  leaseFound,
  nextReturned,
  openReturned,
  takeFound,
} from "./returned_receiver";
import { flushTail, setPollMode } from "./tail";

/** Where `next` found its message. */
const FROM_QUEUE: u32 = 0;
const FROM_BROADCAST: u32 = 1;
const FROM_RETURNED: u32 = 2;

let receiverIndex: u32 = 0;
/** Where the channel's lanes lead: FROM_QUEUE or FROM_BROADCAST. */
let lanesSource: u32 = FROM_QUEUE;
let source: u32 = FROM_QUEUE;

/** Opens a receiver for a participant; a subscriber's cursors lie at `cursorOffset`, which is 0 on a queue. */
export function openReceiver(participantIndex: u32, cursorOffset: u32): void {
  receiverIndex = participantIndex;
  openLeases(participantIndex);
  openReturned();
  findLanes();
  lanesSource = source = cursorOffset == 0 ? FROM_QUEUE : FROM_BROADCAST;
  if (cursorOffset != 0) openCursors(cursorOffset);
  enterLane(0);
  lookForReturnedFirst();
}

/** What a puller that closed or died has left comes before what is sent later. */
function lookForReturnedFirst(): void {
  if (hasLeaseTables()) endBudget();
}

function enterLane(index: u32): void {
  if (lanesSource == FROM_QUEUE) enterQueueLane(index);
  else enterBroadcastLane(index);
}

/** Finds the next message; returns the offset of its payload or one of the NEXT codes. */
export function next(mode: u32): u32 {
  setPollMode(mode);
  let found = budget != 0 ? nextOnLane() : NEXT_EMPTY;
  if (found == NEXT_EMPTY) {
    found = nextElsewhere(mode);
    if (found == NEXT_EMPTY) {
      if (mode == POLL_ANY) flushTail();
      lookForReturnedFirst();
      return NEXT_EMPTY;
    }
    if (found == NEXT_CHECK_OWNERS) return NEXT_CHECK_OWNERS;
  }
  if (mode != POLL_ANY && slowestReceiver() >= 0) return defer();
  return found;
}

// @ts-ignore: decorator
@inline
function nextOnLane(): u32 {
  return lanesSource == FROM_QUEUE ? nextOnQueue() : nextOnBroadcast();
}

function defer(): u32 {
  clearDefersOwn();
  return NEXT_DEFER;
}

/** The lane holds nothing more, or its turn is over. */
function nextElsewhere(mode: u32): u32 {
  if (isBatchOpen()) return NEXT_EMPTY;
  source = lanesSource;
  if (hasLeaseTables()) {
    const returned = nextReturned(mode);
    if (returned == NEXT_RETURNED) {
      const found = isFoundBehind() ? nextOnOtherLane() : NEXT_EMPTY;
      if (found != NEXT_EMPTY) return found;
      source = FROM_RETURNED;
      endBudget();
    }
    if (returned != NEXT_EMPTY) return returned;
  }
  const found = nextOnOtherLane();
  return found == NEXT_EMPTY && defersOwn ? NEXT_DEFER : found;
}

function nextOnOtherLane(): u32 {
  const lanes = laneCount();
  if (lanes <= 1 && budget != 0) return NEXT_EMPTY;
  for (let i: u32 = 1; i <= lanes; ++i) {
    if (lanesSource == FROM_BROADCAST) leaveBroadcastLane();
    enterLane(laneIndex + 1 < lanes ? laneIndex + 1 : 0);
    const found = nextOnLane();
    if (found != NEXT_EMPTY) return found;
  }
  return NEXT_EMPTY;
}

/** The receiver that the message is due to which `next` left, or -1. */
export function deferredTo(): i32 {
  return defersOwn ? otherMember() : slowestReceiver();
}

/** Takes what `next` found, whose size and flags the reader saw; returns TAKEN bits. */
export function take(size: u32, flags: u32): u32 {
  if (source == FROM_QUEUE) return takeFromQueue(size, flags);
  return source == FROM_RETURNED ? takeFound() : takeFromBroadcast(size, flags);
}

/**
 * Takes the next record of the lane, in place of `next` and `take`. The reader has seen a head beyond the
 * position, of which it knows the low half, and has then copied at most PLACE_BYTES of payload from `place`,
 * which the last call of `receive` or `nextPlace` has told.
 *
 * Returns TAKEN bits, and the offset of the next payload if it may be read in this way; 0 if the reader has
 * to call `next`, since another receiver was faster, it is not this lane's turn, or the record is more than
 * bytes.
 */
export function receive(place: u32, lowPosition: u32, size: u32, mode: u32): u32 {
  if (<u32>position != lowPosition || nextPayload() != place || budget == 0 || isBatchOpen()) return 0;
  setPollMode(mode);
  if (mode != POLL_ANY && slowestReceiver() >= 0) return 0;
  source = lanesSource;
  const result = source == FROM_QUEUE ? takeCopied(size) : passCopied(size);
  return result == 0 || result > <u32>TAKEN_IN_PLACE ? result : result | nextPlace();
}

/** The offset of the payload that `receive` takes next, 0 if it cannot. */
export function nextPlace(): u32 {
  return budget != 0 || stay() ? nextPayload() : 0;
}

/** The lane's turn goes on if it is the only one. */
function stay(): bool {
  if (lanesSource == FROM_BROADCAST) leaveBroadcastLane();
  return renewBudget();
}

/** Steps over what `next` found and what lies behind it; 0 if `take` has to take it. See `stepRun`. */
export function stepOver(limit: u32, space: u32): u32 {
  if (source == FROM_RETURNED) return 0;
  return source == FROM_QUEUE ? stepRun(limit, space) : passRun(limit, space);
}

/** Takes what `stepOver` stepped over, all or nothing; returns TAKEN bits. */
export function takeAll(): u32 {
  return source == FROM_QUEUE ? release() : endRun();
}

/** Takes what `next` found, and keeps its bytes until `unpin`, or until it is acknowledged. */
export function takeInPlace(size: u32, flags: u32): u32 {
  if (source == FROM_RETURNED) return leaseFound();
  if (source == FROM_BROADCAST) return takeFromBroadcast(size, flags);
  return takePinned(receiverIndex, size, flags);
}

/** The slot of the returned message that `next` found, 0 if it found another one. */
export function returnedSlot(): u32 {
  return source == FROM_RETURNED ? foundSlot() : 0;
}

/** Takes the returned message that `next` found, until it is acknowledged. */
export function leaseReturned(): u32 {
  return source == FROM_RETURNED ? leaseFound() : 0;
}

/** True if what `next` found was taken by another receiver, or overwritten, meanwhile. */
export function isStale(): u32 {
  loadFence();
  if (source == FROM_RETURNED) return isFoundCurrent() ? 0 : 1;
  return read64(entry + LANE_TAIL) > position ? 1 : 0;
}

/**
 * After damage: steps over the damaged record, so that what lies behind it can be received. Returns how many
 * bytes are given up.
 */
export function skipDamage(): u32 {
  endBudget();
  return lanesSource == FROM_QUEUE ? skipInQueue() : skipInBroadcast();
}
