/**
 * Subscribers that poll: known by a name that they choose, with one queue each.
 *
 * @module
 */

import {
  DEFAULT_POLL_SECONDS,
  MAX_ENTRIES_PER_RESPONSE,
  MAX_POLL_SECONDS,
} from "../../store/limits.ts";
import { checkName } from "../../store/names.ts";
import type { Store } from "../../store/store.ts";
import type { Subscriber } from "../../store/subscriber.ts";
import { Subscription } from "../../store/subscription.ts";
import { deferredJson, type RouteResponse } from "./responses.ts";
import { entryToJson } from "./entries.ts";
import { HttpError } from "./errors.ts";
import type { SubscriberLimits } from "./subscriber_quota.ts";

const EMPTY = '{"messages":[]}';

/** The subscribers of a server. */
export class LongPollSubscribers {
  readonly #store: Store;
  readonly #limits: SubscriberLimits;
  readonly #byId = new Map<string, LongPollSubscriber>();

  constructor(store: Store, limits: SubscriberLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Polls that wait for an entry. */
  get waiting(): number {
    return this.#byId.values().filter(({ isPolled }) => isPolled).toArray().length;
  }

  /** The subscriber with a name, which need not exist yet. */
  named(id: string): Subscriber {
    return {
      subscribe: (topic) => this.subscribe(id, topic),
      unsubscribe: (topic) => this.unsubscribe(id, topic),
      psubscribe: (pattern) => this.psubscribe(id, pattern),
      punsubscribe: (pattern) => this.punsubscribe(id, pattern),
    };
  }

  subscribe(id: string, topic: string): void {
    this.#change(
      id,
      ({ subscription }) => this.#store.subscriptions.subscribe(subscription, topic),
    );
  }

  psubscribe(id: string, pattern: string): void {
    this.#change(
      id,
      ({ subscription }) => this.#store.subscriptions.psubscribe(subscription, pattern),
    );
  }

  unsubscribe(id: string, topic: string): void {
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return;
    this.#store.subscriptions.unsubscribe(subscriber.subscription, topic);
    this.#removeIfUnused(id, subscriber);
  }

  punsubscribe(id: string, pattern: string): void {
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return;
    this.#store.subscriptions.punsubscribe(subscriber.subscription, pattern);
    this.#removeIfUnused(id, subscriber);
  }

  /** Makes the subscriber if need be, and keeps it only if the change succeeds. */
  #change(id: string, change: (subscriber: LongPollSubscriber) => void): void {
    checkName("subscriber_id", id);
    let subscriber = this.#byId.get(id);
    if (subscriber !== undefined) return change(subscriber);
    this.#limits.quota.check();
    subscriber = new LongPollSubscriber(id, this.#limits);
    change(subscriber);
    this.#byId.set(id, subscriber);
    this.#limits.quota.used++;
  }

  /** Forgets a subscriber; false if there was none. */
  delete(id: string): boolean {
    const isKnown = this.#byId.has(id);
    if (isKnown) this.#remove(id);
    return isKnown;
  }

  /** Nothing comes any more for those without subscriptions, nor for those who were cut off. */
  #removeIfUnused(id: string, { subscription }: LongPollSubscriber): void {
    const isSubscribed = subscription.topics.size + subscription.patterns.size > 0 &&
      !subscription.isDisconnected;
    if (!isSubscribed && subscription.length === 0) this.#remove(id);
  }

  #remove(id: string): void {
    const subscriber = this.#byId.get(id)!;
    this.#store.subscriptions.remove(subscriber.subscription);
    this.#byId.delete(id);
    this.#limits.quota.used--;
    subscriber.endPoll();
  }

  /** The answer to a poll: now if there are entries, else when one comes or the time is over. */
  poll(id: string, timeoutSeconds: number = DEFAULT_POLL_SECONDS): RouteResponse {
    if (timeoutSeconds < 0) {
      throw new HttpError(400, `timeout must be at least 0, not ${timeoutSeconds}`);
    }
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return '{"messages":[],"known":false}';
    // Who polls anew does not listen to the poll before, which must not take what comes.
    subscriber.endPoll();
    const { length, isDisconnected } = subscriber.subscription;
    if (length > 0 || isDisconnected || timeoutSeconds === 0) return this.#take(id, subscriber);
    const timeoutMs = Math.min(timeoutSeconds, MAX_POLL_SECONDS) * 1000;
    const { arrival, leave } = subscriber.wait(timeoutMs);
    const text = arrival.then((mayTake) => this.#take(id, subscriber, mayTake));
    return deferredJson(text, leave);
  }

  #take(id: string, subscriber: LongPollSubscriber, mayTake = true): string {
    const text = mayTake ? subscriber.take() : EMPTY;
    if (this.#byId.get(id) === subscriber) this.#removeIfUnused(id, subscriber);
    return text;
  }

  /** Removes those that have not polled for too long. */
  sweep(nowMs: number): void {
    const limitMs = this.#limits.idleSeconds * 1000;
    for (const [id, { isPolled, lastSeenMs }] of [...this.#byId]) {
      if (!isPolled && nowMs - lastSeenMs > limitMs) this.#remove(id);
    }
  }

  /** Removes all, and answers their polls. */
  clear(): void {
    for (const id of [...this.#byId.keys()]) this.#remove(id);
  }
}

class LongPollSubscriber {
  readonly subscription: Subscription;
  lastSeenMs = performance.now();
  /** Ends the poll that waits; true if it may take entries. */
  #poll: ((mayTake: boolean) => void) | undefined;
  #reportedDropped = 0;

  constructor(name: string, { queue }: SubscriberLimits) {
    const onReady = () => this.#poll?.(true);
    this.subscription = new Subscription({ ...queue, transport: "poll", name, onReady });
  }

  get isPolled(): boolean {
    return this.#poll !== undefined;
  }

  /** True when the first entry comes; false when the time is over, another poll comes or this one leaves. */
  wait(timeoutMs: number): { arrival: Promise<boolean>; leave: () => void } {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = () => resolve(false);
    const timer = setTimeout(leave, timeoutMs);
    this.#poll = resolve;
    const arrival = promise.then((mayTake) => {
      clearTimeout(timer);
      if (this.#poll === resolve) this.#poll = undefined;
      this.lastSeenMs = performance.now();
      return mayTake;
    });
    return { arrival, leave };
  }

  endPoll(): void {
    this.#poll?.(false);
  }

  /** Takes entries, and tells how many were lost since the last time. */
  take(): string {
    this.lastSeenMs = performance.now();
    const entries = this.subscription.take(MAX_ENTRIES_PER_RESPONSE).map(entryToJson);
    const dropped = this.subscription.dropped - this.#reportedDropped;
    this.#reportedDropped += dropped;
    const droppedMember = dropped === 0 ? "" : `,"dropped":${dropped}`;
    return `{"messages":[${entries}]${droppedMember}}`;
  }
}
