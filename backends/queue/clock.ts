/**
 * The clock of a queue.
 *
 * @module
 */

import { monotonicNow } from "../../lib/base/clock.ts";
import { startTimer } from "../../lib/base/timer.ts";

/** A clock with timers. A test gives the in-memory queue a clock that it sets by hand. */
export interface QueueClock {
  /** Milliseconds, for durations: times to live and leases. */
  now(): number;
  /** Milliseconds since 1970, for the dates of records. Default: the same as `now`. */
  date?(): number;
  /** Calls `callback` once after `delayMs`. Returns a function that stops the timer. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** The clock of this machine: durations are monotonic, dates are those of the wall clock. */
export const systemClock: QueueClock = {
  now: monotonicNow,
  date: () => Date.now(),
  setTimer: (callback, delayMs) => startTimer(delayMs, callback),
};
