// Records: their size, their frame, and how a reader recognizes a whole one.

import { RECORD_SIZED } from "../failpoints";
import {
  MAX_TOPIC_BYTES,
  RECORD_FRAME,
  RECORD_PADDING,
  RECORD_PAYLOAD,
  RECORD_SIZE,
  TOPIC_LENGTH,
  TOPIC_TEXT,
} from "../layout";
import { failpoint } from "./failpoint";

/** Bytes that a payload takes in a ring. */
// @ts-ignore: decorator
@inline
export function recordBytes(payload: u32): u32 {
  return (payload + RECORD_PAYLOAD + 7) & ~7;
}

/** The place is a part of the check: the record of another lane is none here, though its position may be the same. */
// @ts-ignore: decorator
@inline
function frame(at: usize, position: u64, size: u64, low: u64): u64 {
  const mixed = (position ^ (<u64>at << 29) ^ rotl<u64>(size, 36) ^ low) * 0x9e3779b97f4a7c15;
  return low | (mixed & 0xffffff0000000000);
}

// @ts-ignore: decorator
@inline
export function writeRecord(
  at: usize,
  position: u64,
  payload: u32,
  sequence: u64,
  flags: u32,
): void {
  const size = <u64>payload + 8;
  store<u64>(at, size, RECORD_SIZE);
  failpoint(RECORD_SIZED);
  store<u64>(
    at,
    frame(at, position, size, (sequence & 0xffffffff) | ((<u64>flags) << 32)),
    RECORD_FRAME,
  );
}

/** Writes `bytes` of padding, a multiple of 8, which readers skip. */
export function writePadding(at: usize, position: u64, bytes: u32): void {
  if (bytes == 8) store<u64>(at, 0, RECORD_SIZE);
  else writeRecord(at, position, bytes - RECORD_PAYLOAD, 0, RECORD_PADDING);
}

// What `check` found at a position.
export let foundBytes: u32 = 0;
export let foundSize: u32 = 0;
export let foundFlags: u32 = 0;
export let foundSequence: u32 = 0;

/** Reads the record at `at`, which takes at most `space` bytes; false if it is not whole. */
// @ts-ignore: decorator
@inline
export function check(at: usize, position: u64, space: u64): bool {
  const size = load<u64>(at, RECORD_SIZE);
  if (size - 8 > space - RECORD_PAYLOAD || space < <u64>RECORD_PAYLOAD) {
    return checkPadding(size, space);
  }
  const word = load<u64>(at, RECORD_FRAME);
  foundSize = <u32>size;
  foundBytes = (<u32>size + 15) & ~7;
  foundFlags = <u32>(word >> 32) & 0xff;
  foundSequence = <u32>word;
  return frame(at, position, size, word & 0xffffffffff) == word;
}

/** A hash of the sizes of records that were stepped over together: what a reader copied has to have the same. */
let sizesHash: u32 = 0;

export function beginSizes(): void {
  sizesHash = 0;
}

// @ts-ignore: decorator
@inline
export function addSize(): void {
  sizesHash = sizesHash * 31 + foundSize;
}

/** The hash of the sizes of all records that `stepOver` has stepped over. */
export function hashOfSizes(): u32 {
  return sizesHash;
}

/** Padding without a frame fills the last eight bytes of a ring; elsewhere zeros are damage. */
function checkPadding(size: u64, space: u64): bool {
  foundBytes = 8;
  foundFlags = RECORD_PADDING;
  return size == 0 && space == 8;
}

/** Bytes of the topic before a payload at `at`, with its length and its hash; 0 if it is longer than any. */
export function topicBytes(at: usize): u32 {
  const length = load<u32>(at, TOPIC_LENGTH);
  return length > <u32>MAX_TOPIC_BYTES ? 0 : (TOPIC_TEXT + length + 7) & ~7;
}

/** True if a reader that looked at a record's words saw those that `check` found. */
// @ts-ignore: decorator
@inline
export function isFound(size: u32, flags: u32): bool {
  return size == foundSize && flags == foundFlags;
}
