/**
 * Subscribers that poll: known by a name that they choose, with one queue each.
 *
 * @module
 */

import { checkName } from "../../store/names.ts";
import type { Store } from "../../store/store.ts";
import { Subscriber } from "../../store/subscription.ts";
import { jsonLater } from "./responses.ts";
import { entryToJson } from "./entries.ts";
import { HttpError } from "./errors.ts";
import type { SubscriberLimits } from "./limits.ts";
import type { Answer } from "./route.ts";

/** Entries that one poll takes at most. */
const MAX_ENTRIES = 100;
const DEFAULT_TIMEOUT_SECONDS = 30;
const MAX_TIMEOUT_SECONDS = 300;
const EMPTY = '{"messages":[]}';

/** The subscribers of a server. */
export class PollingSubscribers {
  readonly #store: Store;
  readonly #limits: SubscriberLimits;
  readonly #byId = new Map<string, PollingSubscriber>();

  constructor(store: Store, limits: SubscriberLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Polls that wait for an entry. */
  get waiting(): number {
    return this.#byId.values().filter(({ isPolled }) => isPolled).toArray().length;
  }

  subscribe(id: string, topic: string): void {
    this.#change(id, ({ queue }) => this.#store.subscriptions.subscribe(queue, topic));
  }

  psubscribe(id: string, pattern: string): void {
    this.#change(id, ({ queue }) => this.#store.subscriptions.psubscribe(queue, pattern));
  }

  unsubscribe(id: string, topic: string): void {
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return;
    this.#store.subscriptions.unsubscribe(subscriber.queue, topic);
    this.#removeIfDone(id, subscriber);
  }

  punsubscribe(id: string, pattern: string): void {
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return;
    this.#store.subscriptions.punsubscribe(subscriber.queue, pattern);
    this.#removeIfDone(id, subscriber);
  }

  /** Makes the subscriber if need be, and keeps it only if the change succeeds. */
  #change(id: string, change: (subscriber: PollingSubscriber) => void): void {
    checkName("subscriber_id", id);
    let subscriber = this.#byId.get(id);
    if (subscriber !== undefined) return change(subscriber);
    this.#limits.places.check();
    subscriber = new PollingSubscriber(id, this.#limits);
    change(subscriber);
    this.#byId.set(id, subscriber);
    this.#limits.places.taken++;
  }

  /** Forgets a subscriber; false if there was none. */
  delete(id: string): boolean {
    const isKnown = this.#byId.has(id);
    if (isKnown) this.#remove(id);
    return isKnown;
  }

  /** Nothing comes any more for those without subscriptions, nor for those who were cut off. */
  #removeIfDone(id: string, { queue }: PollingSubscriber): void {
    const isSubscribed = queue.topics.size + queue.patterns.size > 0 && !queue.isDisconnected;
    if (!isSubscribed && queue.length === 0) this.#remove(id);
  }

  #remove(id: string): void {
    const subscriber = this.#byId.get(id)!;
    this.#store.subscriptions.remove(subscriber.queue);
    this.#byId.delete(id);
    this.#limits.places.taken--;
    subscriber.endPoll();
  }

  /** The answer to a poll: now if there are entries, else when one comes or the time is over. */
  poll(id: string, timeoutSeconds: number = DEFAULT_TIMEOUT_SECONDS): Answer {
    if (timeoutSeconds < 0) {
      throw new HttpError(400, `timeout must be at least 0, not ${timeoutSeconds}`);
    }
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return '{"messages":[],"known":false}';
    // Who polls anew does not listen to the poll before, which must not take what comes.
    subscriber.endPoll();
    const { length, isDisconnected } = subscriber.queue;
    if (length > 0 || isDisconnected || timeoutSeconds === 0) return this.#take(id, subscriber);
    const timeoutMs = Math.min(timeoutSeconds, MAX_TIMEOUT_SECONDS) * 1000;
    const { arrival, leave } = subscriber.wait(timeoutMs);
    const text = arrival.then((mayTake) => this.#take(id, subscriber, mayTake));
    return jsonLater(text, leave);
  }

  #take(id: string, subscriber: PollingSubscriber, mayTake = true): string {
    const text = mayTake ? subscriber.take() : EMPTY;
    if (this.#byId.get(id) === subscriber) this.#removeIfDone(id, subscriber);
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

class PollingSubscriber {
  readonly queue: Subscriber;
  lastSeenMs = performance.now();
  /** Ends the poll that waits; true if it may take entries. */
  #poll: ((mayTake: boolean) => void) | undefined;
  #toldDropped = 0;

  constructor(name: string, { queue }: SubscriberLimits) {
    const onReady = () => this.#poll?.(true);
    this.queue = new Subscriber({ ...queue, front: "poll", name, onReady });
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
    const entries = this.queue.take(MAX_ENTRIES).map(entryToJson);
    const dropped = this.queue.dropped - this.#toldDropped;
    this.#toldDropped += dropped;
    const note = dropped === 0 ? "" : `,"dropped":${dropped}`;
    return `{"messages":[${entries}]${note}}`;
  }
}
