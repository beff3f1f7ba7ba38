/**
 * A clock that all processes share.
 *
 * @module
 */

import { platform } from "../../lib/platform/mod.ts";

export { sleep } from "../../lib/base/sleep.ts";

/** Tolerance for the difference between the clocks of two processors, in milliseconds. */
export const CLOCK_SLACK_MS = 0.1;

/**
 * Milliseconds since the machine was started, with fractions. `performance.timeOrigin` is no origin
 * that processes share: on a busy machine, one process of some thousands is interrupted between the
 * two clocks that it is computed from, and is late from then on.
 */
export function now(): number {
  return platform().uptimeMs();
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread for some milliseconds. */
export function block(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
