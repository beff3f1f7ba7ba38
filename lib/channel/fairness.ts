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
const REPAID_PER_TURN_MS = 0.1;

/** One receiver's patience with the one that is behind. */
export class Patience {
  #laggard = -1;
  #turns = 0;
  #debtMs = 0;
  #lookedAtMs = 0;
  /** What the last look allowed: more than that was not waited since. */
  #allowedMs = 0;

  /** Somebody looked and had nobody to wait for: time from now on is nobody's debt. */
  rest(): void {
    this.#allowedMs = 0;
  }

  /** Milliseconds to go on waiting for `laggard`, which took `turns` messages so far; 0: no more. */
  leftFor(laggard: number, turns: number, nowMs: number): number {
    if (laggard !== this.#laggard) this.#turnTo(laggard, turns);
    const waitedMs = Math.min(nowMs - this.#lookedAtMs, this.#allowedMs);
    const repaidMs = ((turns - this.#turns) | 0) * REPAID_PER_TURN_MS;
    this.#debtMs = Math.max(0, this.#debtMs + waitedMs - repaidMs);
    this.#turns = turns;
    this.#lookedAtMs = nowMs;
    this.#allowedMs = Math.max(0, GRACE_MS - this.#debtMs);
    if (this.#allowedMs === 0) this.#laggard = -1;
    return this.#allowedMs;
  }

  #turnTo(laggard: number, turns: number): void {
    this.#laggard = laggard;
    this.#turns = turns;
    this.#debtMs = 0;
    this.#allowedMs = 0;
  }
}
