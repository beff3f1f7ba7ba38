/**
 * A clock that a test advances.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import type { Clock } from "../lib/base/clock.ts";
import { durationMs } from "../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";

/** A step of a clock. Its parts are added. */
export interface ClockStep {
  /** Milliseconds. Default: 0. */
  milliseconds?: number;
  /** Seconds. Default: 0. */
  seconds?: number;
  /** Minutes. Default: 0. */
  minutes?: number;
  /** Hours. Default: 0. */
  hours?: number;
}

const PARTS: OptionChecks<ClockStep> = {
  milliseconds: amount,
  seconds: amount,
  minutes: amount,
  hours: amount,
};
const STEP = new OptionRules<ClockStep>("advance()", PARTS);

function amount(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(
    `${name} must be a finite number, at least 0, not ${formatValue(value)}`,
  );
}

interface Timer {
  readonly atMs: number;
  readonly onEnd: () => void;
}

/**
 * A clock that stands still until it is advanced: a test of expiry does not have to wait. Its timers run
 * while it is advanced, in the order of their times.
 *
 * @example
 * ```ts
 * import { InMemoryMessagingBackend, Store } from "@ringbus/ringbus";
 * import { SteppableClock } from "@ringbus/ringbus/testing";
 *
 * const clock = new SteppableClock();
 * await using backend = new InMemoryMessagingBackend({ store: new Store({ clock }) });
 * await backend.set("session", "open", { ex: 60 });
 * clock.advance({ seconds: 60 });
 * console.log(await backend.get("session")); // null
 * ```
 */
export class SteppableClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /** Begins at a time in milliseconds of the Unix epoch. Default: now. */
  constructor(startMs: number = Date.now()) {
    checkNoMore("new SteppableClock()", arguments, 1);
    this.#nowMs = durationMs("startMs", startMs);
  }

  /** Its time, in milliseconds of the Unix epoch. The function can be passed without its clock. */
  readonly now = (): number => this.#nowMs;

  /**
   * Advances the clock by milliseconds, or by a step such as `{ seconds: 60 }`.
   *
   * @throws {RangeError} if a number is not finite, at least 0
   * @throws {TypeError} if the step has another part than those
   */
  advance(step: number | ClockStep): void {
    checkNoMore("advance()", arguments, 1);
    const endMs = this.#nowMs + stepMs(step);
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.onEnd();
    }
    this.#nowMs = endMs;
  }

  /** Calls `onEnd` when the clock has advanced by `delayMs`. Returns a function that stops the timer. */
  startTimer(delayMs: number, onEnd: () => void): () => void {
    checkNoMore("startTimer()", arguments, 2);
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), onEnd };
    if (delayMs !== Infinity) this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextUntil(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }
}

function stepMs(step: number | ClockStep): number {
  if (typeof step === "number") return durationMs("ms", step);
  STEP.require(step);
  const { milliseconds = 0, seconds = 0, minutes = 0, hours = 0 } = step;
  return milliseconds + 1000 * (seconds + 60 * (minutes + 60 * hours));
}
