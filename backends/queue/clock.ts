/**
 * The clock of a queue.
 *
 * @module
 */

import { type Clock, monotonicNow } from "../../lib/base/clock.ts";
import { formatValue } from "../../lib/base/options.ts";
import { startIdleTimer, startTimer } from "../../lib/base/timer.ts";

/** A clock with timers. A test gives the in-memory queue a clock that it sets by hand. */
export interface QueueClock {
  /** Milliseconds, for durations: times to live and leases. */
  now(): number;
  /** Milliseconds since 1970, for the dates of records. Default: the same as `now`. */
  date?(): number;
  /**
   * Calls `callback` once after `delayMs`. Returns a function that stops the timer. A timer that `isIdle` need
   * not keep the process alive.
   */
  setTimer(callback: () => void, delayMs: number, isIdle?: boolean): () => void;
}

/** The clock of this machine: durations are monotonic, dates are those of the wall clock. */
export const systemClock: QueueClock = {
  now: monotonicNow,
  date: () => Date.now(),
  setTimer: (callback, delayMs, isIdle) =>
    isIdle ? startIdleTimer(delayMs, callback) : startTimer(delayMs, callback),
};

/** The clock of a queue for one with other timers, such as a `SteppableClock`. */
export function queueClockOf(clock: QueueClock | Clock = systemClock): QueueClock {
  if ("setTimer" in clock) return clock;
  return {
    now: () => clock.now(),
    setTimer: (callback, delayMs) => clock.startTimer(delayMs, callback),
  };
}

/** Checks the clock among options. */
export function checkQueueClock(name: string, value: unknown): QueueClock | Clock {
  if (hasMethods(value, "now", "setTimer") || hasMethods(value, "now", "startTimer")) {
    return value as QueueClock | Clock;
  }
  throw new TypeError(
    `${name} must be an object with the methods now() and setTimer() or startTimer(), ` +
      `not ${formatValue(value)}`,
  );
}

function hasMethods(value: unknown, ...names: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** Waits for `delayMs` of a clock, or until the signal aborts. */
export async function sleepOn(
  clock: QueueClock,
  delayMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || delayMs <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(resolve, Math.ceil(delayMs));
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await promise;
  signal.removeEventListener("abort", onAbort);
  cancel();
}
