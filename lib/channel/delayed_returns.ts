/**
 * Messages whose return was delayed: their puller keeps the leases until then.
 *
 * @module
 */

import { MAX_TIMER_MS } from "../base/timer.ts";

/** A message to return later. */
interface DelayedReturn {
  readonly slot: number;
  /** By `performance.now()`. */
  readonly dueMs: number;
}

/** Returns each message when its delay has passed: by a timer, or at a call of the puller. */
export class DelayedReturns {
  readonly #return: (slot: number) => void;
  /** The last one is due first. */
  readonly #waiting: DelayedReturn[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(returnSlot: (slot: number) => void) {
    this.#return = returnSlot;
  }

  /** Number of messages that are to be returned. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Returns a message after `delayMs`. */
  add(slot: number, delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    const earlier = this.#waiting.findIndex((other) => other.dueMs <= dueMs);
    this.#waiting.splice(earlier < 0 ? this.size : earlier, 0, { slot, dueMs });
    this.#restartTimer();
  }

  /** Returns the messages whose delay has passed. */
  returnDue(): void {
    const nowMs = performance.now();
    if (this.size === 0 || this.#waiting.at(-1)!.dueMs > nowMs) return;
    while (this.size > 0 && this.#waiting.at(-1)!.dueMs <= nowMs) {
      this.#return(this.#waiting.pop()!.slot);
    }
    this.#restartTimer();
  }

  /** A program that has nothing else to do may end: then its messages are returned at once. */
  #restartTimer(): void {
    this.stop();
    const next = this.#waiting.at(-1);
    if (next === undefined) return;
    const delayMs = Math.max(0, Math.ceil(next.dueMs - performance.now()));
    this.#timer = setTimeout(() => {
      this.returnDue();
      this.#restartTimer();
    }, Math.min(delayMs, MAX_TIMER_MS));
    Deno.unrefTimer(this.#timer);
  }

  /** Stops the timer. Closing the puller returns all its messages. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }
}
