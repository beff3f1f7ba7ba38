// Who sleeps. A sleeper sets its bit and looks once more before it sleeps; whoever wants to wake it
// takes the bit away first, so that one waker rings and a dead sleeper is rung once at most.

import { ROUSE_TAKEN, ROUSE_WOKEN, SLEEP_ANNOUNCED, SLEEP_KIND, SLEEP_OVER } from "../failpoints";
import {
  ASLEEP_RECEIVERS,
  ASLEEP_SENDERS,
  CONTROL_RECEIVERS_ASLEEP,
  CONTROL_REQUESTERS_ASLEEP,
  CONTROL_SENDERS_ASLEEP,
  PARTICIPANT_TURNS,
  PARTICIPANT_WAIT_KIND,
  PARTICIPANT_WAKE,
} from "../layout";
import { addBit, anyBit, nextBit, removeBit } from "./bit_set";
import { control, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read32 } from "./memory";

// @ts-ignore: decorator
@inline
export function receiversAsleep(): u32 {
  return anyBit(control + CONTROL_RECEIVERS_ASLEEP) ? 1 : 0;
}

// @ts-ignore: decorator
@inline
export function sendersAsleep(): u32 {
  return anyBit(control + CONTROL_SENDERS_ASLEEP) ? 1 : 0;
}

function sleepers(side: u32): usize {
  if (side == ASLEEP_RECEIVERS) return control + CONTROL_RECEIVERS_ASLEEP;
  if (side == ASLEEP_SENDERS) return control + CONTROL_SENDERS_ASLEEP;
  return control + CONTROL_REQUESTERS_ASLEEP;
}

/** Announces sleep of the given kind; answers the wake word's value to sleep on. */
export function fallAsleep(index: u32, side: u32, waitKind: u32): u32 {
  const slot = participant(index);
  const value = read32(slot + PARTICIPANT_WAKE);
  atomic.store<u32>(slot + PARTICIPANT_WAIT_KIND, waitKind);
  failpoint(SLEEP_KIND);
  addBit(sleepers(side), index);
  failpoint(SLEEP_ANNOUNCED);
  return value;
}

export function getUp(index: u32, side: u32): void {
  if (removeBit(sleepers(side), index)) failpoint(SLEEP_OVER);
}

/** Picks the sleeper with the fewest turns and takes its bit; answers its index, or -1. */
export function takeSleeper(side: u32): i32 {
  const set = sleepers(side);
  while (true) {
    const chosen = fewestTurns(set);
    if (chosen < 0) return -1;
    if (rouse(<u32>chosen, side)) return chosen;
  }
}

function fewestTurns(set: usize): i32 {
  let chosen = -1;
  let fewest: u32 = 0;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    const turns = read32(participant(<u32>i) + PARTICIPANT_TURNS);
    if (chosen < 0 || <i32>(turns - fewest) < 0) {
      chosen = i;
      fewest = turns;
    }
  }
  return chosen;
}

/** Takes the bit of one sleeper and changes its wake word; answers 1 if it was asleep. */
export function rouse(index: u32, side: u32): u32 {
  if (!removeBit(sleepers(side), index)) return 0;
  failpoint(ROUSE_TAKEN);
  atomic.add<u32>(participant(index) + PARTICIPANT_WAKE, 1);
  failpoint(ROUSE_WOKEN);
  return 1;
}
