/**
 * The delays between the attempts of a message.
 *
 * @module
 */

import { logger } from "./log.ts";
import { delaySeconds } from "./options.ts";
import type { BackoffPolicy, WorkerOptions } from "./types.ts";

/** Longest delay, unless a policy has another one: an hour. */
const MAX_SECONDS = 3600;

/** The policy of a worker that has none. */
export const DEFAULT_BACKOFF: BackoffPolicy = { type: "exponential", seconds: 1, maxSeconds: 60 };

/** Seconds of a policy after some attempts, of which there was at least one. */
export function secondsOf(
  policy: BackoffPolicy,
  attempts: number,
  random: () => number = Math.random,
): number {
  const { type, seconds, maxSeconds = MAX_SECONDS, jitter = 0 } = policy;
  const doubled = type === "fixed" ? seconds : seconds * 2 ** Math.min(attempts - 1, 64);
  const whole = Math.min(doubled, maxSeconds);
  return whole * (1 - jitter * random());
}

/** Milliseconds until the next attempt. A function that fails counts as no function. */
export function retryDelayMs(
  backoff: NonNullable<WorkerOptions["backoff"]>,
  attempts: number,
  error: unknown,
): number {
  const seconds = typeof backoff === "function"
    ? decided(backoff, attempts, error)
    : secondsOf(backoff, attempts);
  return Math.round(seconds * 1000);
}

function decided(
  decide: (attempts: number, error: unknown) => number,
  attempts: number,
  error: unknown,
): number {
  try {
    return delaySeconds("the result of backoff()", decide(attempts, error));
  } catch (thrown) {
    logger.error("backoff_failed", { error: thrown });
  }
  return secondsOf(DEFAULT_BACKOFF, attempts);
}
