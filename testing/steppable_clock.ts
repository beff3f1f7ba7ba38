/**
 * A clock that a test advances.
 *
 * @module
 */

import { durationMs } from "../lib/base/option_checks.ts";

/**
 * A clock that stands still until it is advanced: a test of expiry does not have to wait.
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

  /** Begins at a time in milliseconds of the Unix epoch. Default: now. */
  constructor(startMs: number = Date.now()) {
    this.#nowMs = durationMs("startMs", startMs);
  }

  /** Its time, in milliseconds of the Unix epoch. The function can be passed without its clock. */
  readonly now = (): number => this.#nowMs;

  /**
   * Advances the clock.
   *
   * @throws {RangeError} if `ms` is not a finite number, at least 0
   */
  advance(ms: number): void {
    this.#nowMs += durationMs("ms", ms);
  }
}
