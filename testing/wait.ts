/**
 * Waiting for another process, with a deadline.
 *
 * @module
 */

import { sleep } from "../lib/base/sleep.ts";

const POLL_INTERVAL_MS = 20;

/** Polls until a condition holds. Throws `late()` after `deadlineMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  timeoutError: () => Error,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw timeoutError();
    await sleep(POLL_INTERVAL_MS);
  }
}
