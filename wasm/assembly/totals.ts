// The totals in the segment's header: the positions of the first lane plus what all other lanes add.
//
// With one lane its writer and its readers store the totals as they go. With several lanes, the process
// that changed a part writes the sum, and repeats that if a part moved meanwhile, so that the last one
// to finish leaves the right sum.

import {
  OTHERS_COUNT,
  OTHERS_HEAD,
  OTHERS_TAIL,
  SUM_READ,
  SUM_STORED,
  TOTAL_HEAD,
} from "../failpoints";
import {
  CONTROL_CORRECTIONS,
  CONTROL_OTHERS_COUNT,
  CONTROL_OTHERS_HEAD,
  CONTROL_OTHERS_TAIL,
  HEADER_COUNT,
  HEADER_HEAD,
  HEADER_TAIL,
  LANE_COUNT,
  LANE_HEAD,
  LANE_TAIL,
} from "../layout";
import { control } from "./channel";
import { failpoint } from "./failpoint";
import { lane, laneCount } from "./lane";
import { read32, read64 } from "./memory";

/** Adds what was committed on a lane. */
// @ts-ignore: decorator
@inline
export function totalSent(isFirst: bool, head: u64, count: u64, bytes: u64, messages: u64): void {
  if (isFirst && load<u64>(control + CONTROL_OTHERS_COUNT) == 0) {
    store<u64>(HEADER_HEAD, head);
    failpoint(TOTAL_HEAD);
    store<u64>(HEADER_COUNT, count);
  } else {
    totalSentShared(isFirst, bytes, messages);
  }
}

function totalSentShared(isFirst: bool, bytes: u64, messages: u64): void {
  if (!isFirst) {
    atomic.add<u64>(control + CONTROL_OTHERS_HEAD, bytes);
    failpoint(OTHERS_HEAD);
    atomic.add<u64>(control + CONTROL_OTHERS_COUNT, messages);
    failpoint(OTHERS_COUNT);
    if (wereCorrected()) reconcileAll();
  }
  sum(HEADER_HEAD, lane(0) + LANE_HEAD, control + CONTROL_OTHERS_HEAD);
  sum(HEADER_COUNT, lane(0) + LANE_COUNT, control + CONTROL_OTHERS_COUNT);
}

/** Adds what was released on a lane. */
// @ts-ignore: decorator
@inline
export function totalReceived(isFirst: bool, tail: u64, bytes: u64): void {
  if (isFirst && load<u64>(control + CONTROL_OTHERS_COUNT) == 0) {
    store<u64>(HEADER_TAIL, tail);
  } else {
    totalReceivedShared(isFirst, bytes);
  }
}

function totalReceivedShared(isFirst: bool, bytes: u64): void {
  if (!isFirst) {
    atomic.add<u64>(control + CONTROL_OTHERS_TAIL, bytes);
    failpoint(OTHERS_TAIL);
    if (wereCorrected()) reconcileAll();
  }
  sumTails();
}

/** Writes the total of all tails. */
export function sumTails(): void {
  sum(HEADER_TAIL, lane(0) + LANE_TAIL, control + CONTROL_OTHERS_TAIL);
}

function sum(target: usize, first: usize, others: usize): void {
  for (let round = 0; round < 8; ++round) {
    const a = read64(first);
    const b = read64(others);
    failpoint(SUM_READ);
    atomic.store<u64>(target, a + b);
    failpoint(SUM_STORED);
    if (read64(first) == a && read64(others) == b) return;
  }
}

/** Writes all totals again: each attacher does so, since processes may have died before they did. */
export function refreshTotals(): void {
  reconcileAll();
  sum(HEADER_HEAD, lane(0) + LANE_HEAD, control + CONTROL_OTHERS_HEAD);
  sum(HEADER_COUNT, lane(0) + LANE_COUNT, control + CONTROL_OTHERS_COUNT);
  sumTails();
}

/** Corrections up to this one include what this instance has added. */
let seenCorrections: u32 = 0;

/** True if what was just added may be counted twice: here, and by a correction meanwhile. */
// @ts-ignore: decorator
@inline
function wereCorrected(): bool {
  return read32(control + CONTROL_CORRECTIONS) != seenCorrections;
}

function reconcileAll(): void {
  const corrections = read32(control + CONTROL_CORRECTIONS);
  const isReconciled = reconcile(control + CONTROL_OTHERS_HEAD, LANE_HEAD) &&
    reconcile(control + CONTROL_OTHERS_COUNT, LANE_COUNT) &&
    reconcile(control + CONTROL_OTHERS_TAIL, LANE_TAIL);
  if (isReconciled) seenCorrections = corrections;
}

/** Reads after which a difference that does not move is taken for one that a dead process left. */
const STABLE_READS = 64;
const RECONCILE_ROUNDS = 8;

/**
 * Corrects the sum of all lanes but the first. A process that died between changing its lane and adding
 * the change has left the sum wrong. A live process may be between the two as well: then the values
 * move during the reads, or, if it is stopped there, it sees the correction when it continues. Returns
 * false if the values moved too often.
 */
function reconcile(others: usize, field: usize): bool {
  for (let round = 0; round < RECONCILE_ROUNDS; ++round) {
    const published = read64(others);
    const actual = sumOfOthers(field);
    if (published == actual) return true;
    let reads = 0;
    while (reads < STABLE_READS && read64(others) == published && sumOfOthers(field) == actual) reads++;
    if (reads < STABLE_READS) continue;
    atomic.add<u32>(control + CONTROL_CORRECTIONS, 1);
    if (atomic.cmpxchg<u64>(others, published, actual) == published) return true;
  }
  return false;
}

function sumOfOthers(field: usize): u64 {
  const lanes = laneCount();
  let total: u64 = 0;
  for (let i: u32 = 1; i < lanes; ++i) total += read64(lane(i) + field);
  return total;
}
