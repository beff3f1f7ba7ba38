/**
 * How long a receiver leaves messages to another whose turn it is. The other may have been woken and
 * still be on its way to a core, which takes milliseconds on a busy machine; it may also be at
 * work on the message before. The two look alike from outside, so waiting runs up a debt that
 * the other's progress repays: who comes back quickly never gets deep into it, who is slow or
 * stopped soon is not waited for.
 *
 * @module
 */

/** Debt at which nobody waits any longer, in milliseconds. */
const GRACE_MS = 50;
/** What each message that the other takes repays, in milliseconds. */
const CREDIT_PER_MESSAGE_MS = 0.1;

/** One receiver's patience with the one that is behind. */
export class FairnessBudget {
  #slowest = -1;
  #serviceCount = 0;
  #debtMs = 0;
  #checkedAtMs = 0;
  /** What the last look allowed: more than that was not waited since. */
  #allowedMs = 0;

  /** Somebody looked and had nobody to wait for: time from now on is nobody's debt. */
  suspend(): void {
    this.#allowedMs = 0;
  }

  /** Milliseconds to go on waiting for `laggard`, which took `turns` messages so far; 0: no more. */
  remainingMs(slowest: number, serviceCount: number, nowMs: number): number {
    if (slowest !== this.#slowest) this.#track(slowest, serviceCount);
    const waitedMs = Math.min(nowMs - this.#checkedAtMs, this.#allowedMs);
    const creditMs = ((serviceCount - this.#serviceCount) | 0) * CREDIT_PER_MESSAGE_MS;
    this.#debtMs = Math.max(0, this.#debtMs + waitedMs - creditMs);
    this.#serviceCount = serviceCount;
    this.#checkedAtMs = nowMs;
    this.#allowedMs = Math.max(0, GRACE_MS - this.#debtMs);
    if (this.#allowedMs === 0) this.#slowest = -1;
    return this.#allowedMs;
  }

  #track(slowest: number, serviceCount: number): void {
    this.#slowest = slowest;
    this.#serviceCount = serviceCount;
    this.#debtMs = 0;
    this.#allowedMs = 0;
  }
}
