/**
 * The wait for room in a channel that is full.
 *
 * @module
 */

import { Backoff, type BackoffOptions } from "../../lib/base/retry.ts";
import { formatValue } from "../../lib/base/options.ts";
import type { QueueClock } from "./clock.ts";
import type { ResolvedConfig } from "./config.ts";
import { QueueFullError } from "./errors.ts";
import type { PublishOutcome } from "./store.ts";

/** Delays between attempts, unless this queue makes room itself. */
const BACKOFF: BackoffOptions = { initialMs: 5, maxMs: 250 };

type Stored = Exclude<PublishOutcome, "full">;

/** Repeats publishes on full channels, as `whenFull` says. */
export class RoomWait {
  readonly #clock: QueueClock;
  readonly #config: ResolvedConfig;
  readonly #waiting = new Set<() => void>();

  constructor(clock: QueueClock, config: ResolvedConfig) {
    this.#clock = clock;
    this.#config = config;
  }

  /**
   * The outcome of an attempt that finds room.
   *
   * @throws {QueueFullError} if there is none, or none until the deadline
   */
  async publish(channel: string, attempt: () => Promise<PublishOutcome>): Promise<Stored> {
    const { whenFull, deadlineMs } = this.#config;
    if (whenFull !== "wait") {
      const outcome = await attempt();
      if (outcome === "full") throw this.#fullError(channel);
      return outcome;
    }
    const endMs = this.#clock.now() + deadlineMs;
    const backoff = new Backoff(BACKOFF);
    for (;;) {
      const outcome = await attempt();
      if (outcome !== "full") return outcome;
      const leftMs = endMs - this.#clock.now();
      if (leftMs <= 0) throw this.#fullError(channel);
      await this.#sleep(Math.min(backoff.next(), leftMs));
    }
  }

  #fullError(channel: string): QueueFullError {
    const { maxItems, whenFull, deadlineMs } = this.#config;
    const when = whenFull === "wait" ? ` for ${deadlineMs} ms` : "";
    return new QueueFullError(
      `cannot publish on channel ${formatValue(channel)}: it has maxItems (${maxItems}) messages ` +
        `that are not done${when}; start more consumers, purge it, or raise maxItems`,
    );
  }

  async #sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, Math.ceil(delayMs));
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    cancel();
  }

  /** Tries again at once: there may be room, or the queue is closed. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }
}
