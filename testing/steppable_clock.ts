/**
 * Time that a test lets pass by hand.
 *
 * @module
 */

import { durationMs } from "../lib/base/option_checks.ts";

/**
 * A clock that stands until it is advanced: what expires does so at once, without a wait.
 *
 * @example
 * ```ts
 * import { InMemoryMessagingBackend, Store } from "@ringbus/ringbus";
 * import { SteppableClock } from "@ringbus/ringbus/testing";
 *
 * const clock = new SteppableClock();
 * await using backend = new InMemoryMessagingBackend({ store: new Store({ clock: clock.now }) });
 * await backend.set("session", "open", { ex: 60 });
 * clock.advance(60_000);
 * console.log(await backend.get("session")); // null
 * ```
 */
export class SteppableClock {
  #nowMs: number;

  /** Begins at a time in milliseconds of the Unix epoch; at the present one when left out. */
  constructor(startMs: number = Date.now()) {
    this.#nowMs = durationMs("startMs", startMs);
  }

  /** Its time, in milliseconds of the Unix epoch; to be passed on as it is. */
  readonly now = (): number => this.#nowMs;

  /**
   * Lets time pass.
   *
   * @throws {RangeError} if `ms` is not a finite number, at least 0
   */
  advance(ms: number): void {
    this.#nowMs += durationMs("ms", ms);
  }
}
