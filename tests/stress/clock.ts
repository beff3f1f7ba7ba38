/**
 * Time that processes can compare.
 *
 * @module
 */

export { sleep } from "../../lib/base/sleep.ts";

/** Differences between the clocks of two processes that are not worth an error, in milliseconds. */
export const CLOCK_SLACK_MS = 3;

/** Milliseconds since the Unix epoch, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Lets time pass in this thread. */
export function block(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
