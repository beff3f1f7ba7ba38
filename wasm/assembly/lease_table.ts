// Messages that pullers hold until they acknowledge them. They lie in places on shelves, which belong
// to the channel: a place outlives the puller that filled it, and its state word alone says whose the
// message in it is, so that every change of hands is one compare-and-swap.
//
//   FREE -> CLAIMED -> HELD -> FREE                 by: puller, puller, puller, which acknowledged
//                        |
//                        +--> RETURNED -> HELD      by: puller, or whoever finds it dead; any puller
//                                 |
//                                 +--> FREE         by: a puller that does not acknowledge
//
// A puller says HELD first and moves the lane's tail second. One that died between the two did not
// take the message: the tail has not moved, and the copy is dropped. (Should another have taken it
// in that very instant, it is delivered twice; it is never lost.)

import {
  LEASE_CLAIMED,
  LEASE_CANCELLED,
  LEASE_ACKNOWLEDGED,
  LEASE_FLAGS,
  LEASE_LANE,
  LEASE_LENGTH,
  LEASE_ACQUIRED,
  LEASE_POSITION,
  LEASE_CHECKSUMMED,
  RETURN_LEASED,
  RETURN_MADE,
  RETURN_TAKEN,
  RETURN_ANNOUNCED,
  BUFFER_OFFSET,
  BUFFER_CHECKSUMMED,
  BUFFER_SIZED,
  LEASE_TABLE_FILLED,
  LEASE_TABLE_PUBLISHED,
} from "../failpoints";
import {
  CONTROL_BYTES,
  CONTROL_RETURNS,
  CONTROL_LEASE_TABLES,
  FIRST_LEASE_TABLE_SLOTS,
  LANE_TAIL,
  LARGE_BUFFER_BYTES,
  MAX_LANES,
  MAX_LEASE_TABLES,
  PARTICIPANT_GENERATION,
  LEASE_SLOT_BYTES,
  LEASE_SLOT_CHECK,
  LEASE_SLOT_CLAIMED,
  LEASE_SLOT_FLAGS,
  LEASE_SLOT_FREE,
  LEASE_SLOT_LEASED,
  LEASE_SLOT_LANE,
  LEASE_SLOT_LENGTH,
  LEASE_SLOT_POSITION,
  LEASE_SLOT_RETURNED,
  LEASE_SLOT_BUFFER,
  LEASE_SLOT_BUFFER_BYTES,
  LEASE_SLOT_BUFFER_CHECK,
  LEASE_SLOT_STATE,
  BUFFER_WASTE,
  LEASE_TABLE_GROWTH,
  SMALL_BUFFER_BYTES,
} from "../layout";
import { control, mapped, participant } from "./channel";
import { lane } from "./lane";
import { failpoint } from "./failpoint";
import { read32, read64 } from "./memory";
import { checksum, withChecksum } from "./checksum";

/** Who we are in a place's word: our index, and above it two bytes of our slot's generation. */
let leaseOwner: u32 = 0;
// Returns up to this one were looked for.
let seenReturns: u32 = 0;

export function openLeaseTables(index: u32): void {
  leaseOwner = leaseOwnerOf(index);
  seenReturns = read32(control + CONTROL_RETURNS) - 1;
}

function leaseOwnerOf(index: u32): u32 {
  return index | ((read32(participant(index) + PARTICIPANT_GENERATION) & 0xffff) << 8);
}

// @ts-ignore: decorator
@inline
function statusOf(state: u64): u32 {
  return <u32>state & 0xff;
}

// @ts-ignore: decorator
@inline
function ownerOf(state: u64): u32 {
  return <u32>(state >> 8) & 0xffffff;
}

// @ts-ignore: decorator
@inline
function deliveriesIn(state: u64): u32 {
  return <u32>(state >> 32) & 0xffff;
}

/** The word of a place that is used as often as `before` says. */
function word(before: u64, status: u32, owner: u32, deliveries: u32): u64 {
  return (before & 0xffff000000000000) | ((<u64>deliveries) << 32) | ((<u64>owner) << 8) |
    <u64>status;
}

/** The word of a place that is free for its next use. */
function freed(before: u64): u64 {
  return ((before >> 48) + 1) << 48;
}

/** True once a puller that acknowledges was on the channel. */
// @ts-ignore: decorator
@inline
export function hasLeaseTables(): bool {
  return load<u64>(control + CONTROL_LEASE_TABLES) != 0;
}

function slotsIn(table: u32): u32 {
  let slots: u32 = FIRST_LEASE_TABLE_SLOTS;
  while (table-- > 0) slots *= LEASE_TABLE_GROWTH;
  return slots;
}

/** Bytes of a shelf. */
export function leaseTableBytes(table: u32): u32 {
  return slotsIn(table) * (LEASE_SLOT_BYTES + SMALL_BUFFER_BYTES);
}

// @ts-ignore: decorator
@inline
function leaseTableWord(table: u32): usize {
  return control + CONTROL_LEASE_TABLES + table * 8;
}

/** A shelf's place in the segment, 0 if there is none or it cannot be right. */
function leaseTableOffset(table: u32): usize {
  const word = read64(leaseTableWord(table));
  const at = <u32>word;
  if (word != withChecksum(at) || <usize>at < control + CONTROL_BYTES || (at & 7) != 0) return 0;
  return <u64>at + leaseTableBytes(table) > mapped ? 0 : at;
}

/** The first shelf that cannot be right, -1 if all can. */
export function corruptLeaseTable(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_LEASE_TABLES; ++i) {
    if (read64(leaseTableWord(i)) != 0 && leaseTableOffset(i) == 0) return i;
  }
  return -1;
}

/** The first shelf that is not there yet, -1 if all are. */
export function missingLeaseTable(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_LEASE_TABLES; ++i) {
    if (read64(leaseTableWord(i)) == 0) return i;
  }
  return -1;
}

/** Puts up a shelf in zeroed room, unless somebody was faster. */
export function addLeaseTable(table: u32, at: u32): void {
  const slots = slotsIn(table);
  const buffers = at + slots * LEASE_SLOT_BYTES;
  for (let i: u32 = 0; i < slots; ++i) {
    setSlotBuffer(at + i * LEASE_SLOT_BYTES, buffers + i * SMALL_BUFFER_BYTES, SMALL_BUFFER_BYTES);
  }
  failpoint(LEASE_TABLE_FILLED);
  atomic.cmpxchg<u64>(leaseTableWord(table), 0, withChecksum(at));
  failpoint(LEASE_TABLE_PUBLISHED);
}

/** Gives a claimed place another room; until its words agree the place has none. */
export function setSlotBuffer(slot: u32, at: u32, bytes: u32): void {
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER_CHECK, checksum(at, bytes));
  failpoint(BUFFER_CHECKSUMMED);
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER, at);
  failpoint(BUFFER_OFFSET);
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER_BYTES, bytes);
  failpoint(BUFFER_SIZED);
}

// A walk over all places of all shelves.
let walkTable: u32 = 0;
let walkAt: usize = 0;
let walkEnd: usize = 0;

function firstSlot(): usize {
  walkTable = 0;
  walkAt = walkEnd = 0;
  return nextSlot();
}

function nextSlot(): usize {
  while (walkAt == walkEnd) {
    if (walkTable == MAX_LEASE_TABLES) return 0;
    walkAt = leaseTableOffset(walkTable);
    walkEnd = walkAt == 0 ? 0 : walkAt + slotsIn(walkTable) * LEASE_SLOT_BYTES;
    walkTable++;
  }
  const slot = walkAt;
  walkAt += LEASE_SLOT_BYTES;
  return slot;
}

/** Bytes that a place has room for; 0 if it cannot be told where. */
export function slotBufferBytes(slot: u32): u32 {
  const bytes = load<u32>(<usize>slot + LEASE_SLOT_BUFFER_BYTES);
  const check = load<u32>(<usize>slot + LEASE_SLOT_BUFFER_CHECK);
  return checksum(load<u32>(<usize>slot + LEASE_SLOT_BUFFER), bytes) == check ? bytes : 0;
}

function fits(slot: usize, bytes: u32): bool {
  const available = slotBufferBytes(<u32>slot);
  return available >= bytes && available / BUFFER_WASTE <= max<u32>(bytes, LARGE_BUFFER_BYTES / BUFFER_WASTE);
}

function claimFree(slot: usize): bool {
  const state = read64(slot + LEASE_SLOT_STATE);
  if (statusOf(state) != LEASE_SLOT_FREE) return false;
  const claimed = word(state, LEASE_SLOT_CLAIMED, leaseOwner, 0);
  if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, claimed) != state) return false;
  failpoint(LEASE_CLAIMED);
  return true;
}

/**
 * Claims a free place: `hint` if it will do, else one with a room of about `bytes`, else one whose room
 * is to be made larger; 0 if there is none. With `isLast`, one with too large a room will do.
 */
export function claimLeaseSlot(bytes: u32, hint: u32, isLast: u32): u32 {
  if (hint != 0 && fits(hint, bytes) && claimFree(hint)) return hint;
  let smallest: usize = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    if (statusOf(read64(slot + LEASE_SLOT_STATE)) != LEASE_SLOT_FREE) continue;
    const available = slotBufferBytes(<u32>slot);
    if (fits(slot, bytes) || (isLast != 0 && available >= bytes)) {
      if (claimFree(slot)) return <u32>slot;
    } else if (available < bytes && (smallest == 0 || available < slotBufferBytes(<u32>smallest))) {
      smallest = slot;
    }
  }
  return smallest != 0 && claimFree(smallest) ? <u32>smallest : 0;
}

/** Says that the message in a claimed place is ours as soon as the lane's tail passes `position`. */
export function acquireLease(slot: usize, laneIndex: u32, position: u64, length: u32, flags: u32): void {
  store<u64>(slot + LEASE_SLOT_POSITION, position);
  failpoint(LEASE_POSITION);
  store<u32>(slot + LEASE_SLOT_LANE, laneIndex);
  failpoint(LEASE_LANE);
  store<u32>(slot + LEASE_SLOT_LENGTH, length);
  failpoint(LEASE_LENGTH);
  store<u32>(slot + LEASE_SLOT_FLAGS, flags);
  failpoint(LEASE_FLAGS);
  const state = word(read64(slot + LEASE_SLOT_STATE), LEASE_SLOT_LEASED, leaseOwner, 1);
  const at = load<u32>(slot + LEASE_SLOT_BUFFER);
  store<u32>(slot + LEASE_SLOT_CHECK, checksumOf(slot, state, at, length, flags));
  failpoint(LEASE_CHECKSUMMED);
  atomic.store<u64>(slot + LEASE_SLOT_STATE, state);
  failpoint(LEASE_ACQUIRED);
}

/** The check over a message in a place: which of the place's uses it is for, and where it lies. */
function checksumOf(slot: usize, state: u64, at: u32, length: u32, flags: u32): u32 {
  const position = <u32>load<u64>(slot + LEASE_SLOT_POSITION);
  const origin = checksum(position, (load<u32>(slot + LEASE_SLOT_LANE) << 16) | <u32>(state >> 48));
  return checksum(checksum(at, length), origin ^ flags);
}

/** Another has taken the message: the place is empty. */
export function cancelLease(slot: usize): void {
  const state = word(read64(slot + LEASE_SLOT_STATE), LEASE_SLOT_CLAIMED, leaseOwner, 0);
  atomic.store<u64>(slot + LEASE_SLOT_STATE, state);
  failpoint(LEASE_CANCELLED);
}

/** How often the message in a place was delivered. */
export function deliveriesOf(slot: u32): u32 {
  return deliveriesIn(read64(<usize>slot + LEASE_SLOT_STATE));
}

/** Frees the place of a message that is done; 0 if it is not ours. */
export function acknowledge(slot: u32): u32 {
  const address = <usize>slot + LEASE_SLOT_STATE;
  const state = read64(address);
  if (statusOf(state) != LEASE_SLOT_LEASED || ownerOf(state) != leaseOwner) return 0;
  if (atomic.cmpxchg<u64>(address, state, freed(state)) != state) return 0;
  failpoint(LEASE_ACKNOWLEDGED);
  return 1;
}

/** Gives a message that we hold to everyone; 0 if it is not ours. */
export function nack(slot: u32): u32 {
  const state = read64(<usize>slot + LEASE_SLOT_STATE);
  if (statusOf(state) != LEASE_SLOT_LEASED || ownerOf(state) != leaseOwner) return 0;
  const isReturned = returnSlot(slot, state);
  announceReturns();
  return isReturned ? 1 : 0;
}

/** The tail tells whether the message was taken from its lane. */
function returnSlot(slot: usize, state: u64): bool {
  const status = wasTaken(slot, state) ? LEASE_SLOT_RETURNED : LEASE_SLOT_FREE;
  const next = status == LEASE_SLOT_FREE
    ? freed(state)
    : word(state, LEASE_SLOT_RETURNED, ownerOf(state), deliveriesIn(state));
  if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, next) != state) return false;
  failpoint(RETURN_MADE);
  return status == LEASE_SLOT_RETURNED;
}

/** True if a place has a message for its present use. */
function isConsistent(slot: usize, state: u64): bool {
  const at = load<u32>(slot + LEASE_SLOT_BUFFER);
  const length = load<u32>(slot + LEASE_SLOT_LENGTH);
  const check = checksumOf(slot, state, at, length, load<u32>(slot + LEASE_SLOT_FLAGS));
  return load<u32>(slot + LEASE_SLOT_CHECK) == check;
}

/** What is damaged counts as taken: who finds it tells. */
function wasTaken(slot: usize, state: u64): bool {
  const index = load<u32>(slot + LEASE_SLOT_LANE);
  if (!isConsistent(slot, state) || index >= <u32>MAX_LANES) return true;
  return read64(lane(index) + LANE_TAIL) > load<u64>(slot + LEASE_SLOT_POSITION);
}

/** Pullers look again; whoever dies before is found dead, and this is done for it. */
function announceReturns(): void {
  atomic.add<u32>(control + CONTROL_RETURNS, 1);
  failpoint(RETURN_ANNOUNCED);
}

/** Gives back all that a participant holds; answers how many messages there are for others. */
export function returnAll(index: u32): u32 {
  if (!hasLeaseTables()) return 0;
  const owner = leaseOwnerOf(index);
  let returned: u32 = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (ownerOf(state) != owner) continue;
    if (statusOf(state) == LEASE_SLOT_CLAIMED) {
      atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, freed(state));
    } else if (statusOf(state) == LEASE_SLOT_LEASED && returnSlot(slot, state)) {
      returned++;
    }
  }
  announceReturns();
  return returned;
}

/**
 * Gives back messages of which the state was overwritten: those that nobody holds although they are
 * not done, or that somebody holds who never was.
 */
export function repairLeaseSlots(): void {
  let isRepaired = false;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (!isOrphaned(slot, state)) continue;
    const returned = word(state, LEASE_SLOT_RETURNED, ownerOf(state), deliveriesIn(state));
    if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, returned) != state) continue;
    failpoint(RETURN_MADE);
    isRepaired = true;
  }
  if (isRepaired) announceReturns();
}

function isOrphaned(slot: usize, state: u64): bool {
  const status = statusOf(state);
  if (status == LEASE_SLOT_FREE) return isConsistent(slot, state);
  if (status == LEASE_SLOT_LEASED) return ownerOf(state) != leaseOwnerOf(ownerOf(state) & 0xff);
  return status > <u32>LEASE_SLOT_RETURNED;
}

/** The first participant from `from` on, other than we, that holds a message; -1 if none does. */
export function leaseOwnerFrom(from: u32): i32 {
  let owner = -1;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (statusOf(state) != LEASE_SLOT_LEASED && statusOf(state) != LEASE_SLOT_CLAIMED) continue;
    const index = ownerOf(state) & 0xff;
    if (index < from || ownerOf(state) == leaseOwner) continue;
    if (owner < 0 || <i32>index < owner) owner = index;
  }
  return owner;
}

// The message that was given back and found.
let found: usize = 0;
let foundState: u64 = 0;

/** True if something was given back since we last found nothing. */
// @ts-ignore: decorator
@inline
export function hasNewReturns(): bool {
  return read32(control + CONTROL_RETURNS) != seenReturns;
}

/**
 * Finds a message that was given back, of several of one lane the oldest. Those that we gave back
 * ourselves come last.
 */
export function findReturned(): bool {
  const returns = read32(control + CONTROL_RETURNS);
  found = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    const state = read64(slot + LEASE_SLOT_STATE);
    if (statusOf(state) != LEASE_SLOT_RETURNED) continue;
    if (found != 0 && !precedes(slot, state)) continue;
    found = slot;
    foundState = state;
  }
  if (found == 0) seenReturns = returns;
  return found != 0;
}

function precedes(slot: usize, state: u64): bool {
  const isOwn = ownerOf(state) == leaseOwner;
  if (isOwn != isFoundOwn()) return !isOwn;
  return load<u32>(slot + LEASE_SLOT_LANE) == load<u32>(found + LEASE_SLOT_LANE) &&
    load<u64>(slot + LEASE_SLOT_POSITION) < load<u64>(found + LEASE_SLOT_POSITION);
}

/** True if we gave back ourselves what was found. */
export function isFoundOwn(): bool {
  return ownerOf(foundState) == leaseOwner;
}

/** The place of the message that was found. */
export function foundSlot(): u32 {
  return <u32>found;
}

/** True if the message that was found lies where a reader saw it to lie. */
export function isFoundConsistent(at: u32, length: u32, flags: u32): u32 {
  const check = checksumOf(found, foundState, at, length, flags);
  return load<u32>(found + LEASE_SLOT_CHECK) == check ? 1 : 0;
}

/** True while the message that was found is there. */
export function isFoundCurrent(): bool {
  return read64(found + LEASE_SLOT_STATE) == foundState;
}

/** Takes the message that was found for good. */
export function consumeFound(): bool {
  const isOurs =
    atomic.cmpxchg<u64>(found + LEASE_SLOT_STATE, foundState, freed(foundState)) == foundState;
  if (isOurs) failpoint(RETURN_TAKEN);
  return isOurs;
}

/** Takes the message that was found until it is acknowledged. */
export function leaseFound(): bool {
  const deliveries = min<u32>(deliveriesIn(foundState) + 1, 0xffff);
  const leased = word(foundState, LEASE_SLOT_LEASED, leaseOwner, deliveries);
  const isOurs = atomic.cmpxchg<u64>(found + LEASE_SLOT_STATE, foundState, leased) == foundState;
  if (isOurs) failpoint(RETURN_LEASED);
  return isOurs;
}
