// Leases: messages that pullers hold until they acknowledge them. The state word of a slot alone determines who
// holds its message, so that every change is one compare-and-swap.
//
//   FREE -> CLAIMED -> LEASED -> FREE                 by: puller, puller, puller, which acknowledges
//                        |
//                        +--> RETURNED -> LEASED      by: puller, or the process that finds it dead; any puller
//                                 |
//                                 +--> FREE           by: a puller that does not acknowledge
//
//           CLAIMED -> RETURNED                       by: a puller without acknowledgement that closes before it
//                                                         has handed out all that it took
//
// A puller writes LEASED first, and moves the lane's tail second. If it dies between the two, it did not
// take the message: the tail has not moved, and the copy is dropped. (If another puller takes the message
// at that very moment, it is delivered twice. It is never lost.)

import {
  LEASE_ACKNOWLEDGED,
  LEASE_ACQUIRED,
  LEASE_CANCELLED,
  LEASE_CHECKSUMMED,
  LEASE_FLAGS,
  LEASE_LANE,
  LEASE_LENGTH,
  LEASE_POSITION,
  RETURN_ANNOUNCED,
  RETURN_MADE,
} from "../failpoints";
import {
  CONTROL_RETURNS,
  LANE_HEAD,
  LANE_TAIL,
  LEASE_SLOT_BUFFER,
  LEASE_SLOT_CHECK,
  LEASE_SLOT_CLAIMED,
  LEASE_SLOT_FLAGS,
  LEASE_SLOT_FREE,
  LEASE_SLOT_HEADS,
  LEASE_SLOT_LANE,
  LEASE_SLOT_LEASED,
  LEASE_SLOT_LENGTH,
  LEASE_SLOT_POSITION,
  LEASE_SLOT_RETURN,
  LEASE_SLOT_RETURNED,
  LEASE_SLOT_STATE,
  MAX_LANES,
} from "../layout";
import { control } from "./channel";
import { checksum } from "./checksum";
import { failpoint } from "./failpoint";
import { lane, sumOfLanes } from "./lane";
import { claimSlot, firstSlot, hasLeaseTables, nextSlot } from "./lease_table";
import { read32, read64 } from "./memory";
import {
  deliveriesIn,
  freedLease,
  leaseOwnerOf,
  leaseStatusOf,
  leaseWord,
  ownerIndexOf,
  ownerOf,
  usesOf,
} from "./state_word";

/** This participant as the owner of leases. */
export let leaseOwner: u32 = 0;

export function openLeases(index: u32): void {
  leaseOwner = leaseOwnerOf(index);
}

/** Claims a free slot; see `claimSlot`. */
export function claimLeaseSlot(bytes: u32, hint: u32, isLast: u32): u32 {
  return claimSlot(leaseOwner, bytes, hint, isLast);
}

/** Leases the message in a claimed slot. The lease holds once the lane's tail passes `position`. */
export function acquireLease(slot: usize, laneIndex: u32, position: u64, length: u32, flags: u32): void {
  store<u64>(slot + LEASE_SLOT_POSITION, position);
  failpoint(LEASE_POSITION);
  store<u32>(slot + LEASE_SLOT_LANE, laneIndex);
  failpoint(LEASE_LANE);
  store<u32>(slot + LEASE_SLOT_LENGTH, length);
  failpoint(LEASE_LENGTH);
  store<u32>(slot + LEASE_SLOT_FLAGS, flags);
  failpoint(LEASE_FLAGS);
  store<u32>(slot + LEASE_SLOT_RETURN, 0);
  const state = leaseWord(read64(slot + LEASE_SLOT_STATE), LEASE_SLOT_LEASED, leaseOwner, 1);
  const at = load<u32>(slot + LEASE_SLOT_BUFFER);
  store<u32>(slot + LEASE_SLOT_CHECK, leaseChecksum(slot, state, at, length, flags));
  failpoint(LEASE_CHECKSUMMED);
  atomic.store<u64>(slot + LEASE_SLOT_STATE, state);
  failpoint(LEASE_ACQUIRED);
}

/** The checksum over a message in a slot: in which use of the slot, and where it lies. */
export function leaseChecksum(slot: usize, state: u64, at: u32, length: u32, flags: u32): u32 {
  const position = <u32>load<u64>(slot + LEASE_SLOT_POSITION);
  const origin = checksum(position, (load<u32>(slot + LEASE_SLOT_LANE) << 16) | usesOf(state));
  return checksum(checksum(at, length), origin ^ flags);
}

/** Empties a slot whose message was taken by another receiver. */
export function cancelLease(slot: usize): void {
  const state = leaseWord(read64(slot + LEASE_SLOT_STATE), LEASE_SLOT_CLAIMED, leaseOwner, 0);
  atomic.store<u64>(slot + LEASE_SLOT_STATE, state);
  failpoint(LEASE_CANCELLED);
}

/** How often the message in a slot was delivered. */
export function deliveriesOf(slot: u32): u32 {
  return deliveriesIn(read64(<usize>slot + LEASE_SLOT_STATE));
}

/** Frees the slot of a message that is done; 0 if this participant does not hold it. */
export function acknowledge(slot: u32): u32 {
  const address = <usize>slot + LEASE_SLOT_STATE;
  const state = read64(address);
  if (leaseStatusOf(state) != LEASE_SLOT_LEASED || ownerOf(state) != leaseOwner) return 0;
  if (atomic.cmpxchg<u64>(address, state, freedLease(state)) != state) return 0;
  failpoint(LEASE_ACKNOWLEDGED);
  return 1;
}

/**
 * Returns a message for any puller to take, behind the messages that wait; 0 if this participant does not
 * hold it.
 */
export function nack(slot: u32): u32 {
  const state = read64(<usize>slot + LEASE_SLOT_STATE);
  if (leaseStatusOf(state) != LEASE_SLOT_LEASED || ownerOf(state) != leaseOwner) return 0;
  store<u64>(<usize>slot + LEASE_SLOT_HEADS, sumOfLanes(LANE_HEAD));
  store<u32>(<usize>slot + LEASE_SLOT_RETURN, max<u32>(read32(control + CONTROL_RETURNS) + 1, 1));
  const isReturned = returnSlot(slot, state);
  announceReturns();
  return isReturned ? 1 : 0;
}

/**
 * Puts a message that was taken for good back into the queue, from a claimed slot that it was copied into. Those
 * of one puller come back in the order of their numbers, before the messages that wait.
 */
export function giveBack(slot: u32, number: u32, length: u32, flags: u32): void {
  const address = <usize>slot;
  store<u64>(address + LEASE_SLOT_POSITION, number);
  store<u32>(address + LEASE_SLOT_LANE, 0);
  store<u32>(address + LEASE_SLOT_LENGTH, length);
  store<u32>(address + LEASE_SLOT_FLAGS, flags);
  store<u32>(address + LEASE_SLOT_RETURN, 0);
  const state = leaseWord(read64(address + LEASE_SLOT_STATE), LEASE_SLOT_RETURNED, leaseOwner, 0);
  const at = load<u32>(address + LEASE_SLOT_BUFFER);
  store<u32>(address + LEASE_SLOT_CHECK, leaseChecksum(address, state, at, length, flags));
  atomic.store<u64>(address + LEASE_SLOT_STATE, state);
  failpoint(RETURN_MADE);
  announceReturns();
}

/** Returns a message that was taken from its lane; frees the slot of one that was not. */
function returnSlot(slot: usize, state: u64): bool {
  const isTaken = wasTaken(slot, state);
  const next = isTaken
    ? leaseWord(state, LEASE_SLOT_RETURNED, ownerOf(state), deliveriesIn(state))
    : freedLease(state);
  if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, next) != state) return false;
  failpoint(RETURN_MADE);
  return isTaken;
}

/** True if a slot holds a message of its present use. */
function isConsistent(slot: usize, state: u64): bool {
  const at = load<u32>(slot + LEASE_SLOT_BUFFER);
  const length = load<u32>(slot + LEASE_SLOT_LENGTH);
  const check = leaseChecksum(slot, state, at, length, load<u32>(slot + LEASE_SLOT_FLAGS));
  return load<u32>(slot + LEASE_SLOT_CHECK) == check;
}

/** True if the lane's tail has passed a message. A corrupt one counts as taken: its finder reports it. */
function wasTaken(slot: usize, state: u64): bool {
  const index = load<u32>(slot + LEASE_SLOT_LANE);
  if (!isConsistent(slot, state) || index >= <u32>MAX_LANES) return true;
  return read64(lane(index) + LANE_TAIL) > load<u64>(slot + LEASE_SLOT_POSITION);
}

/** Makes pullers look for returned messages. For a process that dies before, its reclaimer does so. */
function announceReturns(): void {
  atomic.add<u32>(control + CONTROL_RETURNS, 1);
  failpoint(RETURN_ANNOUNCED);
}

/** Returns all that a participant holds; the result is how many messages there are for others. */
export function returnAll(index: u32): u32 {
  if (!hasLeaseTables()) return 0;
  const owner = leaseOwnerOf(index);
  let returned: u32 = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (ownerOf(state) != owner) continue;
    if (leaseStatusOf(state) == LEASE_SLOT_CLAIMED) {
      atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, freedLease(state));
    } else if (leaseStatusOf(state) == LEASE_SLOT_LEASED && returnSlot(slot, state)) {
      returned++;
    }
  }
  announceReturns();
  return returned;
}

/**
 * Returns messages whose state word was overwritten: those that no participant holds although they are
 * not done, and those of an owner that never existed.
 */
export function repairLeaseSlots(): void {
  let isRepaired = false;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (!isOrphaned(slot, state)) continue;
    const returned = leaseWord(state, LEASE_SLOT_RETURNED, ownerOf(state), deliveriesIn(state));
    if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, returned) != state) continue;
    failpoint(RETURN_MADE);
    isRepaired = true;
  }
  if (isRepaired) announceReturns();
}

function isOrphaned(slot: usize, state: u64): bool {
  const status = leaseStatusOf(state);
  if (status == LEASE_SLOT_FREE) return isConsistent(slot, state);
  if (status == LEASE_SLOT_LEASED) return ownerOf(state) != leaseOwnerOf(ownerIndexOf(state));
  return status > <u32>LEASE_SLOT_RETURNED;
}

/** The first participant from `from` on, other than this one, that holds a message; -1 if there is none. */
export function leaseOwnerFrom(from: u32): i32 {
  let owner = -1;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    const status = leaseStatusOf(state);
    if (status != LEASE_SLOT_LEASED && status != LEASE_SLOT_CLAIMED) continue;
    const index = ownerIndexOf(state);
    if (index < from || ownerOf(state) == leaseOwner) continue;
    if (owner < 0 || <i32>index < owner) owner = index;
  }
  return owner;
}
