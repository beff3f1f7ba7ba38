/**
 * The subscriptions of a queue.
 *
 * @module
 */

import type { QueueClock } from "./clock.ts";
import type { QueueSubscription } from "./subscription.ts";

/** Subscriptions that have not ended, and those of them that are not in force yet. */
export class SubscriptionSet {
  readonly #clock: QueueClock;
  /** Longest wait for subscriptions that are starting, in milliseconds. */
  readonly #startTimeoutMs: number;
  readonly #active = new Set<QueueSubscription<unknown>>();
  readonly #starting = new Set<Promise<void>>();

  constructor(clock: QueueClock, startTimeoutMs: number) {
    this.#clock = clock;
    this.#startTimeoutMs = startTimeoutMs;
  }

  /** Adds a subscription that is starting. */
  add(subscription: QueueSubscription<unknown>): void {
    this.#active.add(subscription);
    this.addStarting(subscription.ready);
  }

  /** Adds a consumer that is in force when `ready` settles. */
  addStarting(ready: Promise<void>): void {
    const started = ready.then(() => {}, () => {})
      .finally(() => this.#starting.delete(started));
    this.#starting.add(started);
  }

  /** Removes a subscription that has ended. */
  remove(subscription: QueueSubscription<unknown>): void {
    this.#active.delete(subscription);
  }

  /** Waits until all subscriptions are in force, but not longer than the timeout. */
  async allStarted(): Promise<void> {
    if (this.#starting.size === 0) return;
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, this.#startTimeoutMs);
    await Promise.race([Promise.all(this.#starting), timeout]);
    cancel();
  }

  /** Ends all subscriptions: their loops end at once. Waits until nothing is left to do for them. */
  async endAll(): Promise<void> {
    const ending = [...this.#active];
    for (const subscription of ending) void subscription.end();
    await Promise.all(ending.map(({ cleared }) => cleared));
  }
}
