/**
 * What a server's subscribers are limited to.
 *
 * @module
 */

import type { SubscriptionQueueOptions } from "../../store/subscription.ts";
import { HttpError } from "./errors.ts";

/** Limits of a server's subscribers. */
export interface SubscriberLimits {
  /** Of the queue of each. */
  readonly queue: Omit<SubscriptionQueueOptions, "onReady">;
  /** Seconds without a poll after which a subscriber is forgotten. */
  readonly idleSeconds: number;
  readonly quota: SubscriberQuota;
}

/** How many subscribers there may be, those that poll and those with a stream of events. */
export class SubscriberQuota {
  used = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws if all are taken. */
  check(): void {
    if (this.used < this.#max) return;
    throw new HttpError(429, `no more than ${this.#max} subscribers are served at once`);
  }
}
