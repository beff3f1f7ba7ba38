/**
 * The timer of a consumer that waits.
 *
 * @module
 */

import type { QueueClock } from "./clock.ts";

/**
 * Ends waits after some time. Mostly something else ends a wait before. Then the timer of the clock goes on for the next wait,
 * because it costs more to set one than to find that it was for an earlier wait.
 */
export class PollTimer {
  readonly #clock: QueueClock;
  #cancel: (() => void) | undefined;
  #armedMs = Infinity;
  #wantedMs = Infinity;
  #onEnd: (() => void) | undefined;

  constructor(clock: QueueClock) {
    this.#clock = clock;
  }

  /** Calls `onEnd` after `delayMs`, unless `leave` is called before. One wait at a time. */
  wait(delayMs: number, onEnd: () => void): void {
    this.#onEnd = onEnd;
    this.#wantedMs = this.#clock.now() + delayMs;
    if (this.#cancel === undefined || this.#armedMs > this.#wantedMs) this.#arm(delayMs);
  }

  /** Ends a wait. */
  leave(): void {
    this.#onEnd = undefined;
  }

  /** Stops the timer of the clock. */
  stop(): void {
    this.leave();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(delayMs: number): void {
    this.#cancel?.();
    this.#armedMs = this.#wantedMs;
    this.#cancel = this.#clock.setTimer(() => this.#onTimer(), Math.ceil(delayMs));
  }

  #onTimer(): void {
    this.#cancel = undefined;
    if (this.#onEnd === undefined) return;
    const leftMs = this.#wantedMs - this.#clock.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#onEnd();
  }
}
