/**
 * A pause that a signal cuts short.
 *
 * @module
 */

/** Waits for a time in milliseconds, or until the signal aborts. */
export async function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const finish = () => resolve();
  const timer = setTimeout(finish, delayMs);
  signal.addEventListener("abort", finish, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", finish);
}
