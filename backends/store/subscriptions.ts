/**
 * Subscriptions to topics and patterns, and the delivery of messages and published values.
 *
 * @module
 */

import { type ContextHeaders, formatContextHeaders } from "../../lib/base/context_headers.ts";
import { TextMap } from "../../lib/base/text_map.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import type { Counters } from "./counters.ts";
import { SubscriptionLimitError } from "./errors.ts";
import { MAX_PATTERNS_PER_SUBSCRIBER, MAX_SUBSCRIPTIONS_PER_SUBSCRIBER } from "./limits.ts";
import { checkName, PATTERN_RULES } from "./names.ts";
import { PatternIndex } from "./pattern_index.ts";
import type { StoredMessage } from "./stored_message.ts";
import type { QueueQuota } from "./queue_quota.ts";
import type { Delivery, Subscription } from "./subscription.ts";
import { detached, textBytes } from "./text.ts";
import { type Value, valueBytes } from "./value.ts";

/** The transport of the subscribers in this process. */
const IN_PROCESS = "memory";

/** What the subscriptions use of their store. */
export interface SubscriptionsContext {
  readonly clock: () => number;
  readonly counters: Counters;
  /** The quota of the queues of clients; undefined if there is none. */
  readonly queueQuota: QueueQuota | undefined;
  /** Most different patterns of all subscribers together. */
  readonly maxPatterns: number;
}

/** The subscriptions of a store. A subscriber has at most one for each topic and pattern. */
export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #topics = new TextMap<Set<Subscription>>();
  readonly #patterns = new PatternIndex();
  readonly #all = new Set<Subscription>();
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

  /** All subscribers, in the order of their first subscription. */
  get all(): ReadonlySet<Subscription> {
    return this.#all;
  }

  /** The topics that have subscribers, without those of patterns. */
  get topicNames(): IteratorObject<string> {
    return this.#topics.keys();
  }

  /** Number of subscribers of a topic, without those of patterns. */
  countOf(topic: string): number {
    return this.#topics.get(topic)?.size ?? 0;
  }

  /** The patterns with their subscriptions. */
  get patterns(): PatternIndex {
    return this.#patterns;
  }

  /** Subscribes to a topic; false if the subscription exists. */
  subscribe(subscription: Subscription, name: string): boolean {
    checkName("topic", name);
    if (subscription.topics.has(name)) return false;
    checkCount(subscription);
    this.#quotaOf(subscription)?.addSubscription(name);
    const topic = detached(name);
    subscription.topics.add(topic);
    let subscriptions = this.#topics.get(topic);
    if (subscriptions === undefined) this.#topics.set(topic, subscriptions = new Set());
    subscriptions.add(subscription);
    this.#add(subscription);
    this.#topicCount++;
    return true;
  }

  /** Subscribes to all topics that match a pattern; false if the subscription exists. */
  psubscribe(subscription: Subscription, pattern: string): boolean {
    checkName("pattern", pattern, PATTERN_RULES);
    if (subscription.patterns.has(pattern)) return false;
    checkCount(subscription);
    checkPatternCount(subscription);
    this.#checkPatterns(pattern);
    this.#quotaOf(subscription)?.addSubscription(pattern);
    const entry = this.#patterns.get(pattern) ?? this.#patterns.add(pattern);
    subscription.patterns.add(entry.pattern);
    entry.subscriptions.add(subscription);
    this.#add(subscription);
    this.#patternCount++;
    return true;
  }

  /** The backends in this process take their entries at once, and lose none. */
  #quotaOf({ transport }: Subscription): QueueQuota | undefined {
    return transport === IN_PROCESS ? undefined : this.#context.queueQuota;
  }

  /**
   * Counts a response that waits for entries of a subscriber. Returns what ends that; undefined if there is no
   * room for one more.
   */
  reserveStream(bytes: number): (() => void) | undefined {
    const { queueQuota } = this.#context;
    return queueQuota === undefined ? () => {} : queueQuota.reserveStream(bytes);
  }

  #add(subscription: Subscription): void {
    this.#all.add(subscription);
    const quota = this.#quotaOf(subscription);
    if (quota !== undefined) subscription.joinQuota(quota);
  }

  #checkPatterns(pattern: string): void {
    const { maxPatterns } = this.#context;
    if (this.#patterns.size < maxPatterns || this.#patterns.get(pattern) !== undefined) return;
    throw new SubscriptionLimitError(
      `cannot subscribe: all subscribers together have ${maxPatterns} patterns, which is maxPatterns; ` +
        "unsubscribe from some, or raise maxPatterns",
    );
  }

  /** Ends a subscription to a topic; false if there was none. */
  unsubscribe(subscription: Subscription, topic: string): boolean {
    if (!subscription.topics.delete(topic)) return false;
    this.#quotaOf(subscription)?.removeSubscription(topic);
    const subscriptions = this.#topics.get(topic)!;
    subscriptions.delete(subscription);
    if (subscriptions.size === 0) this.#topics.delete(topic);
    this.#removeIfUnused(subscription);
    this.#topicCount--;
    return true;
  }

  /** Ends a subscription to a pattern; false if there was none. */
  punsubscribe(subscription: Subscription, pattern: string): boolean {
    if (!subscription.patterns.delete(pattern)) return false;
    this.#quotaOf(subscription)?.removeSubscription(pattern);
    const entry = this.#patterns.get(pattern)!;
    entry.subscriptions.delete(subscription);
    if (entry.subscriptions.size === 0) this.#patterns.remove(entry);
    this.#removeIfUnused(subscription);
    this.#patternCount--;
    return true;
  }

  #removeIfUnused(subscription: Subscription): void {
    if (subscription.topics.size + subscription.patterns.size === 0) {
      this.#all.delete(subscription);
    }
  }

  /** Ends all subscriptions of a subscriber. */
  remove(subscription: Subscription): void {
    for (const topic of [...subscription.topics]) this.unsubscribe(subscription, topic);
    for (const pattern of [...subscription.patterns]) this.punsubscribe(subscription, pattern);
    subscription.leaveQuota();
    subscription.finish();
  }

  /** Counts entries that were dropped from queues whose server has stopped. */
  recordDropped(entries: number): void {
    this.#context.counters.dropped += entries;
  }

  /** Delivers a stored message. */
  deliver(message: StoredMessage): void {
    const { topic, bytes } = message;
    if (!this.#isHeard(topic)) return;
    this.#dispatch(topic, { kind: "stored", topic, message, bytes, atMs: this.#context.clock() });
  }

  /**
   * Publishes a value; returns the number of subscriptions that it reached. As in Redis, a subscriber
   * of both the channel and a matching pattern gets the value twice, and counts twice.
   */
  publish(channel: string, value: Value, headers?: ContextHeaders): number {
    checkName("channel", channel);
    this.#context.counters.published++;
    if (!this.#isHeard(channel)) return 0;
    return this.#dispatch(channel, {
      kind: "published",
      topic: channel,
      value,
      atMs: this.#context.clock(),
      bytes: valueBytes(value) + ENTRY_BYTES + headerBytes(headers),
      headers,
    });
  }

  /** False if nothing is subscribed that a topic reaches, which is quick to say. */
  #isHeard(topic: string): boolean {
    return this.#patterns.size > 0 || this.#topics.has(topic);
  }

  #dispatch(topic: string, delivery: Delivery): number {
    let reached = this.#pushAll(this.#topics.get(topic), delivery);
    for (const { pattern, subscriptions } of this.#patterns.matching(topic)) {
      reached += this.#pushAll(subscriptions, { ...delivery, pattern });
    }
    this.#context.counters.dropped += this.#context.queueQuota?.makeRoom() ?? 0;
    return reached;
  }

  #pushAll(subscriptions: Iterable<Subscription> = [], delivery: Delivery): number {
    const { counters } = this.#context;
    let reached = 0;
    for (const subscription of subscriptions) {
      const wasDisconnected = subscription.isDisconnected;
      counters.dropped += subscription.push(delivery);
      if (subscription.isDisconnected) {
        if (!wasDisconnected) counters.disconnected++;
        continue;
      }
      reached++;
    }
    counters.delivered += reached;
    return reached;
  }
}

function headerBytes(headers: ContextHeaders | undefined): number {
  return headers === undefined ? 0 : textBytes(formatContextHeaders(headers));
}

function checkCount(subscription: Subscription): void {
  if (subscription.topics.size + subscription.patterns.size < MAX_SUBSCRIPTIONS_PER_SUBSCRIBER) {
    return;
  }
  throw new SubscriptionLimitError(
    `cannot subscribe: a subscriber has at most ${MAX_SUBSCRIPTIONS_PER_SUBSCRIBER} topics and patterns`,
  );
}

function checkPatternCount({ patterns }: Subscription): void {
  if (patterns.size < MAX_PATTERNS_PER_SUBSCRIBER) return;
  throw new SubscriptionLimitError(
    `cannot subscribe: a subscriber has at most ${MAX_PATTERNS_PER_SUBSCRIBER} patterns`,
  );
}
