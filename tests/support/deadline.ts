/**
 * Waits with a deadline. The error of a timeout names what was awaited.
 *
 * @module
 */

import { sleep } from "../../lib/base/sleep.ts";

export { sleep };

/** Generous: reached only when something hangs, even on a machine with dozens of busy processes. */
export const DEADLINE_MS = 120_000;

/** Passes a promise on, or fails when it takes too long. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${what} did not happen within ${deadlineMs} ms`);
    timer = setTimeout(() => reject(error), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again until a condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await sleep(2);
  }
}

/** Less than the time after which a sleeping receiver polls again without a wakeup. */
const PROMPT_MS = 80;
const ATTEMPTS = 5;
const ROUNDS = 5;

/**
 * Checks that waits end as soon as they may. `measure` returns the milliseconds that one wait took.
 * A busy machine makes some of them late, or most of them for a while; a lost wakeup makes most of them
 * late in every round.
 */
export async function assertPrompt(measure: () => Promise<number>): Promise<void> {
  const rounds: number[][] = [];
  while (rounds.length < ROUNDS) {
    const latenciesMs: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) latenciesMs.push(await measure());
    latenciesMs.sort((a, b) => a - b);
    if (latenciesMs[Math.floor(ATTEMPTS / 2)] < PROMPT_MS) return;
    rounds.push(latenciesMs);
  }
  throw new Error(`waits took ${rounds.join("; ")} ms`);
}
