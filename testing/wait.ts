/**
 * Waiting for what another process does, with a deadline.
 *
 * @module
 */

const POLL_INTERVAL_MS = 20;

/** Looks until a condition holds; throws `late()` after `deadlineMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  timeoutError: () => Error,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw timeoutError();
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
