/**
 * A wall clock of this isolate that a test sets.
 *
 * @module
 */

const realNow = Date.now;

/** Replaces `Date.now` until it is disposed. */
export class WallClock implements Disposable {
  #aheadMs = 0;

  constructor() {
    Date.now = () => realNow() + this.#aheadMs;
  }

  /** Sets the clock forward, or back. */
  set(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  [Symbol.dispose](): void {
    Date.now = realNow;
  }
}
