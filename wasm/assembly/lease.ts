// Taking a message to hold it: its place says whose it is before the lane's tail moves.

import { LEASE_COPIED } from "../failpoints";
import { failpoint } from "./failpoint";
import { foundLane, isFound, release, skipFound, foundStart, isTailUnchanged } from "./receiver";
import { cancelLease, acquireLease } from "./lease_table";
import { RECORD_HEADERS, RECORD_TENSOR, RECORD_UNDEFINED, TAKEN } from "../layout";

/** Flags that a message keeps in its lease slot. */
const KEPT_FLAGS: u32 = RECORD_TENSOR | RECORD_HEADERS | RECORD_UNDEFINED;

/**
 * Takes the message that `next` found, with its size and flags as the reader saw them, and that was
 * copied into a claimed place; answers TAKEN bits. The copy is known to be whole before the place
 * says that it is a message.
 */
export function leaseTaken(slot: u32, length: u32, size: u32, flags: u32): u32 {
  failpoint(LEASE_COPIED);
  if (!isFound(size, flags) || !isTailUnchanged()) return 0;
  acquireLease(slot, foundLane(), foundStart(), length, flags & KEPT_FLAGS);
  skipFound();
  const result = release();
  if ((result & TAKEN) == 0) cancelLease(slot);
  return result;
}
