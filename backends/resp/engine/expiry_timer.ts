/**
 * Removes what expires at its time, by a clock that a test advances. By the clock of the machine a server
 * looks every second, which takes fewer timers.
 *
 * @module
 */

import { startTimer } from "../../../lib/base/timer.ts";
import type { Store } from "../../store/store.ts";

/** The timer for the next expiry in a store. */
export class ExpiryTimer {
  readonly #store: Store;
  readonly #isNeeded: boolean;
  #atMs = Infinity;
  #stop = () => {};

  constructor(store: Store) {
    this.#store = store;
    this.#isNeeded = store.clock.startTimer !== startTimer;
  }

  /** Something may expire earlier than before. */
  update(): void {
    if (!this.#isNeeded) return;
    const nextMs = this.#store.nextExpiryMs;
    if (nextMs >= this.#atMs) return;
    this.#stop();
    this.#atMs = nextMs;
    this.#stop = this.#store.clock.startTimer(nextMs - this.#store.nowMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#atMs = Infinity;
    this.#store.sweep();
    this.update();
  }

  /** Stops the timer. */
  close(): void {
    this.#stop();
    this.#atMs = Infinity;
  }
}
