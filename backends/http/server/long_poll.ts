/**
 * Subscribers that poll. Each has a name that it chooses, and one queue.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { logger } from "../../../lib/base/log.ts";
import { TextMap } from "../../../lib/base/text_map.ts";
import {
  DEFAULT_POLL_SECONDS,
  MAX_ENTRIES_PER_RESPONSE,
  MAX_ENTRY_BYTES_PER_RESPONSE,
  MAX_POLL_SECONDS,
} from "../../store/limits.ts";
import { checkName, GIVEN_NAME_RULES } from "../../store/names.ts";
import type { Store } from "../../store/store.ts";
import type { Subscriber } from "../../store/subscriber.ts";
import { Subscription } from "../../store/subscription.ts";
import { noRoomForReply, STREAM_BYTES } from "./reply_quota.ts";
import { deferredJson, type RouteResponse } from "./responses.ts";
import { entryToJson } from "./entries.ts";
import type { SubscriberLimits } from "./subscriber_quota.ts";

const EMPTY = '{"messages":[]}';

/** The subscribers of a server. */
export class LongPollSubscribers {
  readonly #store: Store;
  readonly #limits: SubscriberLimits;
  readonly #byId = new TextMap<LongPollSubscriber>();

  constructor(store: Store, limits: SubscriberLimits) {
    this.#store = store;
    this.#limits = limits;
    limits.quota.removeIdle = () => this.sweep(performance.now());
  }

  /** Number of polls that wait for an entry. */
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

  /** Creates the subscriber if it does not exist, and keeps it only if the change succeeds. */
  #change(id: string, change: (subscriber: LongPollSubscriber) => void): void {
    checkName("subscriber_id", id, GIVEN_NAME_RULES);
    let subscriber = this.#byId.get(id);
    if (subscriber !== undefined) return change(subscriber);
    this.#limits.quota.check();
    subscriber = new LongPollSubscriber(id, this.#limits);
    change(subscriber);
    this.#byId.set(id, subscriber);
    this.#limits.quota.used++;
  }

  /** Removes a subscriber; false if there was none. */
  delete(id: string): boolean {
    const isKnown = this.#byId.has(id);
    if (isKnown) this.#remove(id);
    return isKnown;
  }

  /** Removes a subscriber that gets no more entries: it has no subscriptions, or was disconnected. */
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

  /** Responds to a poll: at once if there are entries, or else at the first one or the timeout. */
  poll(
    id: string,
    timeoutSeconds: number | undefined,
    sent: Promise<void>,
  ): RouteResponse {
    const subscriber = this.#byId.get(id);
    if (subscriber === undefined) return '{"messages":[],"known":false}';
    // The client has given up its earlier poll, which must not take entries.
    subscriber.endPoll();
    const { length, isDisconnected } = subscriber.subscription;
    if (length > 0) this.#checkRoom(subscriber);
    const seconds = timeoutSeconds ?? DEFAULT_POLL_SECONDS;
    if (length > 0 || isDisconnected || seconds <= 0) return this.#take(id, subscriber);
    const release = this.#store.subscriptions.reserveStream(STREAM_BYTES);
    // It polls again.
    if (release === undefined) return this.#take(id, subscriber);
    sent.then(release);
    const timeoutMs = Math.min(seconds, MAX_POLL_SECONDS) * 1000;
    const { arrival, leave } = subscriber.wait(timeoutMs);
    const text = arrival.then((mayTake) => {
      const taken = this.#take(id, subscriber, mayTake && this.#hasRoom(subscriber));
      this.#count(2 * taken.length, sent);
      return taken;
    });
    return deferredJson(text, leave);
  }

  /** Counts bytes until a response was sent. */
  #count(bytes: number, sent: Promise<void>): void {
    const { transit } = this.#store;
    transit.add(bytes);
    sent.then(() => transit.add(-bytes));
  }

  #hasRoom(subscriber: LongPollSubscriber): boolean {
    return this.#store.transit.hasRoom(replyBytes(subscriber));
  }

  /** Throws before entries are taken that would be lost without room for them. */
  #checkRoom(subscriber: LongPollSubscriber): void {
    if (!this.#hasRoom(subscriber)) throw noRoomForReply();
  }

  #take(id: string, subscriber: LongPollSubscriber, mayTake = true): string {
    const text = mayTake ? subscriber.take() : EMPTY;
    if (this.#byId.get(id) === subscriber) this.#removeIfUnused(id, subscriber);
    return text;
  }

  /** Removes the subscribers that have not polled for too long. */
  sweep(nowMs: number): void {
    const limitMs = this.#limits.idleSeconds * 1000;
    for (const [id, { isPolled, lastSeenMs }] of [...this.#byId]) {
      if (!isPolled && nowMs - lastSeenMs > limitMs) this.#removeIdle(id);
    }
  }

  #removeIdle(id: string): void {
    const count = this.#byId.get(id)!.subscription.length;
    if (count > 0) {
      logger.warn(
        "subscriber {id} was removed with {messages} in its queue: it had not polled for " +
          "{idle}; poll more often, or raise subscriberIdleSeconds of the server",
        {
          id,
          messages: pluralize(count, "message"),
          count,
          idle: pluralize(this.#limits.idleSeconds, "second"),
        },
      );
    }
    this.#remove(id);
  }

  /** Removes all subscribers, and ends their polls. Returns the number of entries in their queues. */
  clear(): number {
    const subscribers = [...this.#byId];
    for (const [id] of subscribers) this.#remove(id);
    return subscribers.reduce((sum, [, { subscription }]) => sum + subscription.length, 0);
  }
}

/** Most bytes of a reply with the next entries of a subscriber: text, and the same in chunks. */
function replyBytes({ subscription }: LongPollSubscriber): number {
  return STREAM_BYTES + 2 * Math.min(subscription.bytes, MAX_ENTRY_BYTES_PER_RESPONSE);
}

class LongPollSubscriber {
  readonly subscription: Subscription;
  lastSeenMs = performance.now();
  /** Ends the waiting poll; true if it may take entries. */
  #poll: ((mayTake: boolean) => void) | undefined;
  #reportedDropped = 0;

  constructor(name: string, { queue }: SubscriberLimits) {
    const onReady = () => this.#poll?.(true);
    this.subscription = new Subscription({ ...queue, transport: "poll", name, onReady });
  }

  get isPolled(): boolean {
    return this.#poll !== undefined;
  }

  /** Waits for the first entry: true. False at the timeout, at another poll, or when this one leaves. */
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

  /** Takes entries, with the number of entries dropped since the last time. */
  take(): string {
    this.lastSeenMs = performance.now();
    const entries = this.subscription.take(MAX_ENTRIES_PER_RESPONSE, MAX_ENTRY_BYTES_PER_RESPONSE)
      .map(entryToJson);
    const dropped = this.subscription.dropped - this.#reportedDropped;
    this.#reportedDropped += dropped;
    const droppedMember = dropped === 0 ? "" : `,"dropped":${dropped}`;
    return `{"messages":[${entries}]${droppedMember}}`;
  }
}
