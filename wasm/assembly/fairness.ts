// Equal shares. Receivers that wait for a queue form a set; one that is more than a quantum of
// messages ahead of another member leaves the next message to it. Nobody waits long for a member that
// does not come (lib/channel/fairness.ts says how long before it is put out), and one that was put out must show
// for a while that it comes back quickly before it stays a member while it handles a message.

import {
  TURN_COUNTED,
  TURN_JOINED,
  TURN_LED,
  TURN_LEFT,
  TURN_PUT_OUT,
  TURN_RAISED,
} from "../failpoints";
import { CONTROL_TURN_MAX, CONTROL_WAITING, PARTICIPANT_TURNS, TURN_QUANTUM } from "../layout";
import { addBit, anyBit, anyBitBut, hasBit, nextBit, removeBit } from "./bit_set";
import { control, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read32 } from "./memory";

/** Prompt returns after which a receiver stays in the set while it handles a message. */
const PROMPT: u32 = 8;

let self: u32 = 0;
let prompt: u32 = PROMPT;
// The leader's turns when we last left the set by ourselves: others' progress is our clock.
let leftAt: u32 = 0;
let hasLeft: bool = false;
let hasJoined: bool = false;

export function takeTurnsAs(index: u32): void {
  self = index;
}

/** Joins the set, not further behind the leader than a quantum. */
export function joinTurns(): void {
  if (hasBit(control + CONTROL_WAITING, self)) return;
  const turns = participant(self) + PARTICIPANT_TURNS;
  const leader = read32(control + CONTROL_TURN_MAX);
  // Others put us out, or went far ahead since we left: we were slow to come back.
  if (!hasLeft || leader - leftAt > <u32>TURN_QUANTUM) prompt = hasJoined ? 0 : PROMPT;
  else if (prompt < PROMPT) prompt++;
  hasJoined = true;
  hasLeft = false;
  if (<i32>(leader - load<u32>(turns)) > TURN_QUANTUM) {
    atomic.store<u32>(turns, leader - TURN_QUANTUM);
    failpoint(TURN_RAISED);
  }
  addBit(control + CONTROL_WAITING, self);
  failpoint(TURN_JOINED);
}

/** Puts a member out of the set; it comes back with its next wait. */
export function putOut(index: u32): void {
  if (removeBit(control + CONTROL_WAITING, index)) failpoint(TURN_PUT_OUT);
}

/** A member to whom the next message is due before us, or -1. */
export function laggard(): i32 {
  const set = control + CONTROL_WAITING;
  if (!anyBitBut(set, self)) return -1;
  const mine = load<u32>(participant(self) + PARTICIPANT_TURNS);
  let chosen = -1;
  let most = TURN_QUANTUM;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    if (<u32>i == self) continue;
    const behind = <i32>(mine - read32(participant(<u32>i) + PARTICIPANT_TURNS));
    if (behind >= most) {
      most = behind;
      chosen = i;
    }
  }
  return chosen;
}

/** The first member but us, or -1. */
export function otherMember(): i32 {
  const set = control + CONTROL_WAITING;
  const first = nextBit(set, 0);
  return <u32>first == self ? nextBit(set, self + 1) : first;
}

/** Counts messages taken; leaves the set when we are not known to come back quickly. */
// @ts-ignore: decorator
@inline
export function countTurns(messages: u32): void {
  const address = participant(self) + PARTICIPANT_TURNS;
  const turns = load<u32>(address) + messages;
  store<u32>(address, turns);
  failpoint(TURN_COUNTED);
  if (anyBit(control + CONTROL_WAITING)) settle(turns);
}

function settle(turns: u32): void {
  let leader = read32(control + CONTROL_TURN_MAX);
  if (<i32>(turns - leader) > 0) {
    leader = turns;
    atomic.store<u32>(control + CONTROL_TURN_MAX, turns);
    failpoint(TURN_LED);
  }
  if (prompt == PROMPT && hasBit(control + CONTROL_WAITING, self)) return;
  if (removeBit(control + CONTROL_WAITING, self)) failpoint(TURN_LEFT);
  leftAt = leader;
  hasLeft = true;
}
