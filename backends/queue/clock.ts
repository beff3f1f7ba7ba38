/**
 * Time, as a queue sees it.
 *
 * @module
 */

/** A clock with timers. Give the in-memory queue one of your own to let time pass by hand. */
export interface QueueClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after some milliseconds; the result takes the call back. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** The clock of this machine. */
export const systemClock: QueueClock = {
  now: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
