// Pins: records that a receiver of a queue reads in place. They are taken, so that no other receiver gets
// them, and pinned, so that the writer does not reuse their bytes before the receiver unpins them.

import { PIN_ADDED, PIN_LANE, PIN_REMOVED, PIN_POSITION } from "../failpoints";
import { CONTROL_PINS, PARTICIPANT_PIN, PARTICIPANT_PIN_LANE } from "../layout";
import { addBit, anyBit, nextBit, removeBit } from "./bit_set";
import { control, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read64 } from "./memory";

export function pin(index: u32, lane: usize, position: u64): void {
  const slot = participant(index);
  store<u32>(slot + PARTICIPANT_PIN_LANE, <u32>lane);
  failpoint(PIN_LANE);
  atomic.store<u64>(slot + PARTICIPANT_PIN, position);
  failpoint(PIN_POSITION);
  addBit(control + CONTROL_PINS, index);
  failpoint(PIN_ADDED);
}

export function unpin(index: u32): void {
  // The lane is cleared first: a bit that is set by accident must not pin again what was unpinned.
  store<u32>(participant(index) + PARTICIPANT_PIN_LANE, 0);
  if (removeBit(control + CONTROL_PINS, index)) failpoint(PIN_REMOVED);
}

/** The position from which a lane's bytes are still in use, given its tail. */
export function pinnedFrom(lane: usize, tail: u64): u64 {
  const set = control + CONTROL_PINS;
  if (!anyBit(set)) return tail;
  let from = tail;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    const slot = participant(<u32>i);
    if (load<u32>(slot + PARTICIPANT_PIN_LANE) != <u32>lane) continue;
    from = min<u64>(from, read64(slot + PARTICIPANT_PIN));
  }
  return from;
}

/** The participant whose pin keeps a lane's writer from going on, or -1. */
export function oldestPinOn(lane: usize): i32 {
  const set = control + CONTROL_PINS;
  let chosen = -1;
  let oldest = u64.MAX_VALUE;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    const slot = participant(<u32>i);
    const position = read64(slot + PARTICIPANT_PIN);
    if (load<u32>(slot + PARTICIPANT_PIN_LANE) != <u32>lane || position >= oldest) continue;
    oldest = position;
    chosen = i;
  }
  return chosen;
}
