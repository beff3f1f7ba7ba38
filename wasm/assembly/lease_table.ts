// Lease tables: slots for messages that were taken and are not acknowledged yet, each with a buffer that
// a message is copied into. They belong to the channel, so that a slot outlives the puller that filled it.

import {
  BUFFER_CHECKSUMMED,
  BUFFER_OFFSET,
  BUFFER_SIZED,
  LEASE_CLAIMED,
  LEASE_TABLE_FILLED,
  LEASE_TABLE_PUBLISHED,
} from "../failpoints";
import {
  BUFFER_WASTE,
  CONTROL_BYTES,
  CONTROL_LEASE_TABLES,
  FIRST_LEASE_TABLE_SLOTS,
  LARGE_BUFFER_BYTES,
  LEASE_SLOT_BUFFER,
  LEASE_SLOT_BUFFER_BYTES,
  LEASE_SLOT_BUFFER_CHECK,
  LEASE_SLOT_BYTES,
  LEASE_SLOT_CLAIMED,
  LEASE_SLOT_FREE,
  LEASE_SLOT_STATE,
  LEASE_TABLE_GROWTH,
  MAX_LEASE_TABLES,
  SMALL_BUFFER_BYTES,
} from "../layout";
import { control, mapped } from "./channel";
import { checksum, withChecksum } from "./checksum";
import { failpoint } from "./failpoint";
import { read64 } from "./memory";
import { leaseStatusOf, leaseWord } from "./state_word";

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

/** Bytes of a table with the buffers that its slots have at first. */
export function leaseTableBytes(table: u32): u32 {
  return slotsIn(table) * (LEASE_SLOT_BYTES + SMALL_BUFFER_BYTES);
}

// @ts-ignore: decorator
@inline
function leaseTableWord(table: u32): usize {
  return control + CONTROL_LEASE_TABLES + table * 8;
}

/** Where a table lies, 0 if it does not exist or its word is corrupt. */
function leaseTableOffset(table: u32): usize {
  const word = read64(leaseTableWord(table));
  const at = <u32>word;
  if (word != withChecksum(at) || <usize>at < control + CONTROL_BYTES || (at & 7) != 0) return 0;
  return <u64>at + leaseTableBytes(table) > mapped ? 0 : at;
}

/** The first table whose word is corrupt, or -1. */
export function corruptLeaseTable(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_LEASE_TABLES; ++i) {
    if (read64(leaseTableWord(i)) != 0 && leaseTableOffset(i) == 0) return i;
  }
  return -1;
}

/** The first table that does not exist yet, or -1. */
export function missingLeaseTable(): i32 {
  for (let i: u32 = 0; i < <u32>MAX_LEASE_TABLES; ++i) {
    if (read64(leaseTableWord(i)) == 0) return i;
  }
  return -1;
}

/** Adds a table in zeroed memory, unless another process was faster. */
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

/** Gives a claimed slot another buffer. Until its three words agree, the slot has none. */
export function setSlotBuffer(slot: u32, at: u32, bytes: u32): void {
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER_CHECK, checksum(at, bytes));
  failpoint(BUFFER_CHECKSUMMED);
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER, at);
  failpoint(BUFFER_OFFSET);
  store<u32>(<usize>slot + LEASE_SLOT_BUFFER_BYTES, bytes);
  failpoint(BUFFER_SIZED);
}

/** Bytes of a slot's buffer; 0 if its words are corrupt. */
export function slotBufferBytes(slot: u32): u32 {
  const bytes = load<u32>(<usize>slot + LEASE_SLOT_BUFFER_BYTES);
  const check = load<u32>(<usize>slot + LEASE_SLOT_BUFFER_CHECK);
  return checksum(load<u32>(<usize>slot + LEASE_SLOT_BUFFER), bytes) == check ? bytes : 0;
}

// A walk over all slots of all tables.
let walkTable: u32 = 0;
let walkAt: usize = 0;
let walkEnd: usize = 0;

/** Begins a walk over all slots; returns 0 if there are none. */
export function firstSlot(): usize {
  walkTable = 0;
  walkAt = walkEnd = 0;
  return nextSlot();
}

/** The next slot of the walk, or 0 at its end. */
export function nextSlot(): usize {
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

/** True if a buffer is large enough for a message, and not much too large. */
function fits(slot: usize, bytes: u32): bool {
  const available = slotBufferBytes(<u32>slot);
  return available >= bytes && available / BUFFER_WASTE <= max<u32>(bytes, LARGE_BUFFER_BYTES / BUFFER_WASTE);
}

function claimFree(slot: usize, owner: u32): bool {
  const state = read64(slot + LEASE_SLOT_STATE);
  if (leaseStatusOf(state) != LEASE_SLOT_FREE) return false;
  const claimed = leaseWord(state, LEASE_SLOT_CLAIMED, owner, 0);
  if (atomic.cmpxchg<u64>(slot + LEASE_SLOT_STATE, state, claimed) != state) return false;
  failpoint(LEASE_CLAIMED);
  return true;
}

/**
 * Claims a free slot for an owner: `hint` if it fits, else one with a buffer of about `bytes`, else one
 * whose buffer has to be enlarged; returns 0 if there is none. With `isLast`, a much too large buffer is
 * accepted.
 */
export function claimSlot(owner: u32, bytes: u32, hint: u32, isLast: u32): u32 {
  if (hint != 0 && fits(hint, bytes) && claimFree(hint, owner)) return hint;
  let smallest: usize = 0;
  for (let slot = firstSlot(); slot != 0; slot = nextSlot()) {
    if (leaseStatusOf(read64(slot + LEASE_SLOT_STATE)) != LEASE_SLOT_FREE) continue;
    const available = slotBufferBytes(<u32>slot);
    if (fits(slot, bytes) || (isLast != 0 && available >= bytes)) {
      if (claimFree(slot, owner)) return <u32>slot;
    } else if (available < bytes && (smallest == 0 || available < slotBufferBytes(<u32>smallest))) {
      smallest = slot;
    }
  }
  return smallest != 0 && claimFree(smallest, owner) ? <u32>smallest : 0;
}
