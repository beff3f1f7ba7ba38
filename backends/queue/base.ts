/**
 * The public methods of a queue on any store.
 *
 * @module
 */

import { endingTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { acknowledgeArguments, checkName, checkOutcome } from "./checks.ts";
import type { QueueClock } from "./clock.ts";
import type { ResolvedConfig } from "./config.ts";
import { QueueLifecycle } from "./lifecycle.ts";
import { logger } from "./log.ts";
import { QueueObserver } from "./observer.ts";
import {
  ACKNOWLEDGE_OPTIONS,
  COUNT_FILTERS,
  DEAD_LETTER_OPTIONS,
  GET_MANY_OPTIONS,
  GET_OPTIONS,
  INITIALIZE_OPTIONS,
  LIST_OPTIONS,
  PENDING_OPTIONS,
  REQUEUE_OPTIONS,
  SUBSCRIBE_OPTIONS,
} from "./options.ts";
import { toDelivery, toMessageToPut, toNewMessage, toRecord } from "./records.ts";
import type { QueueStore } from "./store.ts";
import { QueueSubscription } from "./subscription.ts";
import { SubscriptionSet } from "./subscription_set.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  DeliveryRecord,
  InitializeOptions,
  ListOptions,
  MessageFilters,
  MessageQueue,
  MessageRecord,
  PendingOptions,
  PublishOptions,
  SubscribeOptions,
  Subscription,
} from "./types.ts";

/** Most messages of one reply, by default. */
const DEFAULT_LIMIT = 100;

/** Base of all queues. Use `InMemoryMessageQueue` or `RedisMessageQueue`. */
export class QueueBase implements MessageQueue {
  readonly #store: QueueStore;
  readonly #config: ResolvedConfig;
  readonly #clock: QueueClock;
  readonly #observer: QueueObserver;
  readonly #subscriptions: SubscriptionSet;
  readonly #lifecycle: QueueLifecycle;

  static {
    takeTurnsIn(this.prototype);
  }

  /** Makes a queue on a store. */
  protected constructor(store: QueueStore, config: ResolvedConfig, clock: QueueClock) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
    this.#observer = new QueueObserver(config.instrumentation);
    this.#subscriptions = new SubscriptionSet(clock, config.commandTimeoutMs);
    this.#lifecycle = new QueueLifecycle({
      open: (options) => store.open(options),
      close: async (opening) => {
        // The loops end before the calls that they wait for fail.
        const ending = this.#subscriptions.endAll();
        store.stopRetrying();
        await opening;
        await ending;
        await store.close();
      },
    });
  }

  /**
   * Opens the queue. A second call does nothing. After a failure it may be called again.
   *
   * @throws {QueueError} if the server cannot be reached, or rejects the client
   */
  async initialize(options?: InitializeOptions): Promise<void> {
    checkNoMore("initialize()", arguments, 1);
    INITIALIZE_OPTIONS.check(options);
    await this.#lifecycle.open(options);
  }

  /** Ends all subscriptions, lets pending calls finish, and closes all connections. */
  close(): Promise<void> {
    return endingTurn(this.#lifecycle.close());
  }

  /** Closes the queue. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Stores a message and delivers it.
   *
   * @throws {QueueSerializationError} if the payload or the metadata is not a JSON value
   * @throws {QueueError} if the message could not be stored
   */
  async publish<T>(options: PublishOptions<T>): Promise<MessageRecord<T>> {
    checkNoMore("publish()", arguments, 1);
    return await this.#observer.publish(options, (carrying) => this.#publish(carrying));
  }

  async #publish<T>(options: PublishOptions<T>): Promise<MessageRecord<T>> {
    this.#lifecycle.check("publish");
    const message = toNewMessage(options, this.#config.ttlMs);
    if (message.target === null) await this.#subscriptions.allStarted();
    const stored = await this.#store.publish(message);
    logger.debug("message_published", {
      messageId: stored.id,
      channel: stored.channel,
      sourceAgent: stored.source,
      targetAgent: stored.target,
      priority: stored.priority,
    });
    return toRecord<T>(stored);
  }

  /**
   * Subscribes an agent to a channel: first to the pending messages, then to new ones.
   *
   * @throws {QueueNotInitializedError} if the queue is not open
   */
  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options: SubscribeOptions = {},
  ): Subscription<T> {
    checkNoMore("subscribe()", arguments, 3);
    this.#lifecycle.check("subscribe");
    SUBSCRIBE_OPTIONS.check(options);
    checkName("channel", channel);
    checkName("agentId", agentId);
    const host = {
      clock: this.#clock,
      leaseMs: this.#config.leaseMs,
      pollMs: this.#store.pollMs,
      receivers: this.#store.receivers(channel, agentId),
      observer: this.#observer,
      onEnd: () => this.#subscriptions.remove(subscription),
    };
    const subscription = new QueueSubscription<T>(host, channel, agentId, options);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Removes the subscription of an agent to a channel, and the broadcasts that are pending for it. */
  async unsubscribe(channel: string, agentId: string): Promise<boolean> {
    checkNoMore("unsubscribe()", arguments, 2);
    this.#lifecycle.check("unsubscribe");
    return await this.#store.unsubscribe(
      checkName("channel", channel),
      checkName("agentId", agentId),
    );
  }

  /**
   * Acknowledges a message: the agent does not receive it again.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async acknowledge(
    message: string | MessageRecord,
    options: AcknowledgeOptions = {},
  ): Promise<boolean> {
    checkNoMore("acknowledge()", arguments, 2);
    const call = () => this.#acknowledge(message, options);
    return await this.#observer.settle("acknowledge", message, call);
  }

  async #acknowledge(
    message: string | MessageRecord,
    options: AcknowledgeOptions,
  ): Promise<boolean> {
    this.#lifecycle.check("acknowledge");
    ACKNOWLEDGE_OPTIONS.check(options);
    const { id, agentId } = acknowledgeArguments(message, options);
    const isDone = checkOutcome(await this.#store.acknowledge(id, agentId), "acknowledge", id);
    if (isDone) logger.debug("message_acknowledged", { messageId: id, agentId });
    return isDone;
  }

  /** Messages that an agent has not acknowledged, in the order of delivery. */
  async getPending<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeliveryRecord<T>[]> {
    checkNoMore("getPending()", arguments, 2);
    this.#lifecycle.check("read pending messages");
    PENDING_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.pending(checkName("agentId", agentId), channel, limit);
    logger.debug("pending_messages_retrieved", { agentId, count: found.length });
    return found.map((stored) => toDelivery<T>(stored, agentId));
  }

  /** Messages that an agent received `maxAttempts` times without acknowledgement, the oldest first. */
  async getDeadLetters<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeliveryRecord<T>[]> {
    checkNoMore("getDeadLetters()", arguments, 2);
    this.#lifecycle.check("read dead letters");
    DEAD_LETTER_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.deadLetters(checkName("agentId", agentId), channel, limit);
    return found.map((stored) => toDelivery<T>(stored, agentId));
  }

  /**
   * Makes a dead letter pending again, with no attempts.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async requeue(
    message: string | MessageRecord,
    options: AcknowledgeOptions = {},
  ): Promise<boolean> {
    checkNoMore("requeue()", arguments, 2);
    return await this.#observer.settle(
      "requeue",
      message,
      () => this.#requeue(message, options),
    );
  }

  async #requeue(
    message: string | MessageRecord,
    options: AcknowledgeOptions,
  ): Promise<boolean> {
    this.#lifecycle.check("requeue");
    REQUEUE_OPTIONS.check(options);
    const { id, agentId } = acknowledgeArguments(message, options);
    return checkOutcome(await this.#store.requeue(id, agentId), "requeue", id);
  }

  /** Stores a record under its own id, replaces a message with that id, and delivers it. */
  async put(record: MessageRecord): Promise<void> {
    checkNoMore("put()", arguments, 1);
    await this.#observer.put(record, (carrying) => this.#put(carrying));
  }

  async #put(record: MessageRecord): Promise<void> {
    this.#lifecycle.check("put");
    const message = toMessageToPut(record);
    if (message.target === null) await this.#subscriptions.allStarted();
    await this.#store.put(message);
  }

  /** Puts many records. Each is stored as a whole or not at all. */
  async putMany(records: Iterable<MessageRecord>): Promise<void> {
    checkNoMore("putMany()", arguments, 1);
    await this.#observer.putMany([...records], (carrying) => this.#putMany(carrying));
  }

  async #putMany(records: readonly MessageRecord[]): Promise<void> {
    this.#lifecycle.check("put");
    const messages = records.map(toMessageToPut);
    await Promise.all(messages.map((message) => this.#store.put(message)));
  }

  /** The message with an id, or undefined. */
  async get<T = unknown>(
    id: string,
    options: AgentView = {},
  ): Promise<MessageRecord<T> | undefined> {
    checkNoMore("get()", arguments, 2);
    this.#lifecycle.check("get");
    GET_OPTIONS.check(options);
    const stored = await this.#store.get(checkName("id", id), options.agentId);
    return stored && toRecord<T>(stored);
  }

  /** The messages with some ids, in their order. Undefined where there is none. */
  async getMany<T = unknown>(
    ids: Iterable<string>,
    options: AgentView = {},
  ): Promise<(MessageRecord<T> | undefined)[]> {
    checkNoMore("getMany()", arguments, 2);
    GET_MANY_OPTIONS.check(options);
    return await Promise.all([...ids].map((id) => this.get<T>(id, options)));
  }

  /** Whether there is a message with this id. */
  async exists(id: string): Promise<boolean> {
    checkNoMore("exists()", arguments, 1);
    return await this.get(id) !== undefined;
  }

  /** Deletes a message. False if there was none. */
  async delete(id: string): Promise<boolean> {
    checkNoMore("delete()", arguments, 1);
    this.#lifecycle.check("delete");
    return await this.#store.delete(checkName("id", id));
  }

  /** Deletes messages. Resolves with their number. */
  async deleteMany(ids: Iterable<string>): Promise<number> {
    checkNoMore("deleteMany()", arguments, 1);
    const outcomes = await Promise.all([...new Set(ids)].map((id) => this.delete(id)));
    return outcomes.filter(Boolean).length;
  }

  /** Messages that match the filters, the newest first. */
  async list<T = unknown>(options: ListOptions = {}): Promise<MessageRecord<T>[]> {
    checkNoMore("list()", arguments, 1);
    this.#lifecycle.check("list");
    LIST_OPTIONS.check(options);
    const { filters = {}, limit = DEFAULT_LIMIT, offset = 0, agentId } = options;
    const found = await this.#store.list(filters, limit, offset, agentId);
    return found.map((stored) => toRecord<T>(stored));
  }

  /** Number of messages that match the filters. Expired messages do not count. */
  async count(filters: MessageFilters = {}): Promise<number> {
    checkNoMore("count()", arguments, 1);
    this.#lifecycle.check("count");
    COUNT_FILTERS.check(filters);
    return await this.#store.count(filters);
  }

  /** Deletes all messages of the namespace. Resolves with their number. */
  async clear(): Promise<number> {
    checkNoMore("clear()", arguments, 0);
    this.#lifecycle.check("clear");
    const count = await this.#store.clear();
    logger.info("messages_cleared", { count });
    return count;
  }
}
