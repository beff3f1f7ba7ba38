// Requests in flight. Each has a slot in its requester's region, whose word names the owner of the request. A
// replier changes that word first, and moves the lane's tail second, so that at any moment the requester
// knows which replier has its request. A replier that finds a request taken or cancelled moves the tail.
//
//   FREE -> QUEUED -> TAKEN -> WRITING -> DONE -> FREE      by: requester, replier, replier, replier, requester
//            |          |
//            +----------+--> FREE, next generation          by: requester, which gives up
//
// A reply that holds parts of a stream goes back, so that the replier sends the next ones:  DONE -> TAKEN

import {
  PARTS_RETURNED,
  REPLY_BEGUN,
  REPLY_DONE,
  REPLY_FLAGS,
  REPLY_CHECKSUMMED,
  REPLY_LENGTH,
  REPLY_OFFSET,
  REPLY_SEEN,
  REPLY_ANNOUNCED,
  REPLY_WRITTEN,
  REQUEST_ABANDONED,
  REQUEST_CANCELLED,
  REQUEST_FREED,
  REQUEST_DATED,
  REQUEST_QUEUED,
  REQUEST_TAKEN,
} from "../failpoints";
import {
  MAX_PARTICIPANTS,
  MAX_REQUESTS,
  REQUEST_DONE,
  REQUEST_SLOTS,
  SLOT_BYTES,
  SLOT_CHECK,
  SLOT_DONE,
  SLOT_FLAGS,
  SLOT_FREE,
  SLOT_LENGTH,
  SLOT_OFFSET,
  SLOT_QUEUED,
  SLOT_SINCE,
  SLOT_STATE,
  SLOT_TAKEN,
  SLOT_WRITING,
  TAKEN,
} from "../layout";
import { addBit, nextBit, removeBit } from "./bit_set";
import { mapped } from "./channel";
import { failpoint } from "./failpoint";
import { read32, read64 } from "./memory";
import { regionOf } from "./participants";
import { checksum } from "./checksum";
import { advance } from "./lane_cursor";
import { isTailUnchanged, release } from "./queue_receiver";
import { isFound } from "./record";
import { replierTagIn, replierTagOf, requestStatusOf, requestWord } from "./state_word";

/** This participant as a replier. */
let replierTag: u32 = 0;
let region: usize = 0;

export function openRequests(index: u32, offset: u32): void {
  replierTag = replierTagOf(index);
  region = offset;
}

// @ts-ignore: decorator
@inline
function mySlot(slot: u32): usize {
  return region + REQUEST_SLOTS + slot * SLOT_BYTES;
}

/**
 * Queues a request in a slot, so many milliseconds after this requester has attached; returns the generation
 * that the request carries.
 */
export function queueRequest(slot: u32, afterMs: u32): u32 {
  const address = mySlot(slot) + SLOT_STATE;
  store<u32>(mySlot(slot) + SLOT_SINCE, afterMs);
  failpoint(REQUEST_DATED);
  const generation = <u32>read64(address) + 1;
  atomic.store<u64>(address, requestWord(generation, SLOT_QUEUED, 0));
  failpoint(REQUEST_QUEUED);
  return generation;
}

/** A slot whose reply has arrived, or -1. */
export function nextReply(): i32 {
  const set = region + REQUEST_DONE;
  while (true) {
    const slot = nextBit(set, 0);
    if (slot < 0) return -1;
    removeBit(set, <u32>slot);
    failpoint(REPLY_SEEN);
    if (requestStatusOf(read64(mySlot(<u32>slot) + SLOT_STATE)) == SLOT_DONE) return slot;
  }
}

/** Frees a slot whose reply was read. */
export function freeRequest(slot: u32): void {
  const address = mySlot(slot) + SLOT_STATE;
  atomic.store<u64>(address, requestWord(<u32>read64(address), SLOT_FREE, 0));
  failpoint(REQUEST_FREED);
}

/** Returns a slot to its replier, after the parts of a stream in it were read. */
export function returnParts(slot: u32): void {
  const address = mySlot(slot) + SLOT_STATE;
  const done = read64(address);
  if (requestStatusOf(done) != SLOT_DONE) return;
  const taken = requestWord(<u32>done, SLOT_TAKEN, replierTagIn(done));
  if (atomic.cmpxchg<u64>(address, done, taken) == done) failpoint(PARTS_RETURNED);
}

/** Index of the participant that has taken or answered the request in a slot, -1 if none has. */
export function slotReplier(slot: u32): i32 {
  const replier = replierTagIn(read64(mySlot(slot) + SLOT_STATE));
  const index = (replier & 0xffff) - 1;
  return index < <u32>MAX_PARTICIPANTS ? <i32>index : -1;
}

/** Cancels a request; 0 if a replier is writing its reply, so that the slot is still in use. */
export function cancelRequest(slot: u32): u32 {
  const address = mySlot(slot) + SLOT_STATE;
  while (true) {
    const state = read64(address);
    if (requestStatusOf(state) >= <u32>SLOT_WRITING) return 0;
    const free = requestWord(<u32>state + 1, SLOT_FREE, 0);
    if (atomic.cmpxchg<u64>(address, state, free) == state) {
      failpoint(REQUEST_CANCELLED);
      return 1;
    }
  }
}

/** Frees a slot whose replier died in any state; 0 if its reply arrived after all. */
export function abandonRequest(slot: u32): u32 {
  const address = mySlot(slot) + SLOT_STATE;
  const state = read64(address);
  if (requestStatusOf(state) == SLOT_DONE) return 0;
  const free = requestWord(<u32>state + 1, SLOT_FREE, 0);
  const isFree = state == atomic.cmpxchg<u64>(address, state, free);
  if (isFree) failpoint(REQUEST_ABANDONED);
  return isFree ? 1 : 0;
}

/** The participant that took a request; -1 if none did or its reply is done, -2 if its slot has a new owner. */
export function replierOf(slot: u32): i32 {
  const state = read64(mySlot(slot) + SLOT_STATE);
  const status = requestStatusOf(state);
  // A replier that died may have had no time to announce its reply.
  if (status == SLOT_DONE) addBit(region + REQUEST_DONE, slot);
  if (status != SLOT_TAKEN && status != SLOT_WRITING) return -1;
  const replier = replierTagIn(state);
  const index = (replier & 0xffff) - 1;
  return index < <u32>MAX_PARTICIPANTS && replierTagOf(index) == replier ? <i32>index : -2;
}

/**
 * True if a request in flight cannot get a reply: its slot was overwritten, or its record is gone from the
 * ring although no replier took it.
 */
export function isLost(slot: u32, generation: u32, isPassed: u32): u32 {
  const state = read64(mySlot(slot) + SLOT_STATE);
  const status = requestStatusOf(state);
  if (<u32>state != generation || status == SLOT_FREE || status > <u32>SLOT_DONE) return 1;
  // The bit that announces the reply may be lost, too.
  if (status == SLOT_DONE) addBit(region + REQUEST_DONE, slot);
  return status == SLOT_QUEUED && isPassed != 0 ? 1 : 0;
}

/** The slot that a request names, 0 if it cannot exist. */
function slotOf(requester: u32, slot: u32): usize {
  if (requester >= <u32>MAX_PARTICIPANTS || slot >= <u32>MAX_REQUESTS) return 0;
  const bytes = REQUEST_SLOTS + MAX_REQUESTS * SLOT_BYTES;
  const regionOffset = regionOf(requester, bytes);
  if (regionOffset == 0 || <u64>regionOffset + bytes > mapped) return 0;
  return regionOffset + REQUEST_SLOTS + slot * SLOT_BYTES;
}

/** Takes the request that `next` found; returns TAKEN bits, without TAKEN if another replier has it. */
export function takeRequest(
  requester: u32,
  slot: u32,
  generation: u32,
  size: u32,
  flags: u32,
): u32 {
  if (!isFound(size, flags) || !isTailUnchanged()) return 0;
  const slotAddress = slotOf(requester, slot);
  const queued = requestWord(generation, SLOT_QUEUED, 0);
  const taken = requestWord(generation, SLOT_TAKEN, replierTag);
  const isMine = slotAddress != 0 && atomic.cmpxchg<u64>(slotAddress + SLOT_STATE, queued, taken) == queued;
  if (isMine) failpoint(REQUEST_TAKEN);
  advance();
  const released = release();
  return isMine ? released | TAKEN : released & ~TAKEN;
}

/** True while a requester waits for the reply of this replier, which took its request. */
export function isRequestOpen(requester: u32, slot: u32, generation: u32): u32 {
  const slotAddress = slotOf(requester, slot);
  if (slotAddress == 0) return 0;
  return read64(slotAddress + SLOT_STATE) == requestWord(generation, SLOT_TAKEN, replierTag) ? 1 : 0;
}

/**
 * The status of a request that this replier took: SLOT_TAKEN while it may send parts, SLOT_DONE while parts
 * are unread, SLOT_FREE once the requester has given up. One read, because the requester may change it.
 */
export function streamStatus(requester: u32, slot: u32, generation: u32): u32 {
  const slotAddress = slotOf(requester, slot);
  if (slotAddress == 0) return SLOT_FREE;
  const state = read64(slotAddress + SLOT_STATE);
  const isMine = <u32>state == generation && replierTagIn(state) == replierTag;
  return isMine ? requestStatusOf(state) : SLOT_FREE;
}

/** Claims a slot to write its reply; 0 if the requester has given up or is gone. */
export function beginReply(requester: u32, slot: u32, generation: u32): u32 {
  const slotAddress = slotOf(requester, slot);
  if (slotAddress == 0) return 0;
  const taken = requestWord(generation, SLOT_TAKEN, replierTag);
  const writing = requestWord(generation, SLOT_WRITING, replierTag);
  const isMine = taken == atomic.cmpxchg<u64>(slotAddress + SLOT_STATE, taken, writing);
  if (isMine) failpoint(REPLY_BEGUN);
  return isMine ? 1 : 0;
}

/** Hands the reply over. */
export function finishReply(
  requester: u32,
  slot: u32,
  generation: u32,
  offset: u32,
  length: u32,
  flags: u32,
): void {
  const slotAddress = slotOf(requester, slot);
  const writing = requestWord(generation, SLOT_WRITING, replierTag);
  if (slotAddress == 0 || read64(slotAddress + SLOT_STATE) != writing) return;
  failpoint(REPLY_WRITTEN);
  store<u64>(slotAddress + SLOT_OFFSET, offset);
  failpoint(REPLY_OFFSET);
  store<u32>(slotAddress + SLOT_LENGTH, length);
  failpoint(REPLY_LENGTH);
  store<u32>(slotAddress + SLOT_FLAGS, flags);
  failpoint(REPLY_FLAGS);
  store<u32>(slotAddress + SLOT_CHECK, replyChecksum(generation, offset, length, flags));
  failpoint(REPLY_CHECKSUMMED);
  const done = requestWord(generation, SLOT_DONE, replierTag);
  if (atomic.cmpxchg<u64>(slotAddress + SLOT_STATE, writing, done) != writing) return;
  failpoint(REPLY_DONE);
  addBit(slotAddress - slot * SLOT_BYTES - REQUEST_SLOTS + REQUEST_DONE, slot);
  failpoint(REPLY_ANNOUNCED);
}

function replyChecksum(generation: u32, offset: u32, length: u32, flags: u32): u32 {
  return checksum(checksum(generation, offset), checksum(length, flags));
}

/** True if the reader saw a reply's words as its replier wrote them. */
export function isReply(slot: u32, offset: u32, length: u32, flags: u32): u32 {
  const slotAddress = mySlot(slot);
  const state = read64(slotAddress + SLOT_STATE);
  if (requestStatusOf(state) != SLOT_DONE) return 0;
  return read32(slotAddress + SLOT_CHECK) == replyChecksum(<u32>state, offset, length, flags) ? 1 : 0;
}

/** True while a reply is unread: its bytes have to stay. */
export function replyPending(requester: u32, slot: u32, generation: u32): u32 {
  const slotAddress = slotOf(requester, slot);
  if (slotAddress == 0) return 0;
  const state = read64(slotAddress + SLOT_STATE);
  if (<u32>state != generation) return 0;
  return requestStatusOf(state) == SLOT_DONE && replierTagIn(state) == replierTag ? 1 : 0;
}
