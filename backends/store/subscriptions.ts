/**
 * Who subscribes to what, and handing out to them what is stored and published.
 *
 * @module
 */

import { ENTRY_BYTES } from "./memory_quota.ts";
import type { Counters } from "./counters.ts";
import { SubscriptionLimitError } from "./errors.ts";
import { glob } from "./glob.ts";
import { checkName, MAX_PATTERN_LENGTH } from "./names.ts";
import type { StoredMessage } from "./stored_message.ts";
import type { Delivery, Subscriber } from "./subscription.ts";
import { detached } from "./text.ts";
import { type Value, valueBytes } from "./value.ts";

/** Most topics and patterns that one subscriber may subscribe to. */
export const MAX_SUBSCRIPTIONS = 10_000;

interface PatternEntry {
  readonly matches: (topic: string) => boolean;
  readonly subscribers: Set<Subscriber>;
}

/** What the subscriptions need of their store. */
export interface SubscriptionsContext {
  readonly clock: () => number;
  readonly counters: Counters;
}

/** The subscriptions of a store. A pair of subscriber and topic, or pattern, exists once. */
export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #topics = new Map<string, Set<Subscriber>>();
  readonly #patterns = new Map<string, PatternEntry>();
  readonly #subscribers = new Set<Subscriber>();
  #topicCount = 0;
  #patternCount = 0;

  constructor(context: SubscriptionsContext) {
    this.#context = context;
  }

  /** Subscriptions to topics. */
  get topicCount(): number {
    return this.#topicCount;
  }

  /** Subscriptions to patterns. */
  get patternCount(): number {
    return this.#patternCount;
  }

  /** Those who subscribe to anything, in the order in which they came. */
  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  /** How many subscribe to a topic by its name. */
  countOf(topic: string): number {
    return this.#topics.get(topic)?.size ?? 0;
  }

  /** Subscribes to a topic; false if it did already. */
  subscribe(subscriber: Subscriber, name: string): boolean {
    checkName("topic", name);
    if (subscriber.topics.has(name)) return false;
    checkCount(subscriber);
    const topic = detached(name);
    subscriber.topics.add(topic);
    let subscribers = this.#topics.get(topic);
    if (subscribers === undefined) this.#topics.set(topic, subscribers = new Set());
    subscribers.add(subscriber);
    this.#subscribers.add(subscriber);
    this.#topicCount++;
    return true;
  }

  /** Subscribes to all topics that a pattern matches; false if it did already. */
  psubscribe(subscriber: Subscriber, pattern: string): boolean {
    checkName("pattern", pattern, MAX_PATTERN_LENGTH);
    if (subscriber.patterns.has(pattern)) return false;
    checkCount(subscriber);
    subscriber.patterns.add(pattern);
    let entry = this.#patterns.get(pattern);
    if (entry === undefined) {
      entry = { matches: glob(pattern), subscribers: new Set() };
      this.#patterns.set(pattern, entry);
    }
    entry.subscribers.add(subscriber);
    this.#subscribers.add(subscriber);
    this.#patternCount++;
    return true;
  }

  /** Ends a subscription to a topic; false if there was none. */
  unsubscribe(subscriber: Subscriber, topic: string): boolean {
    if (!subscriber.topics.delete(topic)) return false;
    const subscribers = this.#topics.get(topic)!;
    subscribers.delete(subscriber);
    if (subscribers.size === 0) this.#topics.delete(topic);
    this.#forgetIfDone(subscriber);
    this.#topicCount--;
    return true;
  }

  /** Ends a subscription to a pattern; false if there was none. */
  punsubscribe(subscriber: Subscriber, pattern: string): boolean {
    if (!subscriber.patterns.delete(pattern)) return false;
    const { subscribers } = this.#patterns.get(pattern)!;
    subscribers.delete(subscriber);
    if (subscribers.size === 0) this.#patterns.delete(pattern);
    this.#forgetIfDone(subscriber);
    this.#patternCount--;
    return true;
  }

  #forgetIfDone(subscriber: Subscriber): void {
    if (subscriber.topics.size + subscriber.patterns.size === 0) {
      this.#subscribers.delete(subscriber);
    }
  }

  /** Ends all subscriptions of a subscriber. */
  remove(subscriber: Subscriber): void {
    for (const topic of [...subscriber.topics]) this.unsubscribe(subscriber, topic);
    for (const pattern of [...subscriber.patterns]) this.punsubscribe(subscriber, pattern);
  }

  /** Hands out a message that was stored. */
  deliver(message: StoredMessage): void {
    const { topic, bytes } = message;
    this.#handOut(topic, { kind: "stored", topic, message, bytes, atMs: this.#context.clock() });
  }

  /**
   * Publishes a value; the number of subscriptions it reached. As in Redis, a subscriber that
   * subscribes to the channel and to a pattern that matches it gets it twice and counts twice.
   */
  publish(channel: string, value: Value): number {
    checkName("channel", channel);
    this.#context.counters.published++;
    return this.#handOut(channel, {
      kind: "published",
      topic: channel,
      value,
      atMs: this.#context.clock(),
      bytes: valueBytes(value) + ENTRY_BYTES,
    });
  }

  #handOut(topic: string, delivery: Delivery): number {
    let reached = this.#pushAll(this.#topics.get(topic), delivery);
    for (const [pattern, { matches, subscribers }] of this.#patterns) {
      if (matches(topic)) reached += this.#pushAll(subscribers, { ...delivery, pattern });
    }
    return reached;
  }

  #pushAll(subscribers: Iterable<Subscriber> = [], delivery: Delivery): number {
    const { counters } = this.#context;
    let reached = 0;
    for (const subscriber of subscribers) {
      const wasDisconnected = subscriber.isDisconnected;
      counters.dropped += subscriber.push(delivery);
      if (subscriber.isDisconnected) {
        if (!wasDisconnected) counters.disconnected++;
        continue;
      }
      reached++;
    }
    counters.delivered += reached;
    return reached;
  }
}

function checkCount(subscriber: Subscriber): void {
  if (subscriber.topics.size + subscriber.patterns.size < MAX_SUBSCRIPTIONS) return;
  throw new SubscriptionLimitError(
    `cannot subscribe: a subscriber has at most ${MAX_SUBSCRIPTIONS} topics and patterns`,
  );
}
