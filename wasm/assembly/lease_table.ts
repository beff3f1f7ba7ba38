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
  KEEP_CLAIMED,
  KEEP_DISOWNED,
  KEEP_DONE,
  KEEP_FLAGS,
  KEEP_LANE,
  KEEP_LENGTH,
  KEEP_OWNED,
  KEEP_POSITION,
  KEEP_SEALED,
  RETURN_HELD,
  RETURN_MADE,
  RETURN_TAKEN,
  RETURN_TOLD,
  ROOM_PLACED,
  ROOM_SEALED,
  ROOM_SIZED,
  SHELF_FILLED,
  SHELF_SHOWN,
} from "../failpoints";
import {
  CONTROL_BYTES,
  CONTROL_RETURNS,
  CONTROL_SHELVES,
  FIRST_SHELF_PLACES,
  LANE_TAIL,
  LARGER_ROOM_BYTES,
  MAX_LANES,
  MAX_SHELVES,
  PARTICIPANT_GENERATION,
  PLACE_BYTES,
  PLACE_CHECK,
  PLACE_CLAIMED,
  PLACE_FLAGS,
  PLACE_FREE,
  PLACE_HELD,
  PLACE_LANE,
  PLACE_LENGTH,
  PLACE_POSITION,
  PLACE_RETURNED,
  PLACE_ROOM,
  PLACE_ROOM_BYTES,
  PLACE_ROOM_CHECK,
  PLACE_STATE,
  ROOM_WASTE,
  SHELF_GROWTH,
  SMALL_ROOM_BYTES,
} from "../layout";
import { control, lane, mapped, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read32, read64 } from "./memory";
import { seal, sealed } from "./checksum";

/** Who we are in a place's word: our index, and above it two bytes of our slot's generation. */
let self: u32 = 0;
// Returns up to this one were looked for.
let seenReturns: u32 = 0;

export function openShelves(index: u32): void {
  self = identity(index);
  seenReturns = read32(control + CONTROL_RETURNS) - 1;
}

function identity(index: u32): u32 {
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
export function hasShelves(): bool {
  return load<u64>(control + CONTROL_SHELVES) != 0;
}

function placesOn(shelf: u32): u32 {
  let places: u32 = FIRST_SHELF_PLACES;
  while (shelf-- > 0) places *= SHELF_GROWTH;
  return places;
}

/** Bytes of a shelf. */
export function shelfBytes(shelf: u32): u32 {
  return placesOn(shelf) * (PLACE_BYTES + SMALL_ROOM_BYTES);
}

// @ts-ignore: decorator
@inline
function shelfWord(shelf: u32): usize {
  return control + CONTROL_SHELVES + shelf * 8;
}

/** A shelf's place in the segment, 0 if there is none or it cannot be right. */
function shelfAt(shelf: u32): usize {
  const word = read64(shelfWord(shelf));
  const at = <u32>word;
  if (word != sealed(at) || <usize>at < control + CONTROL_BYTES || (at & 7) != 0) return 0;
  return <u64>at + shelfBytes(shelf) > mapped ? 0 : at;
}

/** The first shelf that cannot be right, -1 if all can. */
export function brokenShelf(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_SHELVES; ++i) {
    if (read64(shelfWord(i)) != 0 && shelfAt(i) == 0) return i;
  }
  return -1;
}

/** The first shelf that is not there yet, -1 if all are. */
export function missingShelf(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_SHELVES; ++i) {
    if (read64(shelfWord(i)) == 0) return i;
  }
  return -1;
}

/** Puts up a shelf in zeroed room, unless somebody was faster. */
export function addShelf(shelf: u32, at: u32): void {
  const places = placesOn(shelf);
  const rooms = at + places * PLACE_BYTES;
  for (let i: u32 = 0; i < places; ++i) {
    setRoom(at + i * PLACE_BYTES, rooms + i * SMALL_ROOM_BYTES, SMALL_ROOM_BYTES);
  }
  failpoint(SHELF_FILLED);
  atomic.cmpxchg<u64>(shelfWord(shelf), 0, sealed(at));
  failpoint(SHELF_SHOWN);
}

/** Gives a claimed place another room; until its words agree the place has none. */
export function setRoom(place: u32, at: u32, bytes: u32): void {
  store<u32>(<usize>place + PLACE_ROOM_CHECK, seal(at, bytes));
  failpoint(ROOM_SEALED);
  store<u32>(<usize>place + PLACE_ROOM, at);
  failpoint(ROOM_PLACED);
  store<u32>(<usize>place + PLACE_ROOM_BYTES, bytes);
  failpoint(ROOM_SIZED);
}

// A walk over all places of all shelves.
let walkShelf: u32 = 0;
let walkAt: usize = 0;
let walkEnd: usize = 0;

function firstPlace(): usize {
  walkShelf = 0;
  walkAt = walkEnd = 0;
  return nextPlace();
}

function nextPlace(): usize {
  while (walkAt == walkEnd) {
    if (walkShelf == MAX_SHELVES) return 0;
    walkAt = shelfAt(walkShelf);
    walkEnd = walkAt == 0 ? 0 : walkAt + placesOn(walkShelf) * PLACE_BYTES;
    walkShelf++;
  }
  const place = walkAt;
  walkAt += PLACE_BYTES;
  return place;
}

/** Bytes that a place has room for; 0 if it cannot be told where. */
export function roomOf(place: u32): u32 {
  const bytes = load<u32>(<usize>place + PLACE_ROOM_BYTES);
  const check = load<u32>(<usize>place + PLACE_ROOM_CHECK);
  return seal(load<u32>(<usize>place + PLACE_ROOM), bytes) == check ? bytes : 0;
}

function fits(place: usize, bytes: u32): bool {
  const room = roomOf(<u32>place);
  return room >= bytes && room / ROOM_WASTE <= max<u32>(bytes, LARGER_ROOM_BYTES / ROOM_WASTE);
}

function claimFree(place: usize): bool {
  const state = read64(place + PLACE_STATE);
  if (statusOf(state) != PLACE_FREE) return false;
  const claimed = word(state, PLACE_CLAIMED, self, 0);
  if (atomic.cmpxchg<u64>(place + PLACE_STATE, state, claimed) != state) return false;
  failpoint(KEEP_CLAIMED);
  return true;
}

/**
 * Claims a free place: `hint` if it will do, else one with a room of about `bytes`, else one whose room
 * is to be made larger; 0 if there is none. With `isLast`, one with too large a room will do.
 */
export function claimPlace(bytes: u32, hint: u32, isLast: u32): u32 {
  if (hint != 0 && fits(hint, bytes) && claimFree(hint)) return hint;
  let smallest: usize = 0;
  for (let place = firstPlace(); place != 0; place = nextPlace()) {
    if (statusOf(read64(place + PLACE_STATE)) != PLACE_FREE) continue;
    const room = roomOf(<u32>place);
    if (fits(place, bytes) || (isLast != 0 && room >= bytes)) {
      if (claimFree(place)) return <u32>place;
    } else if (room < bytes && (smallest == 0 || room < roomOf(<u32>smallest))) {
      smallest = place;
    }
  }
  return smallest != 0 && claimFree(smallest) ? <u32>smallest : 0;
}

/** Says that the message in a claimed place is ours as soon as the lane's tail passes `position`. */
export function own(place: usize, laneIndex: u32, position: u64, length: u32, flags: u32): void {
  store<u64>(place + PLACE_POSITION, position);
  failpoint(KEEP_POSITION);
  store<u32>(place + PLACE_LANE, laneIndex);
  failpoint(KEEP_LANE);
  store<u32>(place + PLACE_LENGTH, length);
  failpoint(KEEP_LENGTH);
  store<u32>(place + PLACE_FLAGS, flags);
  failpoint(KEEP_FLAGS);
  const state = word(read64(place + PLACE_STATE), PLACE_HELD, self, 1);
  const at = load<u32>(place + PLACE_ROOM);
  store<u32>(place + PLACE_CHECK, checkOf(place, state, at, length, flags));
  failpoint(KEEP_SEALED);
  atomic.store<u64>(place + PLACE_STATE, state);
  failpoint(KEEP_OWNED);
}

/** The check over a message in a place: which of the place's uses it is for, and where it lies. */
function checkOf(place: usize, state: u64, at: u32, length: u32, flags: u32): u32 {
  const position = <u32>load<u64>(place + PLACE_POSITION);
  const origin = seal(position, (load<u32>(place + PLACE_LANE) << 16) | <u32>(state >> 48));
  return seal(seal(at, length), origin ^ flags);
}

/** Another has taken the message: the place is empty. */
export function disown(place: usize): void {
  const state = word(read64(place + PLACE_STATE), PLACE_CLAIMED, self, 0);
  atomic.store<u64>(place + PLACE_STATE, state);
  failpoint(KEEP_DISOWNED);
}

/** How often the message in a place was delivered. */
export function deliveriesOf(place: u32): u32 {
  return deliveriesIn(read64(<usize>place + PLACE_STATE));
}

/** Frees the place of a message that is done; 0 if it is not ours. */
export function acknowledge(place: u32): u32 {
  const address = <usize>place + PLACE_STATE;
  const state = read64(address);
  if (statusOf(state) != PLACE_HELD || ownerOf(state) != self) return 0;
  if (atomic.cmpxchg<u64>(address, state, freed(state)) != state) return 0;
  failpoint(KEEP_DONE);
  return 1;
}

/** Gives a message that we hold to everyone; 0 if it is not ours. */
export function returnHeld(place: u32): u32 {
  const state = read64(<usize>place + PLACE_STATE);
  if (statusOf(state) != PLACE_HELD || ownerOf(state) != self) return 0;
  const isReturned = returnPlace(place, state);
  announceReturns();
  return isReturned ? 1 : 0;
}

/** The tail tells whether the message was taken from its lane. */
function returnPlace(place: usize, state: u64): bool {
  const status = wasTaken(place, state) ? PLACE_RETURNED : PLACE_FREE;
  const next = status == PLACE_FREE
    ? freed(state)
    : word(state, PLACE_RETURNED, ownerOf(state), deliveriesIn(state));
  if (atomic.cmpxchg<u64>(place + PLACE_STATE, state, next) != state) return false;
  failpoint(RETURN_MADE);
  return status == PLACE_RETURNED;
}

/** True if a place has a message for its present use. */
function isWhole(place: usize, state: u64): bool {
  const at = load<u32>(place + PLACE_ROOM);
  const length = load<u32>(place + PLACE_LENGTH);
  const check = checkOf(place, state, at, length, load<u32>(place + PLACE_FLAGS));
  return load<u32>(place + PLACE_CHECK) == check;
}

/** What is damaged counts as taken: who finds it tells. */
function wasTaken(place: usize, state: u64): bool {
  const index = load<u32>(place + PLACE_LANE);
  if (!isWhole(place, state) || index >= <u32>MAX_LANES) return true;
  return read64(lane(index) + LANE_TAIL) > load<u64>(place + PLACE_POSITION);
}

/** Pullers look again; whoever dies before is found dead, and this is done for it. */
function announceReturns(): void {
  atomic.add<u32>(control + CONTROL_RETURNS, 1);
  failpoint(RETURN_TOLD);
}

/** Gives back all that a participant holds; answers how many messages there are for others. */
export function returnAll(index: u32): u32 {
  if (!hasShelves()) return 0;
  const owner = identity(index);
  let returned: u32 = 0;
  for (let place = firstPlace(); place != 0; place = nextPlace()) {
    const state = read64(place + PLACE_STATE);
    if (ownerOf(state) != owner) continue;
    if (statusOf(state) == PLACE_CLAIMED) {
      atomic.cmpxchg<u64>(place + PLACE_STATE, state, freed(state));
    } else if (statusOf(state) == PLACE_HELD && returnPlace(place, state)) {
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
export function mendPlaces(): void {
  let isMended = false;
  for (let place = firstPlace(); place != 0; place = nextPlace()) {
    const state = read64(place + PLACE_STATE);
    if (!isAstray(place, state)) continue;
    const returned = word(state, PLACE_RETURNED, ownerOf(state), deliveriesIn(state));
    if (atomic.cmpxchg<u64>(place + PLACE_STATE, state, returned) != state) continue;
    failpoint(RETURN_MADE);
    isMended = true;
  }
  if (isMended) announceReturns();
}

function isAstray(place: usize, state: u64): bool {
  const status = statusOf(state);
  if (status == PLACE_FREE) return isWhole(place, state);
  if (status == PLACE_HELD) return ownerOf(state) != identity(ownerOf(state) & 0xff);
  return status > <u32>PLACE_RETURNED;
}

/** The first participant from `from` on, other than we, that holds a message; -1 if none does. */
export function holderFrom(from: u32): i32 {
  let holder = -1;
  for (let place = firstPlace(); place != 0; place = nextPlace()) {
    const state = read64(place + PLACE_STATE);
    if (statusOf(state) != PLACE_HELD && statusOf(state) != PLACE_CLAIMED) continue;
    const index = ownerOf(state) & 0xff;
    if (index < from || ownerOf(state) == self) continue;
    if (holder < 0 || <i32>index < holder) holder = index;
  }
  return holder;
}

// The message that was given back and found.
let found: usize = 0;
let foundState: u64 = 0;

/** True if something was given back since we last found nothing. */
// @ts-ignore: decorator
@inline
export function areReturnsNew(): bool {
  return read32(control + CONTROL_RETURNS) != seenReturns;
}

/**
 * Finds a message that was given back, of several of one lane the oldest. Those that we gave back
 * ourselves come last.
 */
export function findReturned(): bool {
  const returns = read32(control + CONTROL_RETURNS);
  found = 0;
  for (let place = firstPlace(); place != 0; place = nextPlace()) {
    const state = read64(place + PLACE_STATE);
    if (statusOf(state) != PLACE_RETURNED) continue;
    if (found != 0 && !comesFirst(place, state)) continue;
    found = place;
    foundState = state;
  }
  if (found == 0) seenReturns = returns;
  return found != 0;
}

function comesFirst(place: usize, state: u64): bool {
  const isOwn = ownerOf(state) == self;
  if (isOwn != isFoundOwn()) return !isOwn;
  return load<u32>(place + PLACE_LANE) == load<u32>(found + PLACE_LANE) &&
    load<u64>(place + PLACE_POSITION) < load<u64>(found + PLACE_POSITION);
}

/** True if we gave back ourselves what was found. */
export function isFoundOwn(): bool {
  return ownerOf(foundState) == self;
}

/** The place of the message that was found. */
export function foundPlace(): u32 {
  return <u32>found;
}

/** True if the message that was found lies where a reader saw it to lie. */
export function isFoundWhole(at: u32, length: u32, flags: u32): u32 {
  const check = checkOf(found, foundState, at, length, flags);
  return load<u32>(found + PLACE_CHECK) == check ? 1 : 0;
}

/** True while the message that was found is there. */
export function isFoundThere(): bool {
  return read64(found + PLACE_STATE) == foundState;
}

/** Takes the message that was found for good. */
export function consumeFound(): bool {
  const isOurs =
    atomic.cmpxchg<u64>(found + PLACE_STATE, foundState, freed(foundState)) == foundState;
  if (isOurs) failpoint(RETURN_TAKEN);
  return isOurs;
}

/** Takes the message that was found until it is acknowledged. */
export function holdFound(): bool {
  const deliveries = min<u32>(deliveriesIn(foundState) + 1, 0xffff);
  const held = word(foundState, PLACE_HELD, self, deliveries);
  const isOurs = atomic.cmpxchg<u64>(found + PLACE_STATE, foundState, held) == foundState;
  if (isOurs) failpoint(RETURN_HELD);
  return isOurs;
}
