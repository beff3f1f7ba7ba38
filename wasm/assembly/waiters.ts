// The participants that wait. A waiter sets its bit, and looks once more before it sleeps. A process that
// wakes it removes the bit first, so that only one process rings, and a dead waiter is rung at most once.

import { WAKE_REMOVED, WAKE_SIGNALLED, WAIT_ANNOUNCED, WAIT_KIND, WAIT_CANCELLED } from "../failpoints";
import {
  WAITERS_RECEIVERS,
  WAITERS_SENDERS,
  CONTROL_RECEIVER_WAITERS,
  CONTROL_REQUESTER_WAITERS,
  CONTROL_SENDER_WAITERS,
  PARTICIPANT_SERVICE_COUNT,
  PARTICIPANT_WAIT_KIND,
  PARTICIPANT_WAKE,
} from "../layout";
import { addBit, anyBit, nextBit, removeBit } from "./bit_set";
import { control, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read32 } from "./memory";

// @ts-ignore: decorator
@inline
export function hasWaitingReceivers(): u32 {
  return anyBit(control + CONTROL_RECEIVER_WAITERS) ? 1 : 0;
}

// @ts-ignore: decorator
@inline
export function hasWaitingSenders(): u32 {
  return anyBit(control + CONTROL_SENDER_WAITERS) ? 1 : 0;
}

function waiterSet(side: u32): usize {
  if (side == WAITERS_RECEIVERS) return control + CONTROL_RECEIVER_WAITERS;
  if (side == WAITERS_SENDERS) return control + CONTROL_SENDER_WAITERS;
  return control + CONTROL_REQUESTER_WAITERS;
}

/** Announces a wait of the given kind; returns the value of the wake word to wait on. */
export function announceWait(index: u32, side: u32, waitKind: u32): u32 {
  const slot = participant(index);
  const value = read32(slot + PARTICIPANT_WAKE);
  atomic.store<u32>(slot + PARTICIPANT_WAIT_KIND, waitKind);
  failpoint(WAIT_KIND);
  addBit(waiterSet(side), index);
  failpoint(WAIT_ANNOUNCED);
  return value;
}

export function cancelWait(index: u32, side: u32): void {
  if (removeBit(waiterSet(side), index)) failpoint(WAIT_CANCELLED);
}

/** Removes the waiter with the lowest service count; returns its index, or -1. */
export function popWaiter(side: u32): i32 {
  const set = waiterSet(side);
  while (true) {
    const chosen = leastServed(set);
    if (chosen < 0) return -1;
    if (wake(<u32>chosen, side)) return chosen;
  }
}

function leastServed(set: usize): i32 {
  let chosen = -1;
  let fewest: u32 = 0;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    const serviceCount = read32(participant(<u32>i) + PARTICIPANT_SERVICE_COUNT);
    if (chosen < 0 || <i32>(serviceCount - fewest) < 0) {
      chosen = i;
      fewest = serviceCount;
    }
  }
  return chosen;
}

/** Removes a waiter, and changes its wake word; returns 1 if it was waiting. */
export function wake(index: u32, side: u32): u32 {
  if (!removeBit(waiterSet(side), index)) return 0;
  failpoint(WAKE_REMOVED);
  atomic.add<u32>(participant(index) + PARTICIPANT_WAKE, 1);
  failpoint(WAKE_SIGNALLED);
  return 1;
}
