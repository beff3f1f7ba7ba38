// Receiving messages that were returned: by a puller that called nack() or closed, or of one that died.
// They lie in lease slots, and are taken by changing the state word of their slot.

import { RETURN_LEASED, RETURN_TAKEN } from "../failpoints";
import {
  CONTROL_RETURNS,
  LANE_HEAD,
  LANE_TAIL,
  LEASE_SLOT_CHECK,
  LEASE_SLOT_HEADS,
  LEASE_SLOT_LANE,
  LEASE_SLOT_LEASED,
  LEASE_SLOT_POSITION,
  LEASE_SLOT_RETURN,
  LEASE_SLOT_RETURNED,
  LEASE_SLOT_STATE,
  NEXT_CHECK_OWNERS,
  NEXT_EMPTY,
  NEXT_RETURNED,
  POLL_ANY,
  TAKEN,
  TAKEN_REDELIVERED,
} from "../layout";
import { control } from "./channel";
import { failpoint } from "./failpoint";
import { addServiceCount, otherMember } from "./fairness";
import { sumOfLanes } from "./lane";
import { leaseChecksum, leaseOwner } from "./lease";
import { firstSlot, nextSlot } from "./lease_table";
import { read32, read64 } from "./memory";
import { deliveriesIn, freedLease, leaseStatusOf, leaseWord, ownerOf } from "./state_word";

/** Returns up to this one were looked for. */
let seenReturns: u32 = 0;
/** Every other poll also checks for owners that died. */
let isOwnerCheckDue: bool = true;
/** True if a message that this participant returned itself is left to another that waits. */
export let defersOwn: bool = false;

// The message that was found.
let found: usize = 0;
let foundState: u64 = 0;

export function openReturned(): void {
  seenReturns = read32(control + CONTROL_RETURNS) - 1;
}

/** Finds a message that was returned; returns one of the NEXT codes. */
export function nextReturned(mode: u32): u32 {
  isOwnerCheckDue = !isOwnerCheckDue;
  if (!isOwnerCheckDue) return NEXT_CHECK_OWNERS;
  const isThere = hasNewReturns() && find();
  defersOwn = isThere && mode != POLL_ANY && isFoundOwn() && otherMember() >= 0;
  return isThere && !defersOwn ? NEXT_RETURNED : NEXT_EMPTY;
}

/** Another receiver's turn comes before a message that this participant returned itself. */
export function clearDefersOwn(): void {
  defersOwn = false;
}

/** True if messages were returned since none was found. */
// @ts-ignore: decorator
@inline
function hasNewReturns(): bool {
  return read32(control + CONTROL_RETURNS) != seenReturns;
}

/**
 * True if messages wait that were there before the message that was found was returned by nack(). After
 * damage, or when a lane began again, the numbers make no sense, and it is behind nothing.
 */
export function isFoundBehind(): bool {
  return isBehind(found, sumOfLanes(LANE_TAIL), sumOfLanes(LANE_HEAD));
}

function isBehind(slot: usize, tails: u64, heads: u64): bool {
  if (load<u32>(slot + LEASE_SLOT_RETURN) == 0) return false;
  const before = load<u64>(slot + LEASE_SLOT_HEADS);
  return tails < before && before <= heads;
}

/**
 * Finds the message that comes first: those of a puller that closed or died, by lane the oldest, then those
 * that were returned by nack(), in the order of that. Those that this participant returned itself come last,
 * but before those of others that are not due: a message that is behind others must not hide one that is not.
 */
function find(): bool {
  const returns = read32(control + CONTROL_RETURNS);
  let tails: u64 = 0;
  let heads: u64 = 0;
  found = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (leaseStatusOf(state) != LEASE_SLOT_RETURNED) continue;
    if (found == 0) {
      tails = sumOfLanes(LANE_TAIL);
      heads = sumOfLanes(LANE_HEAD);
    } else if (!precedes(slot, state, tails, heads)) continue;
    found = slot;
    foundState = state;
  }
  if (found == 0) seenReturns = returns;
  return found != 0;
}

function precedes(slot: usize, state: u64, tails: u64, heads: u64): bool {
  const isLater = isBehind(slot, tails, heads);
  if (isLater != isBehind(found, tails, heads)) return !isLater;
  const isOwn = ownerOf(state) == leaseOwner;
  if (isOwn != isFoundOwn()) return !isOwn;
  const number = load<u32>(slot + LEASE_SLOT_RETURN);
  const foundNumber = load<u32>(found + LEASE_SLOT_RETURN);
  if (number != 0 && foundNumber != 0) return <i32>(number - foundNumber) < 0;
  if (number != 0 || foundNumber != 0) return number == 0;
  return load<u32>(slot + LEASE_SLOT_LANE) == load<u32>(found + LEASE_SLOT_LANE) &&
    load<u64>(slot + LEASE_SLOT_POSITION) < load<u64>(found + LEASE_SLOT_POSITION);
}

function isFoundOwn(): bool {
  return ownerOf(foundState) == leaseOwner;
}

/** The slot of the message that was found. */
export function foundSlot(): u32 {
  return <u32>found;
}

/** True if the message that was found lies where the reader saw it. */
export function isFoundConsistent(at: u32, length: u32, flags: u32): u32 {
  const check = leaseChecksum(found, foundState, at, length, flags);
  return load<u32>(found + LEASE_SLOT_CHECK) == check ? 1 : 0;
}

/** True while no other participant has taken the message that was found. */
export function isFoundCurrent(): bool {
  return read64(found + LEASE_SLOT_STATE) == foundState;
}

/** Takes the message that was found for good; returns TAKEN bits. */
export function takeFound(): u32 {
  if (!changeFound(freedLease(foundState))) return 0;
  failpoint(RETURN_TAKEN);
  addServiceCount(1);
  return TAKEN | TAKEN_REDELIVERED;
}

/** Takes the message that was found until it is acknowledged; returns TAKEN bits. */
export function leaseFound(): u32 {
  const deliveries = min<u32>(deliveriesIn(foundState) + 1, 0xffff);
  if (!changeFound(leaseWord(foundState, LEASE_SLOT_LEASED, leaseOwner, deliveries))) return 0;
  store<u32>(found + LEASE_SLOT_RETURN, 0);
  failpoint(RETURN_LEASED);
  addServiceCount(1);
  return TAKEN | TAKEN_REDELIVERED;
}

function changeFound(state: u64): bool {
  return atomic.cmpxchg<u64>(found + LEASE_SLOT_STATE, foundState, state) == foundState;
}
