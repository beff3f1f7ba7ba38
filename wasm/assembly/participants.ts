// The participants of a channel. The isolate word claims a slot and names its owner in one step, so that
// other processes recognize the slot of a process that dies at any later step. A process that reclaims a
// dead owner's slot first makes the slot its own. So no two processes reclaim it at once, and none reclaims
// it after it has a new owner.

import {
  JOIN_CLAIMED,
  JOIN_GENERATION,
  JOIN_LABEL,
  JOIN_LANE,
  JOIN_PID,
  JOIN_ROLE,
  JOIN_SINCE,
  LANE_ASSIGNED,
  LANE_OWNED,
  LEAVE_FREED,
  LEAVE_PIN,
  LEAVE_LANE,
  LEAVE_RECEIVERS,
  LEAVE_REQUESTERS,
  LEAVE_ROLE,
  LEAVE_SENDERS,
  LEAVE_FAIRNESS,
  RECLAIM_MARKED,
  RECLAIM_OWNED,
  REGION_BYTES,
  REGION_OFFSET,
  REGION_CHECKSUMMED,
  RING_OFFSET,
  RING_PUBLISHED,
} from "../failpoints";
import {
  WAITERS_RECEIVERS,
  WAITERS_REQUESTERS,
  WAITERS_SENDERS,
  NO_LANE_OF_SIZE,
  LANE_OWNER,
  MAX_LANES,
  MAX_PARTICIPANTS,
  PARTICIPANT_ISOLATE,
  PARTICIPANT_DIED,
  PARTICIPANT_FENCE,
  PARTICIPANT_GENERATION,
  PARTICIPANT_LABEL,
  PARTICIPANT_LANE,
  PARTICIPANT_PID,
  PARTICIPANT_REGION,
  PARTICIPANT_REGION_BYTES,
  PARTICIPANT_REGION_CHECK,
  PARTICIPANT_ROLE,
  PARTICIPANT_SINCE,
} from "../layout";
import { participant } from "./channel";
import { lane, publishLane, ringBytesOf, ringOf, setRing } from "./lane";
import { recount } from "./message_count";
import { failpoint } from "./failpoint";
import { unpin } from "./pin";
import { read32, read64, setFenceWord } from "./memory";
import { checksum } from "./checksum";
import { returnAll } from "./lease";
import { cancelWait } from "./waiters";
import { evict } from "./fairness";

/** The label of the participant that joins, in words: the module has no memory of its own. */
let label0: u64 = 0;
let label1: u64 = 0;
let label2: u64 = 0;
let label3: u64 = 0;
let label4: u64 = 0;

/** Sets the label with which this participant joins. */
export function setLabel(word0: u64, word1: u64, word2: u64, word3: u64, word4: u64): void {
  label0 = word0;
  label1 = word1;
  label2 = word2;
  label3 = word3;
  label4 = word4;
}

function writeLabel(at: usize): void {
  store<u64>(at, label0);
  store<u64>(at + 8, label1);
  store<u64>(at + 16, label2);
  store<u64>(at + 24, label3);
  store<u64>(at + 32, label4);
}

/** Claims a slot for an isolate; returns its index, or -1 when all slots are taken. */
export function join(isolate: u64, pid: u32, now: f64): i32 {
  for (let i: u32 = 0; i < <u32>MAX_PARTICIPANTS; ++i) {
    const slot = participant(i);
    if (read64(slot + PARTICIPANT_ISOLATE) != 0) continue;
    // A participant that leaves clears its role first. A slot with a role had its isolate word overwritten.
    if (read32(slot + PARTICIPANT_ROLE) != 0) continue;
    if (atomic.cmpxchg<u64>(slot + PARTICIPANT_ISOLATE, 0, isolate) != 0) continue;
    failpoint(JOIN_CLAIMED);
    setFenceWord(slot + PARTICIPANT_FENCE);
    store<u32>(slot + PARTICIPANT_PID, pid);
    failpoint(JOIN_PID);
    store<f64>(slot + PARTICIPANT_SINCE, now);
    failpoint(JOIN_SINCE);
    store<u32>(slot + PARTICIPANT_LANE, 0);
    failpoint(JOIN_LANE);
    writeLabel(slot + PARTICIPANT_LABEL);
    failpoint(JOIN_LABEL);
    atomic.add<u32>(slot + PARTICIPANT_GENERATION, 1);
    failpoint(JOIN_GENERATION);
    return i;
  }
  return -1;
}

/** Publishes the role of a participant that is ready for it. */
export function publishRole(index: u32, role: u32): void {
  atomic.store<u32>(participant(index) + PARTICIPANT_ROLE, role);
  failpoint(JOIN_ROLE);
}

/** The isolate that owns a slot, 0 if it is free. */
export function isolateOf(index: u32): u64 {
  return read64(participant(index) + PARTICIPANT_ISOLATE);
}

/**
 * Makes a dead isolate's slot `mine`, and frees what it held; 0 if another process does so. Its messages
 * are returned before that, so that they are not lost if this process is stopped here.
 */
export function reclaim(index: u32, dead: u64, mine: u64): u32 {
  const slot = participant(index) + PARTICIPANT_ISOLATE;
  if (read64(slot) == dead) returnAll(index);
  if (atomic.cmpxchg<u64>(slot, dead, mine) != dead) return 0;
  failpoint(RECLAIM_OWNED);
  markDead(participant(index));
  for (let i: u32 = 0; i < <u32>MAX_LANES; ++i) {
    if (read32(lane(i) + LANE_OWNER) == index + 1) recount(i);
  }
  leave(index);
  return 1;
}

/** Those who watch the channel see that the owner died, and did not leave. */
function markDead(slot: usize): void {
  atomic.store<u32>(slot + PARTICIPANT_DIED, read32(slot + PARTICIPANT_GENERATION));
  failpoint(RECLAIM_MARKED);
}

/**
 * Frees a slot and all that its owner held. The messages that the owner sent stay. Returns how many
 * messages were returned.
 */
export function leave(index: u32): u32 {
  const slot = participant(index);
  const returned = returnAll(index);
  atomic.store<u32>(slot + PARTICIPANT_ROLE, 0);
  failpoint(LEAVE_ROLE);
  cancelWait(index, WAITERS_RECEIVERS);
  failpoint(LEAVE_RECEIVERS);
  cancelWait(index, WAITERS_SENDERS);
  failpoint(LEAVE_SENDERS);
  cancelWait(index, WAITERS_REQUESTERS);
  failpoint(LEAVE_REQUESTERS);
  evict(index);
  failpoint(LEAVE_FAIRNESS);
  unpin(index);
  failpoint(LEAVE_PIN);
  for (let i: u32 = 0; i < <u32>MAX_LANES; ++i) {
    const owner = atomic.cmpxchg<u32>(lane(i) + LANE_OWNER, index + 1, 0);
    if (owner == index + 1) failpoint(LEAVE_LANE);
  }
  atomic.store<u64>(slot + PARTICIPANT_ISOLATE, 0);
  failpoint(LEAVE_FREED);
  return returned;
}

/**
 * Claims a lane without a writer, whose ring has `bytes` or that has no ring yet. Returns its index, -1 if
 * all lanes have writers, and NO_LANE_OF_SIZE if those without have rings of other sizes.
 */
export function claimLane(index: u32, bytes: u32): i32 {
  let result: i32 = -1;
  for (let i: u32 = 0; i < <u32>MAX_LANES; ++i) {
    const owner = lane(i) + LANE_OWNER;
    if (read32(owner) != 0) continue;
    if (!fits(i, bytes)) {
      result = NO_LANE_OF_SIZE;
      continue;
    }
    if (atomic.cmpxchg<u32>(owner, 0, index + 1) != 0) continue;
    failpoint(LANE_OWNED);
    // Another sender may have given it a ring, and left it.
    if (!fits(i, bytes)) {
      atomic.store<u32>(owner, 0);
      continue;
    }
    atomic.store<u32>(participant(index) + PARTICIPANT_LANE, i + 1);
    failpoint(LANE_ASSIGNED);
    return i;
  }
  return result;
}

function fits(index: u32, bytes: u32): bool {
  return ringOf(index) == 0 || ringBytesOf(index) == bytes;
}

/** Gives a lane its ring unless `offset` is 0, and makes it visible to receivers. */
export function openRing(index: u32, offset: u32, bytes: u32): void {
  if (offset != 0) {
    setRing(index, offset, bytes);
    failpoint(RING_OFFSET);
  }
  publishLane(index);
  failpoint(RING_PUBLISHED);
}

/** Records a slot's region, which later owners of the slot use again. */
export function setRegion(index: u32, offset: u32, bytes: u32): void {
  const slot = participant(index);
  store<u32>(slot + PARTICIPANT_REGION_BYTES, bytes);
  failpoint(REGION_BYTES);
  store<u32>(slot + PARTICIPANT_REGION_CHECK, checksum(offset, bytes));
  failpoint(REGION_CHECKSUMMED);
  atomic.store<u32>(slot + PARTICIPANT_REGION, offset);
  failpoint(REGION_OFFSET);
}

/** Where a slot's region of at least `bytes` lies, 0 if it has none or its words are corrupt. */
export function regionOf(index: u32, bytes: u32): u32 {
  const slot = participant(index);
  const offset = read32(slot + PARTICIPANT_REGION);
  const size = load<u32>(slot + PARTICIPANT_REGION_BYTES);
  if (load<u32>(slot + PARTICIPANT_REGION_CHECK) != checksum(offset, size)) return 0;
  if (size < bytes || (offset & 7) != 0) return 0;
  return offset;
}
