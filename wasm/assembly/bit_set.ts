// Sets of participants: one bit each, four 64-bit words.

import { read64 } from "./memory";

/** Participants in one word of a set. */
const WORD_BITS: u32 = 64;

// @ts-ignore: decorator
@inline
function word(set: usize, index: u32): usize {
  return set + (index / WORD_BITS) * 8;
}

// @ts-ignore: decorator
@inline
function bit(index: u32): u64 {
  return (<u64>1) << (<u64>(index % WORD_BITS));
}

export function addBit(set: usize, index: u32): void {
  atomic.or<u64>(word(set, index), bit(index));
}

/** True if the bit was set: of several callers that remove it, one gets true. */
export function removeBit(set: usize, index: u32): bool {
  return (atomic.and<u64>(word(set, index), ~bit(index)) & bit(index)) != 0;
}

export function hasBit(set: usize, index: u32): bool {
  return (read64(word(set, index)) & bit(index)) != 0;
}

// @ts-ignore: decorator
@inline
export function anyBit(set: usize): bool {
  return v128.any_true(v128.or(v128.load(set), v128.load(set, 16)));
}

/** True if the set has a member other than `index`. */
// @ts-ignore: decorator
@inline
export function anyBitBut(set: usize, index: u32): bool {
  if (!anyBit(set)) return false;
  const own = word(set, index);
  const all = load<u64>(set) | load<u64>(set, 8) | load<u64>(set, 16) | load<u64>(set, 24);
  return (all & ~bit(index)) != 0 || hasTwin(set, own, bit(index));
}

/** True if a word other than `own` has the same bit. */
function hasTwin(set: usize, own: usize, twin: u64): bool {
  for (let at = set; at < set + 32; at += 8) {
    if (at != own && (read64(at) & twin) != 0) return true;
  }
  return false;
}

/** The next member from `from` on, or -1. */
export function nextBit(set: usize, from: u32): i32 {
  while (from < 4 * WORD_BITS) {
    const rest = read64(word(set, from)) >> (<u64>(from % WORD_BITS));
    if (rest != 0) return <i32>(from + <u32>ctz<u64>(rest));
    from = (from / WORD_BITS + 1) * WORD_BITS;
  }
  return -1;
}
