/**
 * The store of the servers and of the backends in memory: topics with their messages, keys, and
 * subscriptions. It does no input or output, and its clock is injected. Servers and backends call it.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { type Clock, clockOf } from "../../lib/base/clock.ts";
import { type OptionChecks, OptionRules } from "../../lib/base/option_rules.ts";
import type { HeldBytes } from "./held_bytes.ts";
import { MemoryQuota } from "./memory_quota.ts";
import { type Counters, newCounters } from "./counters.ts";
import type { ConnectionStatsSource } from "./connection_stats.ts";
import { bytesOfText, textOfBytes } from "./byte_string.ts";
import { Databases } from "./databases.ts";
import { StoreFullError } from "./errors.ts";
import { Hashes } from "./hashes.ts";
import { glob } from "../../lib/base/glob.ts";
import {
  type KeyEntry,
  type Keyspace,
  type KeyspaceObserver,
  KeyUses,
  type Kind,
} from "./keyspace.ts";
import { QueueQuota } from "./queue_quota.ts";
import { Sets } from "./sets.ts";
import { parseMessage, type StoredMessage } from "./stored_message.ts";
import { Strings } from "./strings.ts";
import { checkClock } from "../../lib/base/clock_option.ts";
import { checkKey } from "./value.ts";
import { checkLimit, DEFAULT_LISTED_KEYS, DEFAULT_MAX_PATTERNS } from "./limits.ts";
import { checkTtl, lifetimeOf } from "./names.ts";
import { Subscriptions, type SubscriptionsContext } from "./subscriptions.ts";
import { Topics } from "./topics.ts";
import { TransitQuota } from "./transit_quota.ts";

/** Options of a store. */
export interface StoreOptions {
  /**
   * Clock of times to live: one with timers such as `SteppableClock`, or a function that returns
   * milliseconds of the Unix epoch. A test sets one of its own. Default: a monotonic clock, which no change
   * of the wall clock moves.
   */
  clock?: (Clock | (() => number)) | undefined;
  /** Most messages of a topic: the oldest by id time are evicted. Default: no limit. */
  maxMessagesPerTopic?: number | undefined;
  /**
   * Most bytes of all topics and keys together, with about 200 bytes of overhead for each entry, and about
   * 500 from the 128th on. What has expired is removed, then the messages stored first are evicted. What
   * does not fit even without any message is rejected. Servers also bound by it what is on its way, and the
   * queues of their clients. Default: no limit.
   */
  maxBytes?: number | undefined;
  /**
   * Most different patterns of all subscribers together: a message may have to be matched with each of
   * them. Further ones are rejected. Default: 10,000.
   */
  maxPatterns?: number | undefined;
}

/** A key of the first database. */
export interface KeyInfo {
  readonly key: string;
  /** The kind of its value, as Redis names it. */
  readonly type: Kind;
  /** The whole seconds that it has to live; -1: no limit. */
  readonly ttl: number;
}

/** The checks of `StoreOptions`. */
export const STORE_CHECKS: OptionChecks<StoreOptions> = {
  clock: checkClock,
  maxMessagesPerTopic: checkLimit,
  maxBytes: checkLimit,
  maxPatterns: checkLimit,
};
const OPTIONS = new OptionRules<StoreOptions>("new Store()", STORE_CHECKS);

/** Size and counters of a store. */
export interface StoreStats extends Counters {
  /** Topics that have messages. */
  topics: number;
  /** Messages in all topics. */
  messages: number;
  /** Keys of all databases. */
  keys: number;
  /** Approximate bytes of messages and keys. */
  bytes: number;
  /** Subscriptions to topics. */
  subscriptions: number;
  /** Subscriptions to patterns. */
  patternSubscriptions: number;
}

/**
 * Topics, messages, keys and subscriptions in the memory of this process. Backends and servers that get
 * the same store share its contents.
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
   * The numbered databases of keys.
   * @internal
   */
  readonly databases: Databases;
  /**
   * All keys of the first database, which all protocols use.
   * @internal
   */
  readonly keys: Keyspace;
  /**
   * Those that hear of changes of keys.
   * @internal
   */
  readonly keyObservers: Set<KeyspaceObserver> = new Set();
  /**
   * The clock, with its timers.
   * @internal
   */
  readonly clock: Clock;
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
   * Subscriptions to topics and patterns.
   * @internal
   */
  readonly subscriptions: Subscriptions;
  /**
   * Counters of the running servers of the store.
   * @internal
   */
  readonly connectionStats: Set<ConnectionStatsSource> = new Set();
  /**
   * What servers have received in part, and not sent yet.
   * @internal
   */
  readonly transit: TransitQuota;
  /**
   * What was removed and replies may still have.
   * @internal
   */
  readonly held: HeldBytes;
  readonly #counters = newCounters();
  readonly #quota: MemoryQuota;
  readonly #startMs: number;
  /**
   * The time of the present call, by which keys are used.
   * @internal
   */
  readonly uses: KeyUses = new KeyUses();
  readonly #subscriptionsContext: SubscriptionsContext;

  /**
   * Creates an empty store.
   *
   * @throws {TypeError} if an option is unknown
   * @throws {RangeError} if a limit is not a whole number, at least 1
   */
  constructor(options: StoreOptions = {}) {
    checkNoMore("new Store()", arguments, 1);
    OPTIONS.check(options);
    const { maxMessagesPerTopic = Infinity, maxBytes = Infinity } = options;
    const { maxPatterns = DEFAULT_MAX_PATTERNS } = options;
    this.clock = clockOf(options.clock);
    const clock = this.clock.now;
    const counters = this.#counters;
    const quota = new MemoryQuota(maxBytes, () => this.topics.evictOldest());
    this.#quota = quota;
    this.transit = new TransitQuota(() => quota.maxBytes);
    this.held = quota.held;
    const context = { clock, quota, counters, sweep: () => this.sweep() };
    this.#startMs = Math.floor(clock());
    const { uses } = this;
    this.topics = new Topics({
      ...context,
      // Most messages never expire: then the clock, which costs as much as a search, is not read.
      sweep: () => this.expiringCount > 0 && this.sweep(),
      maxMessagesPerTopic,
    });
    this.databases = new Databases({ ...context, uses, observers: this.keyObservers });
    this.keys = this.databases.first;
    this.strings = new Strings(this.keys, counters);
    this.hashes = new Hashes(this.keys);
    this.sets = new Sets(this.keys);
    const queueQuota = quota.isBounded ? new QueueQuota(() => quota.maxBytes) : undefined;
    this.#subscriptionsContext = { clock, counters, queueQuota, maxPatterns };
    this.subscriptions = this.newSubscriptions();
  }

  /**
   * Stores the JSON text of a message in a topic, and delivers it to the topic's subscribers.
   *
   * @param ttlSeconds replaces the message's own time to live, unless it is null, undefined or 0
   * @throws {InvalidInputError} if a name, the text or the time to live is invalid
   * @throws {StoreFullError} if the message exceeds `maxBytes`
   * @internal
   */
  storeMessage(
    namespace: string,
    topic: string,
    text: string,
    ttlSeconds?: number | null,
  ): StoredMessage {
    if (typeof ttlSeconds === "number") checkTtl(ttlSeconds);
    const message = this.topics.store(
      namespace,
      topic,
      parseMessage(text),
      lifetimeOf(ttlSeconds),
    );
    this.subscriptions.deliver(message);
    return message;
  }

  /**
   * Subscriptions of their own, with the same limits.
   * @internal
   */
  newSubscriptions(): Subscriptions {
    return new Subscriptions(this.#subscriptionsContext);
  }

  /**
   * Deletes a key of the first database, of any kind; false if there was none.
   * @internal
   */
  deleteKey(key: string): boolean {
    checkKey("key", key);
    this.sweep();
    return this.keys.delete(bytesOfText(key));
  }

  /**
   * Sets the time to live of a key of the first database; false if there was none.
   * @internal
   */
  expireKey(key: string, ttlSeconds: number): boolean {
    const { nowMs } = this;
    const lifetimeSeconds = lifetimeOf(ttlSeconds);
    const entry = this.#entryOf(key);
    if (entry === undefined) return false;
    if (lifetimeSeconds === 0) return this.keys.delete(entry.key);
    const atMs = lifetimeSeconds === undefined ? Infinity : nowMs + lifetimeSeconds * 1000;
    this.keys.expire(entry, atMs);
    this.keys.touched(entry.key, atMs === Infinity ? "persist" : "expire");
    return true;
  }

  /**
   * The whole seconds that a key of the first database has to live; -1: no limit, -2: there is no such key.
   * @internal
   */
  ttlOfKey(key: string): number {
    const entry = this.#entryOf(key);
    if (entry === undefined) return -2;
    return this.#ttlOf(entry);
  }

  /**
   * The first keys of the first database that match a pattern, in the order in which they were added.
   * @internal
   */
  listKeys(pattern = "*", limit = DEFAULT_LISTED_KEYS): KeyInfo[] {
    this.sweep();
    const matches = glob(pattern);
    const found: KeyInfo[] = [];
    for (const entry of this.keys.entries()) {
      if (found.length >= limit) break;
      const key = textOfBytes(entry.key);
      if (matches(key)) found.push({ key, type: entry.kind, ttl: this.#ttlOf(entry) });
    }
    return found;
  }

  #ttlOf({ deadline, expiresAtMs }: KeyEntry): number {
    return deadline === undefined ? -1 : Math.round((expiresAtMs - this.nowMs) / 1000);
  }

  #entryOf(key: string): KeyEntry | undefined {
    checkKey("key", key);
    this.sweep();
    return this.keys.find(bytesOfText(key));
  }

  /** Removes expired messages and keys. Every call does this first; call it between calls. */
  sweep(): void {
    checkNoMore("sweep()", arguments, 0);
    this.sweepAt(this.clock.now());
  }

  /**
   * The same for a time that was read from the clock.
   * @internal
   */
  sweepAt(nowMs: number): void {
    this.uses.isCounted = true;
    this.uses.nowAfterMs = Math.floor(nowMs) - this.#startMs;
    this.topics.removeExpired(nowMs);
    this.databases.removeExpired(nowMs);
  }

  /**
   * Number of messages and keys that will expire.
   * @internal
   */
  get expiringCount(): number {
    return this.topics.expiringCount + this.databases.expiringCount;
  }

  /**
   * Time of the next expiry in milliseconds; `Infinity` if there is none.
   * @internal
   */
  get nextExpiryMs(): number {
    return Math.min(this.topics.nextExpiryMs, this.databases.nextExpiryMs);
  }

  /**
   * Time of the store's clock, in milliseconds.
   * @internal
   */
  get nowMs(): number {
    return this.clock.now();
  }

  /**
   * Most bytes of topics and keys together; `Infinity`: no limit.
   * @internal
   */
  get maxBytes(): number {
    return this.#quota.maxBytes;
  }

  /**
   * Makes room for bytes that are kept elsewhere, such as shared state; messages are evicted for it.
   *
   * @throws {StoreFullError} if there is no room
   * @internal
   */
  reserveKept(bytes: number): void {
    if (this.#quota.isBounded) this.#quota.reserve(bytes, 0);
  }

  /**
   * Counts bytes that are kept elsewhere, after `reserveKept`; releases them with a number less than 0.
   * @internal
   */
  chargeKept(bytes: number): void {
    this.#quota.charge(bytes, 0);
  }

  /**
   * True if there is room for more bytes of keys; messages are evicted for it.
   * @internal
   */
  makeRoom(bytes: number, entries: number): boolean {
    if (!this.#quota.isBounded) return true;
    try {
      this.#quota.reserve(bytes, entries);
      return true;
    } catch (error) {
      if (error instanceof StoreFullError) return false;
      throw error;
    }
  }

  /**
   * Bytes in use, as `maxBytes` counts them.
   * @internal
   */
  get usedBytes(): number {
    return this.#quota.used;
  }

  /**
   * Entries that the engine keeps for topics and keys, and for the parts of their values.
   * @internal
   */
  get entryCount(): number {
    return this.#quota.entries;
  }

  /**
   * Changes the limits; false if the store holds more than they allow.
   * @internal
   */
  trySetLimits(limits: { maxBytes: number; maxMessagesPerTopic: number }): boolean {
    const { maxBytes, maxMessagesPerTopic } = limits;
    const fits = this.#quota.used <= maxBytes &&
      this.topics.values().every(({ length }) => length <= maxMessagesPerTopic);
    if (!fits) return false;
    this.#quota.maxBytes = maxBytes;
    this.topics.maxMessagesPerTopic = maxMessagesPerTopic;
    return true;
  }

  /** Deletes all messages and keys. Subscriptions stay. */
  clear(): void {
    checkNoMore("clear()", arguments, 0);
    this.topics.clear();
    this.databases.clear();
  }

  /** Size and counters of the store. */
  stats(): StoreStats {
    checkNoMore("stats()", arguments, 0);
    this.sweep();
    return {
      topics: this.topics.size,
      messages: this.topics.length,
      keys: this.databases.size,
      bytes: this.#quota.used,
      subscriptions: this.subscriptions.topicCount,
      patternSubscriptions: this.subscriptions.patternCount,
      ...this.#counters,
    };
  }
}
