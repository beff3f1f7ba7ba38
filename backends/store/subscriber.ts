/**
 * A client as a subscriber of the store.
 *
 * @module
 */

import type { Subscription } from "./subscription.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What a client does with its subscriptions. */
export interface Subscriber {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  psubscribe(pattern: string): void;
  punsubscribe(pattern: string): void;
}

/** A subscriber with a queue of its own. */
export class QueueSubscriber implements Subscriber {
  readonly #subscriptions: Subscriptions;
  readonly #subscription: Subscription;

  constructor(subscriptions: Subscriptions, subscription: Subscription) {
    this.#subscriptions = subscriptions;
    this.#subscription = subscription;
  }

  subscribe(topic: string): void {
    this.#subscriptions.subscribe(this.#subscription, topic);
  }

  unsubscribe(topic: string): void {
    this.#subscriptions.unsubscribe(this.#subscription, topic);
  }

  psubscribe(pattern: string): void {
    this.#subscriptions.psubscribe(this.#subscription, pattern);
  }

  punsubscribe(pattern: string): void {
    this.#subscriptions.punsubscribe(this.#subscription, pattern);
  }
}
