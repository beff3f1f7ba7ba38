/**
 * A semaphore for asynchronous calls, which get their permits in the order of the calls.
 *
 * @module
 */

import { checkTimeout } from "./option_checks.ts";
import type { WaitOptions } from "./options.ts";
import { startTimer } from "./timer.ts";

/** A waiting call of `acquire`. */
interface PendingAcquire {
  grant(): void;
  reject(error: unknown): void;
}

/** A fixed number of permits. */
export class Semaphore {
  #available: number;
  readonly #pending: PendingAcquire[] = [];

  constructor(count: number) {
    this.#available = count;
  }

  /** Number of free permits. */
  get available(): number {
    return this.#available;
  }

  /** Acquires `count` permits if that many are free. Returns whether it did. */
  tryAcquire(count = 1): boolean {
    if (this.#available < count) return false;
    this.#available -= count;
    return true;
  }

  /**
   * Waits for a permit. Returns false at the timeout.
   *
   * Rejects with the reason of the signal when that aborts.
   */
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

  /** Releases a permit: the call that waits longest gets it. */
  release(): void {
    if (this.#pending.length > 0) this.#pending[0].grant();
    else this.#available++;
  }

  /** Rejects all waiting calls with an error. */
  rejectAll(error: unknown): void {
    for (const pending of [...this.#pending]) pending.reject(error);
  }
}
