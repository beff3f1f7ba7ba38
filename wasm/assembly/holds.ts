// Since when participants hold what they hold. Only those who look at a channel read it.

import { LEASE_DATED, VIEW_DATED } from "../failpoints";
import { LEASE_SLOT_SINCE, PARTICIPANT_VIEW } from "../layout";
import { participant } from "./channel";
import { failpoint } from "./failpoint";

/** Sets when the message in a slot was leased. */
export function dateLease(slot: u32, nowMs: f64): void {
  store<f64>(<usize>slot + LEASE_SLOT_SINCE, nowMs);
  failpoint(LEASE_DATED);
}

/** Sets when a participant began to read in place, from its attaching on. */
export function dateView(index: u32, afterMs: u32): void {
  store<u32>(participant(index) + PARTICIPANT_VIEW, afterMs);
  failpoint(VIEW_DATED);
}
