/**
 * The check of a clock among options.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { formatValue } from "./options.ts";

/** Returns a clock: one with timers, or a function that tells the time. */
export function checkClock(name: string, value: unknown): Clock | (() => number) {
  if (typeof value === "function") return value as () => number;
  if (isClock(value)) return value;
  throw new TypeError(
    `${name} must be a function that returns milliseconds, or a clock with now() and startTimer(), ` +
      `not ${formatValue(value)}`,
  );
}

function isClock(value: unknown): value is Clock {
  if (typeof value !== "object" || value === null) return false;
  const { now, startTimer } = value as Record<string, unknown>;
  return typeof now === "function" && typeof startTimer === "function";
}
