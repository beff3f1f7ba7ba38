// Equal shares. Receivers that wait for a queue form a set; one that is more than a quantum of
// messages ahead of another member leaves the next message to it. Nobody waits long for a member that
// does not come (lib/channel/fairness.ts says how long before it is put out), and one that was put out must show
// for a while that it comes back quickly before it stays a member while it handles a message.

import {
  FAIRNESS_COUNTED,
  FAIRNESS_JOINED,
  FAIRNESS_LED,
  FAIRNESS_LEFT,
  FAIRNESS_EVICTED,
  FAIRNESS_RAISED,
} from "../failpoints";
import { CONTROL_MAX_SERVICE_COUNT, CONTROL_FAIRNESS_SET, PARTICIPANT_SERVICE_COUNT, FAIRNESS_QUANTUM } from "../layout";
import { addBit, anyBit, anyBitBut, hasBit, nextBit, removeBit } from "./bit_set";
import { control, participant } from "./channel";
import { failpoint } from "./failpoint";
import { read32 } from "./memory";

/** Prompt returns after which a receiver stays in the set while it handles a message. */
const PROMPT: u32 = 8;

let fairnessSlot: u32 = 0;
let prompt: u32 = PROMPT;
// The leader's turns when we last left the set by ourselves: others' progress is our clock.
let leftAt: u32 = 0;
let hasLeft: bool = false;
let hasJoined: bool = false;

export function openFairness(index: u32): void {
  fairnessSlot = index;
}

/** Joins the set, not further behind the leader than a quantum. */
export function joinFairness(): void {
  if (hasBit(control + CONTROL_FAIRNESS_SET, fairnessSlot)) return;
  const serviceCount = participant(fairnessSlot) + PARTICIPANT_SERVICE_COUNT;
  const leader = read32(control + CONTROL_MAX_SERVICE_COUNT);
  // Others put us out, or went far ahead since we left: we were slow to come back.
  if (!hasLeft || leader - leftAt > <u32>FAIRNESS_QUANTUM) prompt = hasJoined ? 0 : PROMPT;
  else if (prompt < PROMPT) prompt++;
  hasJoined = true;
  hasLeft = false;
  if (<i32>(leader - load<u32>(serviceCount)) > FAIRNESS_QUANTUM) {
    atomic.store<u32>(serviceCount, leader - FAIRNESS_QUANTUM);
    failpoint(FAIRNESS_RAISED);
  }
  addBit(control + CONTROL_FAIRNESS_SET, fairnessSlot);
  failpoint(FAIRNESS_JOINED);
}

/** Puts a member out of the set; it comes back with its next wait. */
export function evict(index: u32): void {
  if (removeBit(control + CONTROL_FAIRNESS_SET, index)) failpoint(FAIRNESS_EVICTED);
}

/** The member to which the next message is due before this receiver, or -1. */
// @ts-ignore: decorator
@inline
export function slowestReceiver(): i32 {
  return anyBitBut(control + CONTROL_FAIRNESS_SET, fairnessSlot) ? slowestMember() : -1;
}

function slowestMember(): i32 {
  const set = control + CONTROL_FAIRNESS_SET;
  const mine = load<u32>(participant(fairnessSlot) + PARTICIPANT_SERVICE_COUNT);
  let chosen = -1;
  let most = FAIRNESS_QUANTUM;
  for (let i = nextBit(set, 0); i >= 0; i = nextBit(set, <u32>i + 1)) {
    if (<u32>i == fairnessSlot) continue;
    const behind = <i32>(mine - read32(participant(<u32>i) + PARTICIPANT_SERVICE_COUNT));
    if (behind >= most) {
      most = behind;
      chosen = i;
    }
  }
  return chosen;
}

/** The first member but us, or -1. */
export function otherMember(): i32 {
  const set = control + CONTROL_FAIRNESS_SET;
  const first = nextBit(set, 0);
  return <u32>first == fairnessSlot ? nextBit(set, fairnessSlot + 1) : first;
}

/** Counts messages taken; leaves the set when we are not known to come back quickly. */
// @ts-ignore: decorator
@inline
export function addServiceCount(messages: u32): void {
  const address = participant(fairnessSlot) + PARTICIPANT_SERVICE_COUNT;
  const serviceCount = load<u32>(address) + messages;
  store<u32>(address, serviceCount);
  failpoint(FAIRNESS_COUNTED);
  if (anyBit(control + CONTROL_FAIRNESS_SET)) leaveUnlessPrompt(serviceCount);
}

function leaveUnlessPrompt(serviceCount: u32): void {
  let leader = read32(control + CONTROL_MAX_SERVICE_COUNT);
  if (<i32>(serviceCount - leader) > 0) {
    leader = serviceCount;
    atomic.store<u32>(control + CONTROL_MAX_SERVICE_COUNT, serviceCount);
    failpoint(FAIRNESS_LED);
  }
  if (prompt == PROMPT && hasBit(control + CONTROL_FAIRNESS_SET, fairnessSlot)) return;
  if (removeBit(control + CONTROL_FAIRNESS_SET, fairnessSlot)) failpoint(FAIRNESS_LEFT);
  leftAt = leader;
  hasLeft = true;
}
