/**
 * Waiting for what another process does, with a deadline.
 *
 * @module
 */

const LOOK_EVERY_MS = 20;

/** Looks until a condition holds; throws `late()` after `deadlineMs`. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
  late: () => Error,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > end) throw late();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
