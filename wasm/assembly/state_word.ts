// The words that name the owner of a slot. A slot changes hands by one compare-and-swap on its word.
//
//   lease slot      [0-7] status        [8-31] owner     [32-47] deliveries  [48-63] uses of the slot
//   request slot    [0-31] generation   [32-39] status   [40-63] replier
//
// Owners are participants. Their tags hold the index of the participant's slot and a part of the slot's
// generation, so that a later owner of the same slot is not taken for an earlier one.

import { PARTICIPANT_GENERATION } from "../layout";
import { participant } from "./channel";
import { read32 } from "./memory";

function generationOf(index: u32): u32 {
  return read32(participant(index) + PARTICIPANT_GENERATION);
}

/** A participant as the owner of a lease: its index, and two bytes of its generation. */
export function leaseOwnerOf(index: u32): u32 {
  return index | ((generationOf(index) & 0xffff) << 8);
}

// @ts-ignore: decorator
@inline
export function leaseStatusOf(state: u64): u32 {
  return <u32>state & 0xff;
}

// @ts-ignore: decorator
@inline
export function ownerOf(state: u64): u32 {
  return <u32>(state >> 8) & 0xffffff;
}

/** The index of the participant that owns a lease. */
// @ts-ignore: decorator
@inline
export function ownerIndexOf(state: u64): u32 {
  return <u32>(state >> 8) & 0xff;
}

// @ts-ignore: decorator
@inline
export function deliveriesIn(state: u64): u32 {
  return <u32>(state >> 32) & 0xffff;
}

/** How often a lease slot was used. */
// @ts-ignore: decorator
@inline
export function usesOf(state: u64): u32 {
  return <u32>(state >> 48);
}

/** The word of a lease slot in the same use as `before`. */
export function leaseWord(before: u64, status: u32, owner: u32, deliveries: u32): u64 {
  return (before & 0xffff000000000000) | ((<u64>deliveries) << 32) | ((<u64>owner) << 8) |
    <u64>status;
}

/** The word of a lease slot that is free for its next use. */
export function freedLease(before: u64): u64 {
  return ((before >> 48) + 1) << 48;
}

/** A participant as the replier to a request: its index + 1, and a byte of its generation. */
export function replierTagOf(index: u32): u32 {
  return (index + 1) | ((generationOf(index) & 0xff) << 16);
}

// @ts-ignore: decorator
@inline
export function requestStatusOf(state: u64): u32 {
  return <u32>(state >> 32) & 0xff;
}

/** The tag of a request's replier, 0 if it has none. */
// @ts-ignore: decorator
@inline
export function replierTagIn(state: u64): u32 {
  return <u32>(state >> 40);
}

/** The word of a request slot. */
// @ts-ignore: decorator
@inline
export function requestWord(generation: u32, status: u32, replierTag: u32): u64 {
  return <u64>generation | ((<u64>status) << 32) | ((<u64>replierTag) << 40);
}
