// A receiver's position: the lane it is on, the record it looks at, and how long it stays.

import {
  LANE_BUDGET,
  LANE_COUNT,
  LANE_DATA,
  LANE_HEAD,
  LANE_LAST,
  NEXT_CORRUPT,
  NEXT_EMPTY,
  NEXT_UNMAPPED,
  PLACE_BYTES,
  RECORD_PADDING,
  RECORD_PAYLOAD,
} from "../layout";
import { mapped } from "./channel";
import { tag } from "./checksum";
import { isRingValid, lane, laneCount, ringBytesOf } from "./lane";
import { hasLeaseTables } from "./lease_table";
import { read64 } from "./memory";
import { countAt } from "./message_count";
import { check, foundBytes, foundFlags, foundSequence } from "./record";

export let laneIndex: u32 = 0;
/** The lane's entry in the table. */
export let entry: usize = 0;
/** The lane's ring, which may be used once it is checked. */
export let data: usize = 0;
/** Its bytes. */
export let capacity: u32 = 64;
export let isRingChecked: bool = false;
/** The record to look at, and its offset in the ring. */
export let position: u64 = 0;
let at: u32 = 0;
/** Records up to here are published; 0 if that has to be read again. */
export let seenHead: u64 = 0;
/** Messages to receive from this lane before the next lane has its turn. */
export let budget: u32 = 0;

/** Enters a lane at a position. */
export function enter(index: u32, to: u64): void {
  laneIndex = index;
  entry = lane(index);
  data = load<u32>(entry + LANE_DATA);
  capacity = ringBytesOf(index);
  isRingChecked = false;
  budget = hasLeaseTables() ? 1 : LANE_BUDGET;
  seenHead = 0;
  seek(to);
}

// @ts-ignore: decorator
@inline
export function seek(to: u64): void {
  position = to;
  // Positions are multiples of 8. The record of any other fails its check, and is not followed.
  at = <u32>(to % capacity) & ~7;
}

/** Moves behind the record that was checked. */
// @ts-ignore: decorator
@inline
export function advance(): void {
  position += foundBytes;
  at += foundBytes;
  if (at >= capacity) at = 0;
}

/** True at the beginning of the ring: what lies before the position lies at its end. */
// @ts-ignore: decorator
@inline
export function isAtStart(): bool {
  return at == 0;
}

/** Sets up to where records are published; 0: to be read again. */
// @ts-ignore: decorator
@inline
export function setSeenHead(head: u64): void {
  seenHead = head;
}

/** Charges messages to the lane's budget. */
// @ts-ignore: decorator
@inline
export function spendBudget(messages: u32): void {
  budget = budget > messages ? budget - messages : 0;
}

export function endBudget(): void {
  budget = 0;
}

/** Starts another turn on the lane if no other lane waits for one; false otherwise. */
export function renewBudget(): bool {
  if (laneCount() > 1 || hasLeaseTables()) return false;
  budget = LANE_BUDGET;
  return true;
}

/** True if no record was published at the position. */
// @ts-ignore: decorator
@inline
export function isAtHead(): bool {
  if (position < seenHead) return false;
  seenHead = read64(entry + LANE_HEAD);
  return position == seenHead;
}

/**
 * Checks where the lane's ring lies: the lane may have come into use after it was entered, and its ring
 * may lie behind what is mapped. Returns NEXT_EMPTY if it may be used, or another NEXT code.
 */
export function checkRing(): u32 {
  data = load<u32>(entry + LANE_DATA);
  capacity = ringBytesOf(laneIndex);
  seek(position);
  const isWhole = isRingValid(laneIndex, <u32>data, capacity);
  isRingChecked = isWhole && <u64>data + capacity <= mapped;
  if (isRingChecked) return NEXT_EMPTY;
  seenHead = 0;
  return isWhole ? NEXT_UNMAPPED : NEXT_CORRUPT;
}

/** The ring is checked again before it is used. */
export function checkRingAgain(): void {
  isRingChecked = false;
}

/** Reads the record at the position; false if it is not whole. */
// @ts-ignore: decorator
@inline
export function checkRecord(): bool {
  return check(data + at, position, min<u64>(seenHead - position, capacity - at));
}

/** True if a head is where it can be, with records from `from` on. */
export function isHeadPossible(head: u64, from: u64): bool {
  return head >= from && head - from <= capacity && ((head | from) & 7) == 0;
}

/**
 * After damage: where the lane goes on, behind the record at the position. Nothing tells how long a record is
 * that is not whole, so the next whole one is searched for: the check of a record covers its position.
 * Returns the head if there is none.
 */
export function positionBehindDamage(head: u64): u64 {
  seenHead = head;
  if (checkRecord()) return position + foundBytes;
  const count = countAt(entry, data, capacity, head);
  for (let to = position + 8; to < head; to += 8) {
    const offset = <u32>(to % capacity) & ~7;
    const space = min<u64>(head - to, capacity - offset);
    if (check(data + offset, to, space) && isPlausible(count, head - to)) return to;
  }
  return head;
}

/** Reads the record at any position, which has at most the bytes up to the end of the ring. */
function checkAt(to: u64): bool {
  const offset = <u32>(to % capacity) & ~7;
  return check(data + offset, to, capacity - offset);
}

/**
 * After damage: true if the position lies inside of a whole record, whose bytes are still there when it was
 * taken: then the position was overwritten, and not a record.
 */
export function isInsideRecord(): bool {
  for (let back: u64 = 8; back <= position && back < capacity; back += 8) {
    if (!checkAt(position - back) || foundBytes == 8) continue;
    return foundBytes > back;
  }
  return false;
}

/** After damage: true if the last record that was committed ends behind the head, which was overwritten. */
export function isHeadMisplaced(head: u64): bool {
  const last = read64(entry + LANE_LAST);
  if (!checkAt(last) || last + foundBytes <= head) return false;
  // A writer that publishes the record has not counted it yet.
  return <i32>(<u32>read64(entry + LANE_COUNT) - foundSequence) > 0;
}

/** True if the record that `check` found can be so far from the head, by its number. */
function isPlausible(count: u64, bytesToHead: u64): bool {
  if ((foundFlags & RECORD_PADDING) != 0) return foundBytes != 8;
  // The count may be behind by what the writer publishes.
  const messages = <i32>(<u32>count - foundSequence);
  return <u64>abs<i32>(messages) <= bytesToHead / RECORD_PAYLOAD;
}

/** Where the payload of the record at the position lies. */
// @ts-ignore: decorator
@inline
export function payloadOffset(): u32 {
  return <u32>data + at + RECORD_PAYLOAD;
}

/** Where the payload of the next record will lie; 0 if it is not certain that PLACE_BYTES may be read there. */
// @ts-ignore: decorator
@inline
export function nextPayload(): u32 {
  const need: u32 = RECORD_PAYLOAD + PLACE_BYTES;
  return capacity - at < need || !isRingChecked ? 0 : payloadOffset();
}

/** Bytes of the ring of the record at the position. */
export function foundCapacity(): u32 {
  return capacity;
}

/** The lane of the record at the position. */
export function foundLane(): u32 {
  return laneIndex;
}

/** The position, modulo 2^53. */
export function foundPosition(): f64 {
  return <f64>(position & 0x1fffffffffffff);
}

/** The tag of a block that the record at the position refers to. */
export function foundTag(offset: u32, length: u32): u32 {
  return tag(position, offset, length);
}
