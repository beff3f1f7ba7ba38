// Taking a message to hold it: its place says whose it is before the lane's tail moves.

import { KEEP_COPIED } from "../failpoints";
import { failpoint } from "./failpoint";
import { foundLane, isFound, release, skipTo, startOfFound, stillFirst } from "./receiver";
import { disown, own } from "./lease_table";
import { RECORD_NOTED, RECORD_TENSOR, TAKEN } from "../layout";

/**
 * Takes the message that `next` found, with its size and flags as the reader saw them, and that was
 * copied into a claimed place; answers TAKEN bits. The copy is known to be whole before the place
 * says that it is a message.
 */
export function holdTaken(place: u32, length: u32, size: u32, flags: u32): u32 {
  failpoint(KEEP_COPIED);
  if (!isFound(size, flags) || !stillFirst()) return 0;
  own(place, foundLane(), startOfFound(), length, flags & (RECORD_TENSOR | RECORD_NOTED));
  skipTo();
  const result = release();
  if ((result & TAKEN) == 0) disown(place);
  return result;
}
