/**
 * Repeated attempts, with growing delays between them.
 *
 * @module
 */

import { sleep } from "./sleep.ts";

/** The delays between attempts. */
export interface BackoffOptions {
  /** First delay in milliseconds. Each next one is twice as long. */
  readonly initialMs: number;
  /** Longest delay in milliseconds. */
  readonly maxMs: number;
}

/** Delays that double, each shortened by up to a half at random so that clients do not retry in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  #delayMs: number;

  /** @throws {RangeError} unless 0 <= `initialMs` <= `maxMs` */
  constructor(options: BackoffOptions) {
    const { initialMs, maxMs } = options;
    if (!(initialMs >= 0 && initialMs <= maxMs)) {
      throw new RangeError(
        `a backoff needs 0 <= initialMs <= maxMs, not initialMs ${initialMs} and maxMs ${maxMs}`,
      );
    }
    this.#options = options;
    this.#delayMs = initialMs;
  }

  /** Returns the next delay in milliseconds. */
  next(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, this.#options.maxMs);
    return delayMs * (0.5 + Math.random() / 2);
  }

  /** Starts again with the first delay: call it after a success. */
  reset(): void {
    this.#delayMs = this.#options.initialMs;
  }
}

/** When attempts are repeated. */
export interface RetryOptions {
  readonly backoff: BackoffOptions;
  /** Ends the repetitions. */
  readonly signal: AbortSignal;
  /** Returns false if another attempt cannot succeed. Default: there is always another attempt. */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** Called with a failure before the delay that follows it. */
  readonly onRetry?: (error: unknown) => void;
  /** Waits between two attempts. Default: `sleep`. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Repeats an attempt until it succeeds, and returns its result.
 *
 * Rejects with the failure of the last attempt when `shouldRetry` returns false or the signal aborts.
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal } = options;
  const backoff = new Backoff(options.backoff);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || options.shouldRetry?.(error) === false) throw error;
      options.onRetry?.(error);
      await (options.sleep ?? sleep)(backoff.next(), signal);
      if (signal.aborted) throw error;
    }
  }
}
