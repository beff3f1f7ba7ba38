/**
 * What the methods of a queue do, on any store. A program loads it when it opens its first queue.
 *
 * @module
 */

import { callback } from "../../lib/base/option_checks.ts";
import { checkName } from "./checks.ts";
import type { QueueClock } from "./clock.ts";
import type { ResolvedConfig } from "./config.ts";
import { EventStream } from "./event_stream.ts";
import { HeldLeases } from "./held_leases.ts";
import type { QueueLifecycle } from "./lifecycle.ts";
import { logger } from "./log.ts";
import { QueueObserver } from "./observer.ts";
import {
  COUNT_FILTERS,
  DEAD_LETTER_OPTIONS,
  DELAYED_OPTIONS,
  EVENT_OPTIONS,
  GET_MANY_OPTIONS,
  GET_OPTIONS,
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

/** What calls of one queue need. */
export interface CallsHost {
  readonly store: QueueStore;
  readonly config: ResolvedConfig;
  readonly clock: QueueClock;
  readonly lifecycle: QueueLifecycle;
}

/** The methods of `QueueBase` without the checks that need nothing of this. */
export class QueueCalls {
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

  constructor({ store, config, clock, lifecycle }: CallsHost) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
    this.#lifecycle = lifecycle;
    this.#room = new RoomWait(clock, config);
    this.#observer = new QueueObserver(config.instrumentation);
    this.#subscriptions = new SubscriptionSet(clock, config.commandTimeoutMs);
    this.#results = new ResultWaits(store, clock);
    this.#scheduler = new Scheduler({ store, clock, ttlMs: config.ttlMs });
    this.#settlement = new Settlement({
      store,
      observer: this.#observer,
      held: this.#held,
      check: (action) => lifecycle.check(action),
      onSettled: () => this.#room.wake(),
    });
  }

  /** Opens the queue. */
  async open(options: InitializeOptions | undefined): Promise<void> {
    await this.#store.open(options);
    this.#scheduler.start();
  }

  /** Handlers that run may still use the queue, and store what they have done. */
  drain(): Promise<void> | undefined {
    if (this.#workers.size === 0) return undefined;
    const ending = this.#subscriptions.endAll();
    return Promise.all([this.#workers.closeAll(), ending]).then(() => {});
  }

  /** Closes the queue. `opening` settles when an `open` that was called before has ended. */
  async close(opening: Promise<void>): Promise<void> {
    this.#room.wake();
    for (const stream of [...this.#streams]) stream.end();
    // The loops end before the calls that they wait for fail.
    const ending = Promise.all([
      this.#subscriptions.endAll(),
      this.#workers.allCleared(),
      this.#scheduler.stop(),
    ]);
    this.#results.closeAll(this.#lifecycle.closedError("wait for a result"));
    this.#store.stopRetrying();
    await opening;
    await ending;
    await this.#store.close();
  }

  async publish<T>(options: PublishOptions<T>): Promise<PublishedRecord<T>> {
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

  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options: SubscribeOptions = {},
  ): Subscription<T> {
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

  async unsubscribe(channel: string, agentId: string): Promise<boolean> {
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

  async acknowledge(
    message: string | MessageRecord,
    options: AcknowledgeOptions = {},
  ): Promise<boolean> {
    return await this.#settlement.acknowledge(message, options);
  }

  async extend(message: string | DeliveryRecord, options: ExtendOptions = {}): Promise<boolean> {
    return await this.#settlement.extend(message, options);
  }

  async release(message: string | DeliveryRecord, options: ReleaseOptions = {}): Promise<boolean> {
    return await this.#settlement.release(message, options);
  }

  async reject(
    message: string | DeliveryRecord,
    reason: string,
    options: RejectOptions = {},
  ): Promise<boolean> {
    return await this.#settlement.reject(message, reason, options);
  }

  async getPending<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeliveryRecord<T>[]> {
    this.#lifecycle.check("read pending messages");
    PENDING_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.pending(checkName("agentId", agentId), channel, limit);
    logger.debug("pending_messages_retrieved", { agentId, count: found.length });
    return found.map((stored) => toDelivery<T>(stored, agentId));
  }

  async getDeadLetters<T = unknown>(
    agentId: string,
    options: PendingOptions = {},
  ): Promise<DeadLetter<T>[]> {
    this.#lifecycle.check("read dead letters");
    DEAD_LETTER_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.deadLetters(checkName("agentId", agentId), channel, limit);
    return found.map((stored) => toDeadLetter<T>(stored, agentId));
  }

  async requeue(
    message: string | MessageRecord,
    options: TargetOptions = {},
  ): Promise<boolean> {
    return await this.#settlement.requeue(message, options);
  }

  async getDelayed<T = unknown>(options: PendingOptions = {}): Promise<MessageRecord<T>[]> {
    this.#lifecycle.check("read delayed messages");
    DELAYED_OPTIONS.check(options);
    const { channel, limit = DEFAULT_LIMIT } = options;
    const found = await this.#store.delayed(channel, limit);
    return found.map((stored) => toRecord<T>(stored));
  }

  async pause(channel: string): Promise<void> {
    this.#lifecycle.check("pause");
    await this.#store.setPaused(checkName("channel", channel), true);
  }

  async resume(channel: string): Promise<void> {
    this.#lifecycle.check("resume");
    await this.#store.setPaused(checkName("channel", channel), false);
  }

  async channels(): Promise<string[]> {
    this.#lifecycle.check("read channels");
    return await this.#store.channels();
  }

  async stats(channel: string): Promise<QueueStats> {
    this.#lifecycle.check("read stats");
    const { oldestMs, ...stats } = await this.#store.stats(checkName("channel", channel));
    return { channel, ...stats, oldestSeconds: oldestMs === null ? null : oldestMs / 1000 };
  }

  async purge(channel: string, options: PurgeOptions = {}): Promise<number> {
    this.#lifecycle.check("purge");
    PURGE_OPTIONS.check(options);
    const { states = ["waiting", "delayed"] } = options;
    return await this.#makingRoom(this.#store.purge(checkName("channel", channel), states));
  }

  events(options: EventOptions = {}): QueueEvents {
    EVENT_OPTIONS.check(options);
    const stream: EventStream = new EventStream({
      listen: (onEvent) => this.#store.listenToEvents(onEvent),
      onEnd: () => this.#streams.delete(stream),
    }, options);
    this.#streams.add(stream);
    return stream;
  }

  async publishAndWait<R = unknown, T = unknown>(
    options: PublishOptions<T>,
    wait: PublishAndWaitOptions,
  ): Promise<R> {
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

  worker<T = unknown, R = unknown>(
    channel: string,
    agentId: string,
    handler: JobHandler<T, R>,
    options: WorkerOptions = {},
  ): QueueWorker {
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

  async schedule(
    key: string,
    rule: ScheduleRule,
    message: PublishOptions,
  ): Promise<ScheduleRecord> {
    this.#lifecycle.check("schedule");
    const record = await putSchedule(this.#store, checkName("key", key), rule, message);
    this.#scheduler.wake();
    return record;
  }

  async schedules(): Promise<ScheduleRecord[]> {
    this.#lifecycle.check("read schedules");
    const { schedules } = await this.#store.schedules();
    return schedules.map(toScheduleRecord).sort((a, b) => a.key < b.key ? -1 : 1);
  }

  async unschedule(key: string): Promise<boolean> {
    this.#lifecycle.check("unschedule");
    return await this.#store.removeSchedule(checkName("key", key));
  }

  async put(record: MessageRecord): Promise<void> {
    await this.#observer.put(record, (carrying) => this.#put(carrying));
  }

  async #put(record: MessageRecord): Promise<void> {
    this.#lifecycle.check("put");
    const message = toMessageToPut(record);
    if (message.target === null) await this.#subscriptions.allStarted();
    await this.#store.put(message);
  }

  async putMany(records: Iterable<MessageRecord>): Promise<void> {
    await this.#observer.putMany([...records], (carrying) => this.#putMany(carrying));
  }

  async #putMany(records: readonly MessageRecord[]): Promise<void> {
    this.#lifecycle.check("put");
    const messages = records.map(toMessageToPut);
    await Promise.all(messages.map((message) => this.#store.put(message)));
  }

  async get<T = unknown>(
    id: string,
    options: AgentView = {},
  ): Promise<MessageRecord<T> | undefined> {
    this.#lifecycle.check("get");
    GET_OPTIONS.check(options);
    const stored = await this.#store.get(checkName("id", id), options.agentId);
    return stored && toRecord<T>(stored);
  }

  async getMany<T = unknown>(
    ids: Iterable<string>,
    options: AgentView = {},
  ): Promise<(MessageRecord<T> | undefined)[]> {
    GET_MANY_OPTIONS.check(options);
    return await Promise.all([...ids].map((id) => this.get<T>(id, options)));
  }

  async exists(id: string): Promise<boolean> {
    return await this.get(id) !== undefined;
  }

  async delete(id: string): Promise<boolean> {
    this.#lifecycle.check("delete");
    return await this.#makingRoom(this.#store.delete(checkName("id", id)));
  }

  async deleteMany(ids: Iterable<string>): Promise<number> {
    const outcomes = await Promise.all([...new Set(ids)].map((id) => this.delete(id)));
    return outcomes.filter(Boolean).length;
  }

  async list<T = unknown>(options: ListOptions = {}): Promise<MessageRecord<T>[]> {
    this.#lifecycle.check("list");
    LIST_OPTIONS.check(options);
    const { filters = {}, limit = DEFAULT_LIMIT, offset = 0, agentId } = options;
    const found = await this.#store.list(filters, limit, offset, agentId);
    return found.map((stored) => toRecord<T>(stored));
  }

  async count(filters: MessageFilters = {}): Promise<number> {
    this.#lifecycle.check("count");
    COUNT_FILTERS.check(filters);
    return await this.#store.count(filters);
  }

  async clear(): Promise<number> {
    this.#lifecycle.check("clear");
    const count = await this.#makingRoom(this.#store.clear());
    logger.info("messages_cleared", { count });
    return count;
  }
}
