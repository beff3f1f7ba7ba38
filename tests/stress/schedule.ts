/**
 * The attacks: their victims, kinds and times. All of it is derived from the seed.
 *
 * @module
 */

import type { Random } from "../support/random.ts";
import type { Part } from "./task.ts";

const MIN_GAP_MS = 15;
const MAX_GAP_MS = 110;
/** Share of attacks that stop a process instead of killing it. */
const STOPS = 0.25;

/** One attack. */
export interface Attack {
  /** Milliseconds after the previous attack. */
  afterMs: number;
  part: Part;
  /** Number of the victim among those of its part. */
  index: number;
  /** Milliseconds to stay stopped. Undefined: killed. */
  stopMs: number | undefined;
}

/** Attacks with an exact number of kills. `counts` has the number of processes of each part. */
export function planAttacks(
  random: Random,
  counts: readonly [part: Part, count: number][],
  kills: number,
): Attack[] {
  const attacks: Attack[] = [];
  for (let planned = 0; planned < kills;) {
    const [part, count] = random.pick(counts);
    const isStop = random.chance(STOPS);
    attacks.push({
      afterMs: random.between(MIN_GAP_MS, MAX_GAP_MS),
      part,
      index: random.between(0, count - 1),
      stopMs: isStop ? random.between(20, random.chance(0.1) ? 1500 : 300) : undefined,
    });
    if (!isStop) planned++;
  }
  return attacks;
}
