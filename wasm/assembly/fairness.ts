// Equal shares. The receivers that wait on a queue form a set. A receiver that is more than a quantum of
// messages ahead of another member leaves the next message to that member. It does not wait long for one
// that does not take its turn (lib/channel/fairness.ts evicts it), and a member that was evicted has to
// return promptly several times before it stays in the set while it handles a message.

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
// The largest service count when this receiver last left the set: the progress of others is its clock.
let leftAt: u32 = 0;
let hasLeft: bool = false;
let hasJoined: bool = false;

export function openFairness(index: u32): void {
  fairnessSlot = index;
}

/** Joins the set, at most a quantum behind the largest service count. */
export function joinFairness(): void {
  if (hasBit(control + CONTROL_FAIRNESS_SET, fairnessSlot)) return;
  const serviceCount = participant(fairnessSlot) + PARTICIPANT_SERVICE_COUNT;
  const leader = read32(control + CONTROL_MAX_SERVICE_COUNT);
  // Another receiver evicted this one, or the others went far ahead since it left: it was slow to return.
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

/** Removes a member from the set; it joins again with its next wait. */
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

/** The first other member, or -1. */
export function otherMember(): i32 {
  const set = control + CONTROL_FAIRNESS_SET;
  const first = nextBit(set, 0);
  return <u32>first == fairnessSlot ? nextBit(set, fairnessSlot + 1) : first;
}

/** Counts messages that were taken. Leaves the set unless this receiver is known to return promptly. */
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
