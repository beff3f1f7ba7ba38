/**
 * The store behind the servers and the in-memory backend: topics with their messages, keys, and
 * subscriptions. It does no input or output and reads no clock but the one it is given: fronts call it,
 * and it calls nobody.
 *
 * @module
 */

import { MemoryQuota } from "./memory_quota.ts";
import { type Counters, newCounters } from "./counters.ts";
import type { ConnectionStatsSource } from "./connection_stats.ts";
import { Hashes } from "./hashes.ts";
import { Keyspace } from "./keyspace.ts";
import { Sets } from "./sets.ts";
import { parseMessage, type StoredMessage } from "./stored_message.ts";
import { Strings } from "./strings.ts";
import { checkLimit } from "./limits.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Topics } from "./topics.ts";

/** Options of a store. */
export interface StoreOptions {
  /** Milliseconds of the Unix epoch; `Date.now` when left out. */
  clock?: () => number;
  /** Most messages that a topic keeps: the oldest by id time are evicted. Unlimited when left out. */
  maxMessagesPerTopic?: number;
  /**
   * Most bytes that all topics and keys keep together, each entry with about 200 bytes of bookkeeping:
   * the messages stored first are evicted, and a key is refused when no message is left. Unlimited when
   * left out.
   */
  maxBytes?: number;
}

/** What a store holds, and what it has counted. */
export interface StoreStats extends Counters {
  /** Topics that have messages. */
  topics: number;
  /** Messages in all topics. */
  messages: number;
  /** Keys of strings, hashes and sets. */
  keys: number;
  /** Bytes that messages and keys take, about. */
  bytes: number;
  /** Subscriptions to topics. */
  subscriptions: number;
  /** Subscriptions to patterns. */
  patternSubscriptions: number;
}

/**
 * Topics, messages, keys and subscriptions in this process's memory. Give one store to several backends
 * and servers, and they show the same.
 *
 * @example
 * ```ts
 * import { InMemoryMessagingBackend, Store } from "@ringbus/ringbus";
 *
 * const store = new Store({ maxMessagesPerTopic: 1000 });
 * await using one = new InMemoryMessagingBackend({ store });
 * await using other = new InMemoryMessagingBackend({ store });
 * await one.set("greeting", "hello");
 * console.log(await other.get("greeting"), store.stats().keys); // hello 1
 * ```
 */
export class Store {
  /**
   * Topics and their messages.
   * @internal
   */
  readonly topics: Topics;
  /**
   * All keys.
   * @internal
   */
  readonly keys: Keyspace;
  /**
   * Keys that hold one value.
   * @internal
   */
  readonly strings: Strings;
  /**
   * Keys that hold fields.
   * @internal
   */
  readonly hashes: Hashes;
  /**
   * Keys that hold members.
   * @internal
   */
  readonly sets: Sets;
  /**
   * Who subscribes to what.
   * @internal
   */
  readonly subscriptions: Subscriptions;
  /**
   * Counters of the servers of connections that serve the store now.
   * @internal
   */
  readonly connectionStats: Set<ConnectionStatsSource> = new Set();
  readonly #clock: () => number;
  readonly #counters = newCounters();
  readonly #quota: MemoryQuota;

  /**
   * Makes an empty store.
   *
   * @throws {RangeError} if a limit is no whole number, at least 1
   */
  constructor(options: StoreOptions = {}) {
    const maxMessagesPerTopic = checkLimit(
      "maxMessagesPerTopic",
      options.maxMessagesPerTopic,
      Infinity,
    );
    const maxBytes = checkLimit("maxBytes", options.maxBytes, Infinity);
    const clock = options.clock ?? Date.now;
    this.#clock = clock;
    const counters = this.#counters;
    const quota = new MemoryQuota(maxBytes, () => this.topics.evictOldest());
    this.#quota = quota;
    this.topics = new Topics({ clock, quota, counters, maxMessagesPerTopic });
    this.keys = new Keyspace({ clock, quota, counters });
    this.strings = new Strings(this.keys);
    this.hashes = new Hashes(this.keys);
    this.sets = new Sets(this.keys);
    this.subscriptions = new Subscriptions({ clock, counters });
  }

  /**
   * Stores the JSON text of a message in a topic, and hands it to the topic's subscribers.
   *
   * @param ttlSeconds in place of the message's own; null and undefined leave that
   * @throws {InvalidInputError} if a name, the text or the time to live cannot be right
   * @throws {StoreFullError} if it does not fit `maxBytes`
   * @internal
   */
  storeMessage(
    namespace: string,
    topic: string,
    text: string,
    ttlSeconds?: number | null,
  ): StoredMessage {
    const message = this.topics.store(
      namespace,
      topic,
      parseMessage(text),
      ttlSeconds ?? undefined,
    );
    this.subscriptions.deliver(message);
    return message;
  }

  /** Removes what has expired. Every call does that first: this is for the time between calls. */
  sweep(): void {
    this.topics.sweep();
    this.keys.sweep();
  }

  /**
   * When the next message or key expires, in milliseconds; `Infinity` if none will.
   * @internal
   */
  get nextExpiryMs(): number {
    return Math.min(this.topics.nextExpiryMs, this.keys.nextExpiryMs);
  }

  /**
   * What its clock says, in milliseconds.
   * @internal
   */
  get nowMs(): number {
    return this.#clock();
  }

  /**
   * Most bytes that topics and keys keep together; `Infinity` for no limit.
   * @internal
   */
  get maxBytes(): number {
    return this.#quota.maxBytes;
  }

  /** Deletes all messages and keys. Subscriptions stay. */
  clear(): void {
    this.topics.clear();
    this.keys.clear();
  }

  /** What the store holds and has counted. */
  stats(): StoreStats {
    this.sweep();
    return {
      topics: this.topics.size,
      messages: this.topics.length,
      keys: this.keys.size,
      bytes: this.#quota.used,
      subscriptions: this.subscriptions.topicCount,
      patternSubscriptions: this.subscriptions.patternCount,
      ...this.#counters,
    };
  }
}
