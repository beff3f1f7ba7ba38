/**
 * Time, as a queue sees it.
 *
 * @module
 */

import { startTimer } from "../../lib/base/timer.ts";

/** A clock with timers. Give the in-memory queue one of your own to let time pass by hand. */
export interface QueueClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once after `delayMs`. Returns a function that stops the timer. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** The clock of this machine. */
export const systemClock: QueueClock = {
  now: () => Date.now(),
  setTimer: (callback, delayMs) => startTimer(delayMs, callback),
};
