/**
 * The messaging backend in this process's memory.
 *
 * @module
 */

import { checkId } from "../../lib/gemstone.ts";
import { Message } from "../../lib/message.ts";
import type {
  MessagingBackendOptions,
  RedisLikeBackend,
  StoreMessageOptions,
} from "../messaging/backend.ts";
import { BaseMessagingBackend, checkIds, refusing } from "../messaging/base.ts";
import { Store } from "../store/store.ts";
import type { StoredMessage } from "../store/stored_message.ts";
import { Subscriber } from "../store/subscriber.ts";
import { valueFrom, valueToData } from "../store/value.ts";

/** Options of an in-memory backend. */
export interface InMemoryMessagingBackendOptions extends MessagingBackendOptions {
  /** The store, to share it with other backends and with servers; one of its own when left out. */
  store?: Store;
}

/**
 * Stores messages in this process's memory. Handlers are called soon after `storeMessage`, never within
 * it, with a copy of the message: what is changed in a message afterwards changes no other.
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, InMemoryMessagingBackend, Message } from "@ringbus/ringbus";
 *
 * await using backend = new InMemoryMessagingBackend();
 * const generator = new GemstoneGenerator(1);
 *
 * await backend.subscribe("alerts", (message) => console.log("alert:", message.payload.text));
 * await backend.storeMessage(
 *   "demo",
 *   "alerts",
 *   new Message({
 *     idObj: generator.getId(),
 *     sender: { id: "system", name: "System" },
 *     topics: "alerts",
 *     payload: { text: "high CPU usage" },
 *   }),
 * );
 * console.log((await backend.getMessagesForTopic("alerts")).length); // 1
 * ```
 */
export class InMemoryMessagingBackend extends BaseMessagingBackend implements RedisLikeBackend {
  readonly #store: Store;
  /** Unbounded: it is emptied before anything else can be stored but what handlers store. */
  readonly #subscriber = new Subscriber({
    maxQueueLength: Infinity,
    maxQueueBytes: Infinity,
    onReady: () => queueMicrotask(() => this.#drain()),
  });

  /** Takes a store, or makes one. */
  constructor(options: InMemoryMessagingBackendOptions = {}) {
    super(options);
    this.#store = options.store ?? new Store();
  }

  #drain(): void {
    for (const delivery of this.#subscriber.take()) {
      if (this.isClosed) return;
      this.dispatchDelivery(delivery);
    }
  }

  /** Calls the store, as a promise. */
  // deno-lint-ignore require-await
  async #ask<T>(call: (store: Store) => T): Promise<T> {
    this.checkOpen();
    return refusing(() => call(this.#store));
  }

  /** Stores a message in a topic and tells the topic's subscribers. */
  override storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    return this.#ask((store) => {
      store.storeMessage(namespace, topic, message.stringify(), options.ttlSeconds);
    });
  }

  /** All messages of a topic, sorted by id. */
  override getMessagesForTopic(topic: string): Promise<Message[]> {
    return this.#ask(({ topics }) => topics.all(topic).map(toMessage));
  }

  /** The messages of a topic that come after an id in time, sorted by id. */
  override getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    return this.#ask(({ topics }) => topics.since(topic, checkId(sinceId)).map(toMessage));
  }

  /** The first of `getMessagesForTopicSince`, or null. */
  override getNextMessageForTopicSince(topic: string, sinceId: bigint): Promise<Message | null> {
    return this.#ask(({ topics }) => {
      const next = topics.nextSince(topic, checkId(sinceId));
      return next === undefined ? null : toMessage(next);
    });
  }

  /** The messages of a namespace with these ids, in the order asked. */
  override getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    return this.#ask(({ topics }) => topics.byId(namespace, checkIds(ids)).map(toMessage));
  }

  /** Rejects once the backend is closed. */
  override testConnection(): Promise<void> {
    return this.#ask(() => {});
  }

  /** Begins the subscription to a topic. */
  protected override openTopic(topic: string): Promise<void> {
    return this.#ask(({ subscriptions }) => {
      subscriptions.subscribe(this.#subscriber, topic);
    });
  }

  /** Ends the subscription to a topic. */
  protected override closeTopic(topic: string): Promise<void> {
    return this.#ask(({ subscriptions }) => {
      subscriptions.unsubscribe(this.#subscriber, topic);
    });
  }

  /** Begins the subscription to a pattern. */
  protected override openPattern(pattern: string): Promise<void> {
    return this.#ask(({ subscriptions }) => {
      subscriptions.psubscribe(this.#subscriber, pattern);
    });
  }

  /** Ends the subscription to a pattern. */
  protected override closePattern(pattern: string): Promise<void> {
    return this.#ask(({ subscriptions }) => {
      subscriptions.punsubscribe(this.#subscriber, pattern);
    });
  }

  /** Ends all subscriptions. */
  // deno-lint-ignore require-await
  protected override async close(): Promise<void> {
    this.#store.subscriptions.remove(this.#subscriber);
  }

  /** Sets a key; `ex` is its time to live in seconds. */
  set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    return this.#ask(({ strings }) => strings.set(key, valueFrom(value), options.ex));
  }

  /** The value of a key, or null. */
  get(key: string): Promise<unknown> {
    return this.#ask(({ strings }) => dataOrNull(strings.get(key)));
  }

  /** Sets one field of a hash. */
  hset(key: string, field: string, value: unknown): Promise<void> {
    return this.#ask(({ hashes }) => {
      hashes.set(key, field, valueFrom(value));
    });
  }

  /** The value of one field of a hash, or null. */
  hget(key: string, field: string): Promise<unknown> {
    return this.#ask(({ hashes }) => dataOrNull(hashes.get(key, field)));
  }

  /** Adds members to a set; fulfilled with the number of those that were new. */
  sadd(key: string, ...members: unknown[]): Promise<number> {
    return this.#ask(({ sets }) => sets.add(key, members.map(valueFrom)));
  }

  /** The members of a set, each once. */
  smembers(key: string): Promise<unknown[]> {
    return this.#ask(({ sets }) => sets.members(key).map(valueToData));
  }

  /** Hands a text or other JSON value to those who subscribe to a channel now. */
  publish(channel: string, message: unknown): Promise<number> {
    return this.#ask(({ subscriptions }) => subscriptions.publish(channel, valueFrom(message)));
  }
}

function toMessage({ text }: StoredMessage): Message {
  return Message.parse(text);
}

function dataOrNull(value: Parameters<typeof valueToData>[0] | undefined): unknown {
  return value === undefined ? null : valueToData(value);
}
