/**
 * Limits of the subscribers of a server.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import type { SubscriptionQueueOptions } from "../../store/subscription.ts";
import { HttpError } from "./errors.ts";

/** Limits of the subscribers of a server. */
export interface SubscriberLimits {
  /** Limits of the queue of each. */
  readonly queue: Omit<SubscriptionQueueOptions, "onReady">;
  /** Seconds without a poll after which a subscriber is removed. */
  readonly idleSeconds: number;
  readonly quota: SubscriberQuota;
}

/** The number of subscribers, those that poll and those with an event stream, and its limit. */
export class SubscriberQuota {
  used = 0;
  /** Removes the subscribers that are idle for too long. */
  removeIdle: () => void = () => {};
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws if the limit is reached. */
  check(): void {
    if (this.used >= this.#max) this.removeIdle();
    if (this.used < this.#max) return;
    throw new HttpError(429, `the server has ${pluralize(this.#max, "subscriber")} already`);
  }
}
