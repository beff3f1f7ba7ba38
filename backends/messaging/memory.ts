/**
 * The messaging backend in this process's memory.
 *
 * @module
 */

import { inTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { instanceOf, text } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import type { Message } from "../../lib/message/message.ts";
import type { MessagingBackendOptions, RedisLikeBackend, StoreMessageOptions } from "./backend.ts";
import { checkGivenName, mapStoreErrors } from "./base.ts";
import { BACKEND_CHECKS, SET_OPTIONS } from "./options.ts";
import { StoreMessagingBackend } from "./store_backend.ts";
import { Store } from "../store/store.ts";
import { valueFrom } from "../store/value.ts";

/** Options of an in-memory backend. */
export interface InMemoryMessagingBackendOptions extends MessagingBackendOptions {
  /** The store, to share it with other backends and with servers. Default: a new one. */
  store?: Store;
}

const OPTIONS = new OptionRules<InMemoryMessagingBackendOptions>("new InMemoryMessagingBackend()", {
  store: instanceOf(() => Store),
  ...BACKEND_CHECKS,
});

/**
 * Stores messages in the memory of this process. Handlers are called soon after `storeMessage`, never
 * during the call. Each gets a copy of the message, so that later changes of a message affect no other.
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
export class InMemoryMessagingBackend extends StoreMessagingBackend implements RedisLikeBackend {
  readonly #store: Store;

  static {
    takeTurnsIn(this.prototype);
  }

  /** Makes a backend on a store. */
  constructor(options: InMemoryMessagingBackendOptions = {}) {
    checkNoMore("new InMemoryMessagingBackend()", arguments, 1);
    OPTIONS.check(options);
    super(options);
    this.#store = options.store ?? new Store();
  }

  /**
   * Calls the store, as a promise.
   * @internal
   */
  protected override read<T>(call: (store: Store) => T): Promise<T> {
    return inTurn(() => {
      this.checkOpen();
      return mapStoreErrors(() => call(this.#store));
    });
  }

  /** Stores a message in a topic, and delivers it to the topic's subscribers. */
  override async storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options: StoreMessageOptions = {},
  ): Promise<void> {
    checkNoMore("storeMessage()", arguments, 4);
    const rejection = this.checkStore(namespace, topic, options);
    if (rejection !== undefined) return await rejection;
    return await this.observer.store(topic, message, (carrying) =>
      this.read((store) => {
        store.storeMessage(namespace, topic, this.textOf(carrying, options), options.ttlSeconds);
      }));
  }

  /** Starts the subscription to a topic. */
  protected override openTopic(topic: string): Promise<void> {
    return this.read(({ subscriptions }) => {
      subscriptions.subscribe(this.subscription, topic);
    });
  }

  /** Ends the subscription to a topic. */
  protected override closeTopic(topic: string): Promise<void> {
    return this.read(({ subscriptions }) => {
      subscriptions.unsubscribe(this.subscription, topic);
    });
  }

  /** Starts the subscription to a pattern. */
  protected override openPattern(pattern: string): Promise<void> {
    return this.read(({ subscriptions }) => {
      subscriptions.psubscribe(this.subscription, pattern);
    });
  }

  /** Ends the subscription to a pattern. */
  protected override closePattern(pattern: string): Promise<void> {
    return this.read(({ subscriptions }) => {
      subscriptions.punsubscribe(this.subscription, pattern);
    });
  }

  /** Ends all subscriptions. */
  // deno-lint-ignore require-await
  protected override async close(): Promise<void> {
    this.#store.subscriptions.remove(this.subscription);
  }

  /** Sets a key. `ex` is the time to live in seconds. */
  async set(key: string, value: unknown, options: { ex?: number } = {}): Promise<void> {
    checkNoMore("set()", arguments, 3);
    SET_OPTIONS.check(options);
    return await this.read(({ strings }) => strings.set(key, valueFrom(value), options.ex));
  }

  /** Sets one field of a hash. */
  async hset(key: string, field: string, value: unknown): Promise<void> {
    checkNoMore("hset()", arguments, 3);
    text("key", key);
    text("field", field);
    return await this.read(({ hashes }) => {
      hashes.set(key, field, valueFrom(value));
    });
  }

  /** Adds members to a set. Resolves with the number of new members. */
  sadd(key: string, ...members: unknown[]): Promise<number> {
    return this.read(({ sets }) => sets.add(key, members.map(valueFrom)));
  }

  /** Delivers a JSON value to the current subscribers of a channel. */
  async publish(channel: string, message: unknown): Promise<number> {
    checkNoMore("publish()", arguments, 2);
    checkGivenName("channel", channel);
    return await this.observer.publish(
      channel,
      (headers) =>
        this.read(({ subscriptions }) =>
          subscriptions.publish(channel, valueFrom(message), headers)
        ),
    );
  }
}
