/**
 * What a server's subscribers are limited to.
 *
 * @module
 */

import type { SubscriberOptions } from "../../store/subscription.ts";
import { HttpError } from "./errors.ts";

/** Limits of a server's subscribers. */
export interface SubscriberLimits {
  /** Of the queue of each. */
  readonly queue: Omit<SubscriberOptions, "onReady">;
  /** Seconds without a poll after which a subscriber is forgotten. */
  readonly idleSeconds: number;
  readonly places: Places;
}

/** How many subscribers there may be, those that poll and those with a stream of events. */
export class Places {
  taken = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws if all are taken. */
  check(): void {
    if (this.taken < this.#max) return;
    throw new HttpError(429, `no more than ${this.#max} subscribers are served at once`);
  }
}
