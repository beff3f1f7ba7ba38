/**
 * A number of permits, for which calls of the event loop wait in their order.
 *
 * @module
 */

import { checkTimeout, type WaitOptions } from "./options.ts";
import { startTimer } from "./timer.ts";

/** A call that waits. */
interface PendingAcquire {
  grant(): void;
  reject(error: unknown): void;
}

/** So many permits. */
export class Semaphore {
  #available: number;
  readonly #pending: PendingAcquire[] = [];

  constructor(count: number) {
    this.#available = count;
  }

  /** Permits that nobody has. */
  get available(): number {
    return this.#available;
  }

  /** Takes `count` permits if there are as many. */
  tryAcquire(count = 1): boolean {
    if (this.#available < count) return false;
    this.#available -= count;
    return true;
  }

  /** Waits for a permit; false at the timeout. */
  acquire(options: WaitOptions | undefined): Promise<boolean> {
    const timeoutMs = checkTimeout(options);
    const signal = options?.signal;
    if (this.tryAcquire()) return Promise.resolve(true);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        const index = this.#pending.indexOf(pending);
        if (index >= 0) this.#pending.splice(index, 1);
        action();
      };
      const pending: PendingAcquire = {
        grant: () => settle(() => resolve(true)),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => pending.reject(signal!.reason);
      signal?.addEventListener("abort", onAbort);
      const stopTimer = startTimer(timeoutMs, () => settle(() => resolve(false)));
      this.#pending.push(pending);
    });
  }

  /** Gives a permit back: to who waits longest, if anybody does. */
  release(): void {
    if (this.#pending.length > 0) this.#pending[0].grant();
    else this.#available++;
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    for (const pending of [...this.#pending]) pending.reject(error);
  }
}
