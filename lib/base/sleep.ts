/**
 * A delay that a signal can end early.
 *
 * @module
 */

import { startTimer } from "./timer.ts";

/** Waits for `delayMs`, or until the signal aborts: the promise is fulfilled in both cases. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const finish = () => resolve();
  const stopTimer = startTimer(delayMs, finish);
  signal?.addEventListener("abort", finish, { once: true });
  await promise;
  stopTimer();
  signal?.removeEventListener("abort", finish);
}
