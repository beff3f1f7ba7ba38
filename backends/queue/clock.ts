/**
 * The clock of a queue.
 *
 * @module
 */

import { startTimer } from "../../lib/base/timer.ts";

/** A clock with timers. A test gives the in-memory queue a clock that it sets by hand. */
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
