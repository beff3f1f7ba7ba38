/**
 * Clocks. The one for durations begins with the wall clock and then counts the time that passes, so that a
 * wall clock which is set moves no time to live and no lease.
 *
 * @module
 */

import { startTimer } from "./timer.ts";

/** Kept, because a test may replace the global clocks. */
const startMs = performance.timeOrigin;
const elapsedMs = performance.now.bind(performance);

/**
 * Milliseconds of the Unix epoch, by the wall clock when this isolate began and the time since then. Never
 * goes back. Does not count while the machine sleeps.
 */
export function monotonicNow(): number {
  return startMs + elapsedMs();
}

/** A clock with timers. A test has one that it advances itself. */
export interface Clock {
  /** Its time, in milliseconds of the Unix epoch. The function can be passed without its clock. */
  readonly now: () => number;
  /** Calls `onEnd` once after `delayMs`, which may be `Infinity`. Returns a function that stops the timer. */
  startTimer(delayMs: number, onEnd: () => void): () => void;
}

/** The clock of this machine. */
export const SYSTEM_CLOCK: Clock = { now: monotonicNow, startTimer };

/** A clock for a function that tells the time. Its timers run by the clock of this machine. */
export function clockOf(clock: Clock | (() => number) = SYSTEM_CLOCK): Clock {
  return typeof clock === "function" ? { now: clock, startTimer } : clock;
}
