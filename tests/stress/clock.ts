/**
 * A clock that all processes share.
 *
 * @module
 */

export { sleep } from "../../lib/base/sleep.ts";

/** Tolerance for the difference between the clocks of two processes, in milliseconds. */
export const CLOCK_SLACK_MS = 3;

/** Milliseconds since the Unix epoch, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread for some milliseconds. */
export function block(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
