/**
 * A number of permits, for which calls of the event loop wait in their order.
 *
 * @module
 */

import { checkTimeout, type WaitOptions } from "./options.ts";
import { startTimer } from "./timer.ts";

/** A call that waits. */
interface Entry {
  grant(): void;
  reject(error: unknown): void;
}

/** So many permits. */
export class Permits {
  #free: number;
  readonly #entries: Entry[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Permits that nobody has. */
  get free(): number {
    return this.#free;
  }

  /** Takes `count` permits if there are as many. */
  tryTake(count = 1): boolean {
    if (this.#free < count) return false;
    this.#free -= count;
    return true;
  }

  /** Waits for a permit; false at the timeout. */
  take(options: WaitOptions | undefined): Promise<boolean> {
    const timeoutMs = checkTimeout(options);
    const signal = options?.signal;
    if (this.tryTake()) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      let stopTimer = () => {};
      const settle = (act: () => void) => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        const at = this.#entries.indexOf(entry);
        if (at >= 0) this.#entries.splice(at, 1);
        act();
      };
      const entry: Entry = {
        grant: () => settle(() => resolve(true)),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => entry.reject(signal!.reason);
      signal?.addEventListener("abort", onAbort);
      if (timeoutMs !== Infinity) {
        stopTimer = startTimer(timeoutMs, () => settle(() => resolve(false)));
      }
      this.#entries.push(entry);
    });
  }

  /** Gives a permit back: to who waits longest, if anybody does. */
  give(): void {
    if (this.#entries.length > 0) this.#entries[0].grant();
    else this.#free++;
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    for (const entry of [...this.#entries]) entry.reject(error);
  }
}
