/**
 * The queue as its callers see it, on any store: checks, records, subscriptions and what is logged.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import {
  checkFilters,
  checkLimit,
  checkText,
  toDelivery,
  toMessageToPut,
  toNewMessage,
  toRecord,
} from "./checks.ts";
import type { QueueClock } from "./clock.ts";
import { checkInteger, type ResolvedConfig } from "./config.ts";
import { QueueNotInitializedError } from "./errors.ts";
import { logger } from "./log.ts";
import type { AcknowledgeOutcome, QueueDelivery, QueueStore } from "./store.ts";
import { QueueSubscription } from "./subscription.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  DeliveryRecord,
  ListOptions,
  MessageFilters,
  MessageQueue,
  MessageRecord,
  PendingOptions,
  PublishOptions,
  SubscribeOptions,
  Subscription,
} from "./types.ts";

/** More would make one call hold up the server. */
const MAX_PREFETCH = 1000;

/** What all queues have in common. Make an `InMemoryMessageQueue` or a `RedisMessageQueue`. */
export class QueueBase implements MessageQueue {
  readonly #store: QueueStore;
  readonly #config: ResolvedConfig;
  readonly #clock: QueueClock;
  readonly #subscriptions = new Set<QueueSubscription<unknown>>();
  /** Subscriptions that are not in force yet. */
  readonly #starting = new Set<Promise<void>>();
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isOpen = false;

  /** Puts the queue in front of its store. */
  protected constructor(store: QueueStore, config: ResolvedConfig, clock: QueueClock) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
  }

  /** Opens the queue. A second call does nothing. */
  initialize(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(this.#notOpen("initialize"));
    return this.#opening ??= this.#open();
  }

  async #open(): Promise<void> {
    try {
      await this.#store.open();
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#isOpen = this.#closing === undefined;
  }

  /** Ends all subscriptions, lets calls under way finish, and frees all connections. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#isOpen = false;
    this.#store.stopRetrying();
    await this.#opening?.catch(() => {});
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.end()));
    await this.#store.close();
  }

  /** Closes the queue. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(action: string): void {
    if (!this.#isOpen) throw this.#notOpen(action);
  }

  #notOpen(action: string): QueueNotInitializedError {
    return new QueueNotInitializedError(
      this.#closing === undefined
        ? `cannot ${action}: the queue is not initialized; call initialize() and await it first`
        : `cannot ${action}: the queue is closed; make a new one`,
    );
  }

  /**
   * Stores a message and delivers it.
   *
   * @throws {QueueSerializationError} if the payload or the metadata is no JSON value
   * @throws {QueueError} if the message could not be stored
   */
  async publish<T>(options: PublishOptions<T>): Promise<MessageRecord<T>> {
    this.#checkOpen("publish");
    const message = toNewMessage(options, this.#config.ttlMs);
    if (message.target === null) await this.#waitForStarting();
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
   * The messages of a channel for an agent: first what is pending for it, then what comes.
   *
   * @throws {QueueNotInitializedError} if the queue is not open
   */
  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options: SubscribeOptions = {},
  ): Subscription<T> {
    this.#checkOpen("subscribe");
    checkText("channel", channel);
    checkText("agentId", agentId);
    const prefetch = checkInteger("prefetch", options.prefetch ?? 1, 1, MAX_PREFETCH);
    if (!["now", "oldest", undefined].includes(options.from)) {
      throw new TypeError(`from must be "now" or "oldest", not ${formatValue(options.from)}`);
    }
    const host = {
      clock: this.#clock,
      leaseMs: this.#config.leaseMs,
      pollMs: this.#store.pollMs,
      receivers: this.#store.receivers(channel, agentId),
      onEnd: () => void this.#subscriptions.delete(subscription),
    };
    const subscription = new QueueSubscription<T>(host, channel, agentId, prefetch, options);
    this.#subscriptions.add(subscription);
    this.#trackStart(subscription.ready);
    return subscription;
  }

  #trackStart(ready: Promise<void>): void {
    const started = ready.then(() => {}, () => {}).finally(() => this.#starting.delete(started));
    this.#starting.add(started);
  }

  /** Waits for subscriptions under way, unless they take as long as the server does not answer. */
  async #waitForStarting(): Promise<void> {
    if (this.#starting.size === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, this.#config.commandTimeoutMs);
    await Promise.race([Promise.all(this.#starting), late]);
    cancel();
  }

  /** Forgets that an agent ever subscribed to a channel, and the broadcasts that wait for it. */
  async unsubscribe(channel: string, agentId: string): Promise<boolean> {
    this.#checkOpen("unsubscribe");
    return await this.#store.unsubscribe(
      checkText("channel", channel),
      checkText("agentId", agentId),
    );
  }

  /**
   * Marks a message as done for its agent, which never gets it again.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async acknowledge(
    message: string | MessageRecord,
    options: AcknowledgeOptions = {},
  ): Promise<boolean> {
    this.#checkOpen("acknowledge");
    const { id, agentId } = acknowledgeTarget(message, options);
    const isDone = settle(await this.#store.acknowledge(id, agentId), "acknowledge", id);
    if (isDone) logger.debug("message_acknowledged", { messageId: id, agentId });
    return isDone;
  }

  /** What an agent has not acknowledged, in the order of delivery. */
  async getPending<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeliveryRecord<T>[]> {
    this.#checkOpen("read pending messages");
    const found = await this.#store.pending(...query(agentId, options));
    logger.debug("pending_messages_retrieved", { agentId, count: found.length });
    return found.map((stored) => toDelivery<T>(stored, agentId));
  }

  /** Messages that an agent was given `maxAttempts` times in vain, the first to die first. */
  async getDeadLetters<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeliveryRecord<T>[]> {
    this.#checkOpen("read dead letters");
    const found: QueueDelivery[] = await this.#store.deadLetters(...query(agentId, options));
    return found.map((stored) => toDelivery<T>(stored, agentId));
  }

  /**
   * Makes a dead letter pending again, its attempts counted anew.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async requeue(
    message: string | MessageRecord,
    options: AcknowledgeOptions = {},
  ): Promise<boolean> {
    this.#checkOpen("requeue");
    const { id, agentId } = acknowledgeTarget(message, options);
    return settle(await this.#store.requeue(id, agentId), "requeue", id);
  }

  /** Stores a record under its own id, in place of what is there, and delivers it. */
  async put(record: MessageRecord): Promise<void> {
    this.#checkOpen("put");
    const message = toMessageToPut(record);
    if (message.target === null) await this.#waitForStarting();
    await this.#store.put(message);
  }

  /** Puts many records; each is stored whole or not at all. */
  async putMany(records: Iterable<MessageRecord>): Promise<void> {
    this.#checkOpen("put");
    const messages = [...records].map(toMessageToPut);
    await Promise.all(messages.map((message) => this.#store.put(message)));
  }

  /** The message of an id, or undefined. */
  async get<T = unknown>(
    id: string,
    options: AgentView = {},
  ): Promise<MessageRecord<T> | undefined> {
    this.#checkOpen("get");
    const stored = await this.#store.get(checkText("id", id), viewer(options));
    return stored && toRecord<T>(stored);
  }

  /** The messages of some ids, in their order; undefined where there is none. */
  async getMany<T = unknown>(
    ids: Iterable<string>,
    options: AgentView = {},
  ): Promise<(MessageRecord<T> | undefined)[]> {
    return await Promise.all([...ids].map((id) => this.get<T>(id, options)));
  }

  /** Whether there is a message of this id. */
  async exists(id: string): Promise<boolean> {
    return await this.get(id) !== undefined;
  }

  /** Deletes a message. False if there was none. */
  async delete(id: string): Promise<boolean> {
    this.#checkOpen("delete");
    return await this.#store.delete(checkText("id", id));
  }

  /** Deletes messages; answers how many there were. */
  async deleteMany(ids: Iterable<string>): Promise<number> {
    const outcomes = await Promise.all([...new Set(ids)].map((id) => this.delete(id)));
    return outcomes.filter(Boolean).length;
  }

  /** Messages, the last stored first. */
  async list<T = unknown>(options: ListOptions = {}): Promise<MessageRecord<T>[]> {
    this.#checkOpen("list");
    const offset = checkInteger("offset", options.offset ?? 0, 0);
    const limit = checkLimit(options.limit);
    const filters = checkFilters(options.filters);
    const found = await this.#store.list(filters, limit, offset, viewer(options));
    return found.map((stored) => toRecord<T>(stored));
  }

  /** How many messages there are, expired ones not included. */
  async count(filters: MessageFilters = {}): Promise<number> {
    this.#checkOpen("count");
    return await this.#store.count(checkFilters(filters));
  }

  /** Deletes all messages of the namespace; answers how many there were. */
  async clear(): Promise<number> {
    this.#checkOpen("clear");
    const count = await this.#store.clear();
    logger.info("messages_cleared", { count });
    return count;
  }
}

/** The message and the agent that a call is about. */
function acknowledgeTarget(
  message: string | MessageRecord,
  options: AcknowledgeOptions,
): { id: string; agentId: string | undefined } {
  const id = checkText("id", typeof message === "string" ? message : message?.id);
  const ofRecord = typeof message === "string" ? undefined : (message as DeliveryRecord).agentId;
  const agentId = options.agentId ?? ofRecord;
  return { id, agentId: agentId === undefined ? undefined : checkText("agentId", agentId) };
}

function settle(outcome: AcknowledgeOutcome, action: string, id: string): boolean {
  if (outcome !== "needs agent") return outcome === "acknowledged";
  throw new TypeError(
    `cannot ${action} message ${
      formatValue(id)
    } by its id alone: it is a broadcast, and each agent ` +
      `acknowledges for itself; pass { agentId }, or the record that the subscription gave`,
  );
}

function query(
  agentId: string,
  { channel, limit }: PendingOptions,
): [agent: string, channel: string | undefined, limit: number] {
  checkText("agentId", agentId);
  if (channel !== undefined) checkText("channel", channel);
  return [agentId, channel, checkLimit(limit)];
}

function viewer({ agentId }: AgentView): string | undefined {
  return agentId === undefined ? undefined : checkText("agentId", agentId);
}
