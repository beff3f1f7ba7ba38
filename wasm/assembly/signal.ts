// Signals: a notification is one atomic addition to the count of its id. So a process that dies in it has
// either notified all others or none.

import { SIGNAL_COUNTED } from "../failpoints";
import { SIGNAL_COUNTS } from "../layout";
import { failpoint } from "./failpoint";

/** Counts a notification; returns the count before. The caller wakes those who wait. */
export function countNotification(id: u32): u32 {
  const before = atomic.add<u32>(SIGNAL_COUNTS + id * 4, 1);
  failpoint(SIGNAL_COUNTED);
  return before;
}
