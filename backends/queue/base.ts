/**
 * The public methods of a queue on any store.
 *
 * @module
 */

import { endingTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { callback } from "../../lib/base/option_checks.ts";
import { checkName } from "./checks.ts";
import type { QueueClock } from "./clock.ts";
import type { ResolvedConfig } from "./config.ts";
import { EventStream } from "./event_stream.ts";
import { HeldLeases } from "./held_leases.ts";
import { QueueLifecycle } from "./lifecycle.ts";
import { logger } from "./log.ts";
import { QueueObserver } from "./observer.ts";
import {
  COUNT_FILTERS,
  DEAD_LETTER_OPTIONS,
  DELAYED_OPTIONS,
  EVENT_OPTIONS,
  GET_MANY_OPTIONS,
  GET_OPTIONS,
  INITIALIZE_OPTIONS,
  LIST_OPTIONS,
  PENDING_OPTIONS,
  PUBLISH_OPTIONS,
  PURGE_OPTIONS,
  SUBSCRIBE_OPTIONS,
} from "./options.ts";
import { toDeadLetter, toDelivery, toMessageToPut, toNewMessage, toRecord } from "./records.ts";
import { RoomWait } from "./room_wait.ts";
import { Settlement } from "./settlement.ts";
import type { DeliveryTarget, QueueDelivery, QueueStore } from "./store.ts";
import { QueueSubscription, type SubscriptionHost } from "./subscription.ts";
import { SubscriptionSet } from "./subscription_set.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  DeadLetter,
  DeliveryRecord,
  EventOptions,
  ExtendOptions,
  InitializeOptions,
  JobHandler,
  ListOptions,
  MessageFilters,
  MessageQueue,
  MessageRecord,
  PendingOptions,
  PublishAndWaitOptions,
  PublishedRecord,
  PublishOptions,
  PurgeOptions,
  QueueEvents,
  QueueStats,
  QueueWorker,
  RejectOptions,
  ReleaseOptions,
  ScheduleRecord,
  ScheduleRule,
  SubscribeOptions,
  Subscription,
  TargetOptions,
  WorkerOptions,
} from "./types.ts";
import { checkWait, ResultWaits } from "./result_wait.ts";
import { putSchedule, toScheduleRecord } from "./schedule/schedules.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { WORKER_OPTIONS } from "./worker/options.ts";
import { ChannelWorker } from "./worker/worker.ts";
import { WorkerSet } from "./worker/worker_set.ts";

/** Seconds for which the result is kept that `publishAndWait` waits for, by default. */
const RESULT_SECONDS = 300;
/** Most messages of one reply, by default. */
const DEFAULT_LIMIT = 100;

/** Base of all queues. Use `InMemoryMessageQueue`, `ShmMessageQueue` or `RedisMessageQueue`. */
export class QueueBase implements MessageQueue {
  readonly #store: QueueStore;
  readonly #config: ResolvedConfig;
  readonly #clock: QueueClock;
  readonly #observer: QueueObserver;
  readonly #subscriptions: SubscriptionSet;
  readonly #workers = new WorkerSet();
  readonly #results: ResultWaits;
  readonly #scheduler: Scheduler;
  readonly #lifecycle: QueueLifecycle;
  readonly #held = new HeldLeases();
  readonly #settlement: Settlement;
  readonly #room: RoomWait;
  readonly #streams = new Set<EventStream>();

  static {
    takeTurnsIn(this.prototype);
  }

  /** Makes a queue on a store. */
  protected constructor(store: QueueStore, config: ResolvedConfig, clock: QueueClock) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
    this.#room = new RoomWait(clock, config);
    this.#observer = new QueueObserver(config.instrumentation);
    this.#subscriptions = new SubscriptionSet(clock, config.commandTimeoutMs);
    this.#results = new ResultWaits(store, clock);
    this.#scheduler = new Scheduler({ store, clock, ttlMs: config.ttlMs });
    this.#lifecycle = new QueueLifecycle({
      open: async (options) => {
        await store.open(options);
        this.#scheduler.start();
      },
      drain: () => this.#drain(),
      close: async (opening) => {
        this.#room.wake();
        for (const stream of [...this.#streams]) stream.end();
        // The loops end before the calls that they wait for fail.
        const ending = Promise.all([
          this.#subscriptions.endAll(),
          this.#workers.allCleared(),
          this.#scheduler.stop(),
        ]);
        this.#results.closeAll(this.#lifecycle.closedError("wait for a result"));
        store.stopRetrying();
        await opening;
        await ending;
        await store.close();
      },
    });
    this.#settlement = new Settlement({
      store,
      observer: this.#observer,
      held: this.#held,
      check: (action) => this.#lifecycle.check(action),
      onSettled: () => this.#room.wake(),
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

  /** Handlers that run may still use the queue, and store what they have done. */
  #drain(): Promise<void> | undefined {
    if (this.#workers.size === 0) return undefined;
    const ending = this.#subscriptions.endAll();
    return Promise.all([this.#workers.closeAll(), ending]).then(() => {});
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
  async publish<T>(options: PublishOptions<T>): Promise<PublishedRecord<T>> {
    checkNoMore("publish()", arguments, 1);
    return await this.#observer.publish(options, (carrying) => this.#publish(carrying));
  }

  async #publish<T>(options: PublishOptions<T>): Promise<PublishedRecord<T>> {
    this.#lifecycle.check("publish");
    const message = toNewMessage(options, this.#config.ttlMs);
    if (message.target === null) await this.#subscriptions.allStarted();
    const { record: stored, isNew } = await this.#room.publish(message.channel, () => {
      this.#lifecycle.check("publish");
      return this.#store.publish(message);
    });
    logger.debug("message_published", {
      messageId: stored.id,
      channel: stored.channel,
      sourceAgent: stored.source,
      targetAgent: stored.target,
      priority: stored.priority,
    });
    return { ...toRecord<T>(stored), isNew };
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
    this.#lifecycle.checkTaking("subscribe");
    SUBSCRIBE_OPTIONS.check(options);
    checkName("channel", channel);
    checkName("agentId", agentId);
    const host = {
      ...this.#consumerHost(channel, agentId),
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
    return await this.#makingRoom(
      this.#store.unsubscribe(checkName("channel", channel), checkName("agentId", agentId)),
    );
  }

  /** The result of a call after which there may be room for messages that wait to be published. */
  async #makingRoom<T>(call: Promise<T>): Promise<T> {
    const result = await call;
    this.#room.wake();
    return result;
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
    return await this.#settlement.acknowledge(message, options);
  }

  /**
   * Moves the end of a lease. False if the caller has lost the lease.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async extend(message: string | DeliveryRecord, options: ExtendOptions = {}): Promise<boolean> {
    checkNoMore("extend()", arguments, 2);
    return await this.#settlement.extend(message, options);
  }

  /** Gives a message back, to be delivered again. False if the caller has lost the lease. */
  async release(message: string | DeliveryRecord, options: ReleaseOptions = {}): Promise<boolean> {
    checkNoMore("release()", arguments, 2);
    return await this.#settlement.release(message, options);
  }

  /** Makes a message a dead letter at once. False if the caller has lost the lease. */
  async reject(
    message: string | DeliveryRecord,
    reason: string,
    options: RejectOptions = {},
  ): Promise<boolean> {
    checkNoMore("reject()", arguments, 3);
    return await this.#settlement.reject(message, reason, options);
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

  /** Messages that are not delivered to an agent any more, the oldest dead letter first. */
  async getDeadLetters<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeadLetter<T>[]> {
    checkNoMore("getDeadLetters()", arguments, 2);
    this.#lifecycle.check("read dead letters");
    DEAD_LETTER_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.deadLetters(checkName("agentId", agentId), channel, limit);
    return found.map((stored) => toDeadLetter<T>(stored, agentId));
  }

  /**
   * Makes a dead letter pending again, with no attempts.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async requeue(
    message: string | MessageRecord,
    options: TargetOptions = {},
  ): Promise<boolean> {
    checkNoMore("requeue()", arguments, 2);
    return await this.#settlement.requeue(message, options);
  }

  /** Messages that were published for later, the next one first. */
  async getDelayed<T = unknown>(options: PendingOptions = {}): Promise<MessageRecord<T>[]> {
    checkNoMore("getDelayed()", arguments, 1);
    this.#lifecycle.check("read delayed messages");
    DELAYED_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.delayed(channel, limit);
    return found.map((stored) => toRecord<T>(stored));
  }

  /** From now on nobody receives messages of a channel, until `resume`. */
  async pause(channel: string): Promise<void> {
    checkNoMore("pause()", arguments, 1);
    this.#lifecycle.check("pause");
    await this.#store.setPaused(checkName("channel", channel), true);
  }

  /** Ends a pause. */
  async resume(channel: string): Promise<void> {
    checkNoMore("resume()", arguments, 1);
    this.#lifecycle.check("resume");
    await this.#store.setPaused(checkName("channel", channel), false);
  }

  /** The channels that have messages, subscribers or counts, in the order of their names. */
  async channels(): Promise<string[]> {
    checkNoMore("channels()", arguments, 0);
    this.#lifecycle.check("read channels");
    return await this.#store.channels();
  }

  /** Numbers of a channel. */
  async stats(channel: string): Promise<QueueStats> {
    checkNoMore("stats()", arguments, 1);
    this.#lifecycle.check("read stats");
    const { oldestMs, ...stats } = await this.#store.stats(checkName("channel", channel));
    return { channel, ...stats, oldestSeconds: oldestMs === null ? null : oldestMs / 1000 };
  }

  /** Removes messages of a channel that nobody holds. Resolves with their number. */
  async purge(channel: string, options: PurgeOptions = {}): Promise<number> {
    checkNoMore("purge()", arguments, 2);
    this.#lifecycle.check("purge");
    PURGE_OPTIONS.check(options);
    const { states = ["waiting", "delayed"] } = options;
    return await this.#makingRoom(this.#store.purge(checkName("channel", channel), states));
  }

  /** What happens to messages from now on, in all processes. Events of a lost connection are lost. */
  events(options: EventOptions = {}): QueueEvents {
    checkNoMore("events()", arguments, 1);
    this.#lifecycle.check("read events");
    EVENT_OPTIONS.check(options);
    const stream: EventStream = new EventStream({
      listen: (onEvent) => this.#store.listenToEvents(onEvent),
      onEnd: () => this.#streams.delete(stream),
    }, options);
    this.#streams.add(stream);
    return stream;
  }

  /**
   * Publishes a message, and resolves with the result of the worker that handles it.
   *
   * @throws {QueueJobError} if the message became a dead letter, expired, or was removed
   * @throws {QueueTimeoutError} if there was no result in time
   */
  async publishAndWait<R = unknown, T = unknown>(
    options: PublishOptions<T>,
    wait: PublishAndWaitOptions,
  ): Promise<R> {
    checkNoMore("publishAndWait()", arguments, 2);
    this.#lifecycle.check("publish");
    PUBLISH_OPTIONS.require(options);
    const { signal } = checkWait(wait);
    signal?.throwIfAborted();
    return await this.#results.listenDuring(async () => {
      const { resultSeconds = RESULT_SECONDS } = options;
      const { id } = await this.publish({ ...options, resultSeconds });
      return await this.#results.wait(id, wait) as R;
    });
  }

  /**
   * Calls a handler with the messages of a channel for an agent, and acknowledges what it has done.
   *
   * @throws {QueueNotInitializedError} if the queue is not open
   */
  worker<T = unknown, R = unknown>(
    channel: string,
    agentId: string,
    handler: JobHandler<T, R>,
    options: WorkerOptions = {},
  ): QueueWorker {
    checkNoMore("worker()", arguments, 4);
    this.#lifecycle.checkTaking("start a worker");
    WORKER_OPTIONS.check(options);
    checkName("channel", channel);
    checkName("agentId", agentId);
    callback("handler", handler);
    const host = {
      ...this.#consumerHost(channel, agentId),
      store: this.#store,
      onSettled: (target: DeliveryTarget) => this.#held.remove(target),
      onEnd: () => this.#workers.remove(worker),
    };
    const worker = new ChannelWorker(host, channel, agentId, handler as JobHandler, options);
    this.#workers.add(worker);
    this.#subscriptions.addStarting(worker.ready);
    return worker;
  }

  #consumerHost(channel: string, agentId: string): Omit<SubscriptionHost, "onEnd"> {
    return {
      clock: this.#clock,
      leaseMs: this.#config.leaseMs,
      pollMs: this.#store.pollMs,
      receivers: this.#store.receivers(channel, agentId),
      observer: this.#observer,
      onDelivery: (delivery: QueueDelivery) => this.#held.add(delivery, agentId),
    };
  }

  /**
   * Publishes a message again and again. A schedule with the same key is replaced; one with the same rule goes
   * on where it is.
   *
   * @throws {RangeError} if the rule has no time from now on
   */
  async schedule(
    key: string,
    rule: ScheduleRule,
    message: PublishOptions,
  ): Promise<ScheduleRecord> {
    checkNoMore("schedule()", arguments, 3);
    this.#lifecycle.check("schedule");
    const record = await putSchedule(this.#store, checkName("key", key), rule, message);
    this.#scheduler.wake();
    return record;
  }

  /** All schedules, by key. */
  async schedules(): Promise<ScheduleRecord[]> {
    checkNoMore("schedules()", arguments, 0);
    this.#lifecycle.check("read schedules");
    const { schedules } = await this.#store.schedules();
    return schedules.map(toScheduleRecord).sort((a, b) => a.key < b.key ? -1 : 1);
  }

  /** Removes a schedule. False if there was none. */
  async unschedule(key: string): Promise<boolean> {
    checkNoMore("unschedule()", arguments, 1);
    this.#lifecycle.check("unschedule");
    return await this.#store.removeSchedule(checkName("key", key));
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
    return await this.#makingRoom(this.#store.delete(checkName("id", id)));
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
    const count = await this.#makingRoom(this.#store.clear());
    logger.info("messages_cleared", { count });
    return count;
  }
}
