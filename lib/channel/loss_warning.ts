/**
 * Warnings about messages that a subscriber missed.
 *
 * @module
 */

import { logger } from "../base/log.ts";

/** Milliseconds between two warnings of one subscriber. */
const WARNING_INTERVAL_MS = 10_000;

/** Warns at the first loss, and then at intervals, of all losses since the last warning. */
export class LossWarning {
  readonly #channel: string;
  #reported = 0;
  #nextMs = 0;

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** Warns if it is time; `missed` is the number since the subscriber was opened. */
  report(missed: number): void {
    if (missed > this.#reported && performance.now() >= this.#nextMs) this.#warn(missed);
  }

  /** Warns of what was not reported yet. */
  reportRest(missed: number): void {
    if (missed > this.#reported) this.#warn(missed);
  }

  #warn(missed: number): void {
    logger.warn(
      "a subscriber of {channel} missed {count} messages, {total} in all: they were overwritten " +
        "before it read them; receive more often, or raise capacityBytes of the publishers",
      { channel: this.#channel, count: missed - this.#reported, total: missed },
    );
    this.#reported = missed;
    this.#nextMs = performance.now() + WARNING_INTERVAL_MS;
  }
}
