/**
 * A time that a poll waits for.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { durationMs } from "../base/option_checks.ts";
import type { PollSource } from "../channel/poll_source.ts";
import { POLL_SOURCE } from "../channel/wait.ts";

/**
 * A time that a poll waits for beside sockets and signals. It is due from then on until it is set again, and
 * starts no timer of its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Subscriber } from "@ringbus/ringbus";
 * import { Deadline, pollSync } from "@ringbus/ringbus/poll";
 *
 * using channel = LocalChannel.create();
 * using poses = new Subscriber(channel.handle);
 * const tick = new Deadline(20);
 * const [event] = pollSync([poses, tick]);
 * console.log(event.source === tick, event.kind); // true due
 * tick.set(20);
 * ```
 */
export class Deadline {
  #atMs = Infinity;

  /**
   * A deadline `timeoutMs` from now; without `timeoutMs` one that is set later.
   *
   * @throws {RangeError} if `timeoutMs` is negative or no number
   */
  constructor(timeoutMs?: number) {
    checkNoMore("new Deadline()", arguments, 1);
    if (timeoutMs !== undefined) this.set(timeoutMs);
  }

  /**
   * Sets it to `timeoutMs` from now. A wait that has begun before does not see an earlier time.
   *
   * @throws {RangeError} if `timeoutMs` is negative or no number
   */
  set(timeoutMs: number): void {
    checkNoMore("set()", arguments, 1);
    this.#atMs = performance.now() + durationMs("timeoutMs", timeoutMs);
  }

  /** It is not due until it is set again. */
  clear(): void {
    checkNoMore("clear()", arguments, 0);
    this.#atMs = Infinity;
  }

  /** Milliseconds that are left; 0 once it is due, `Infinity` if it is not set. */
  get remainingMs(): number {
    return Math.max(0, this.#atMs - performance.now());
  }

  /** True once its time has come. */
  get isDue(): boolean {
    return performance.now() >= this.#atMs;
  }

  /**
   * How a poll sees it.
   * @internal
   */
  [POLL_SOURCE](): PollSource {
    const atMs = () => this.#atMs;
    return {
      attachment: undefined,
      get dueAtMs() {
        return atMs();
      },
      isReady: () => this.isDue,
    };
  }
}
