// The cells of latest values, and the buckets that refer to them. A participant claims a free cell, which
// gives it a new use, fills it, and puts it into its bucket with one compare-and-swap. So a bucket refers to
// whole cells only, wherever a writer dies. A cell's use tells readers that what they copied was reused.

import {
  CELL_BUCKETED,
  CELL_CLAIMED,
  CELL_COUNTED,
  CELL_DESCRIBED,
  CELL_FILLED,
  CELL_FREED,
  CELL_MARKED,
  CELL_MEASURED,
  CELL_PUBLISHED,
  CELL_TIMED,
  CHUNK_ADDED,
  CHUNK_DESCRIBED,
} from "../failpoints";
import {
  CELL_BUCKET,
  CELL_CHECK,
  CELL_EXPIRES,
  CELL_FLAGS,
  CELL_FREE,
  CELL_KEPT,
  CELL_KEY_BYTES,
  CELL_LENGTH,
  CELL_STATE,
  CELL_WRITING,
  CHUNK_CONTENTS,
  INDEX_CHANGES,
  PARTICIPANT_GENERATION,
} from "../layout";
import { participant } from "./channel";
import { checksum, withChecksum } from "./checksum";
import { failpoint } from "./failpoint";
import { loadFence, read32, read64, storeFence } from "./memory";

/** The low half of the state of a cell that this participant fills. */
let writing: u32 = 0;

/** Sets which participant this is. */
export function openCells(index: u32): void {
  const generation = read32(participant(index) + PARTICIPANT_GENERATION);
  writing = CELL_WRITING | (index << 8) | (generation << 16);
}

// @ts-ignore: decorator
@inline
function stateOf(use: u32, low: u32): u64 {
  return ((<u64>use) << 32) | (<u64>low);
}

/** Claims a cell if it is free; returns 1 if it was. */
export function claimCell(cell: u32): u32 {
  const state = read64(cell + CELL_STATE);
  if ((<u32>state & 0xff) != CELL_FREE) return 0;
  const next = stateOf(<u32>(state >> 32) + 1, writing);
  if (atomic.cmpxchg<u64>(cell + CELL_STATE, state, next) != state) return 0;
  failpoint(CELL_CLAIMED);
  storeFence();
  return 1;
}

/** Describes what a claimed cell is to hold. */
export function describeCell(
  cell: u32,
  bucket: u32,
  length: u32,
  keyBytes: u32,
  flags: u32,
  expiresMs: f64,
): void {
  store<u32>(cell + CELL_BUCKET, bucket);
  failpoint(CELL_BUCKETED);
  store<u32>(cell + CELL_LENGTH, length);
  store<u32>(cell + CELL_KEY_BYTES, keyBytes);
  store<u32>(cell + CELL_FLAGS, flags);
  failpoint(CELL_MEASURED);
  store<f64>(cell + CELL_EXPIRES, expiresMs);
  failpoint(CELL_TIMED);
  store<u32>(cell + CELL_CHECK, checkOf(cell));
  failpoint(CELL_DESCRIBED);
}

function checkOf(cell: u32): u32 {
  const use = load<u32>(cell + CELL_STATE + 4);
  let check = checksum(cell, use);
  check = checksum(check, load<u32>(cell + CELL_BUCKET));
  check = checksum(check, load<u32>(cell + CELL_LENGTH));
  check = checksum(check, load<u32>(cell + CELL_KEY_BYTES));
  check = checksum(check, load<u32>(cell + CELL_FLAGS));
  check = checksum(check, load<u32>(cell + CELL_EXPIRES));
  return checksum(check, load<u32>(cell + CELL_EXPIRES + 4));
}

/** 1 if the description of a cell matches its check. */
export function isCellIntact(cell: u32): u32 {
  return load<u32>(cell + CELL_CHECK) == checkOf(cell) ? 1 : 0;
}

/** 1 if a cell is still in the given use: what was read of it before is whole. */
export function hasCellUse(cell: u32, use: u32): u32 {
  loadFence();
  return read32(cell + CELL_STATE + 4) == use ? 1 : 0;
}

/** Makes a bucket refer to another cell, unless it has changed; returns 1 if it did. */
export function publishCell(bucket: u32, low: u32, version: u32, next: u32): u32 {
  failpoint(CELL_FILLED);
  const before = stateOf(version, low);
  if (atomic.cmpxchg<u64>(bucket, before, stateOf(version + 1, next)) != before) return 0;
  failpoint(CELL_PUBLISHED);
  atomic.add<u32>(INDEX_CHANGES, 1);
  failpoint(CELL_COUNTED);
  return 1;
}

/** Marks a cell of this participant that was put into its bucket. */
export function markCell(cell: u32, use: u32): void {
  const before = stateOf(use, writing);
  atomic.cmpxchg<u64>(cell + CELL_STATE, before, stateOf(use, CELL_KEPT));
  failpoint(CELL_MARKED);
}

/** Frees a cell that no bucket refers to in the given use; returns 1 if it did. */
export function freeCell(cell: u32, use: u32): u32 {
  while (true) {
    const state = read64(cell + CELL_STATE);
    if (<u32>(state >> 32) != use || (<u32>state & 0xff) == CELL_FREE) return 0;
    if (atomic.cmpxchg<u64>(cell + CELL_STATE, state, stateOf(use, CELL_FREE)) != state) continue;
    failpoint(CELL_FREED);
    return 1;
  }
}

/** Puts a new chunk into an entry of the table, unless the entry is taken; returns 1 if it did. */
export function addChunk(entry: u32, chunk: u32, contents: u32): u32 {
  atomic.store<u64>(chunk + CHUNK_CONTENTS, withChecksum(contents));
  failpoint(CHUNK_DESCRIBED);
  if (atomic.cmpxchg<u64>(entry, 0, withChecksum(chunk)) != 0) return 0;
  failpoint(CHUNK_ADDED);
  return 1;
}
