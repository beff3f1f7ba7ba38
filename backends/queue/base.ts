/**
 * The public methods of a queue on any store.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { positiveMs } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { endingTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import type { QueueCalls } from "./calls.ts";
import type { QueueClock } from "./clock.ts";
import type { ResolvedConfig } from "./config.ts";
import { QueueLifecycle } from "./lifecycle.ts";
import { queuePart } from "./part.ts";
import type { QueueStore } from "./store.ts";
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

const loadCalls = queuePart(() => import("./calls.ts"));

const INITIALIZE_OPTIONS = new OptionRules<InitializeOptions>("initialize()", {
  timeoutMs: positiveMs,
});

/** What a queue is made of. */
export interface QueueParts {
  readonly config: ResolvedConfig;
  readonly clock: QueueClock;
  /** Makes the store, at the first call. */
  makeStore(): QueueStore | Promise<QueueStore>;
}

/**
 * Base of all queues. Use `InMemoryMessageQueue`, `ShmMessageQueue` or `RedisMessageQueue`.
 *
 * It loads what its methods do at the first call, so that a program without a queue does not.
 */
export class QueueBase implements MessageQueue {
  readonly #parts: QueueParts;
  readonly #lifecycle: QueueLifecycle;
  #calls: QueueCalls | undefined;
  #loading: Promise<QueueCalls> | undefined;

  static {
    takeTurnsIn(this.prototype);
  }

  /** Makes a queue. */
  protected constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#lifecycle = new QueueLifecycle({
      open: async (options) => await (this.#calls ?? await this.#load()).open(options),
      drain: () => this.#calls!.drain(),
      // A queue that nobody has called has nothing to close.
      close: async (opening) => {
        const calls = this.#calls ?? await this.#loading?.catch(() => undefined);
        await calls?.close(opening);
      },
    });
  }

  #load(): Promise<QueueCalls> {
    this.#loading ??= this.#loadOnce();
    // The next call tries again.
    this.#loading.catch(() => this.#loading = undefined);
    return this.#loading;
  }

  async #loadOnce(): Promise<QueueCalls> {
    const { QueueCalls } = await loadCalls();
    const { config, clock } = this.#parts;
    const store = await this.#parts.makeStore();
    return this.#calls = new QueueCalls({ store, config, clock, lifecycle: this.#lifecycle });
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
  async publish<T>(options: PublishOptions<T>): Promise<PublishedRecord<T>> {
    checkNoMore("publish()", arguments, 1);
    return await (this.#calls ?? await this.#load()).publish<T>(options);
  }

  /**
   * Subscribes an agent to a channel: first to the pending messages, then to new ones.
   *
   * @throws {QueueNotInitializedError} if the queue is not open
   */
  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options?: SubscribeOptions,
  ): Subscription<T> {
    checkNoMore("subscribe()", arguments, 3);
    this.#lifecycle.checkTaking("subscribe");
    return this.#calls!.subscribe<T>(channel, agentId, options);
  }

  /** Removes the subscription of an agent to a channel, and the broadcasts that are pending for it. */
  async unsubscribe(channel: string, agentId: string): Promise<boolean> {
    checkNoMore("unsubscribe()", arguments, 2);
    return await (this.#calls ?? await this.#load()).unsubscribe(channel, agentId);
  }

  /**
   * Acknowledges a message: the agent does not receive it again.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async acknowledge(
    message: string | MessageRecord,
    options?: AcknowledgeOptions,
  ): Promise<boolean> {
    checkNoMore("acknowledge()", arguments, 2);
    return await (this.#calls ?? await this.#load()).acknowledge(message, options);
  }

  /**
   * Moves the end of a lease. False if the caller has lost the lease.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async extend(message: string | DeliveryRecord, options?: ExtendOptions): Promise<boolean> {
    checkNoMore("extend()", arguments, 2);
    return await (this.#calls ?? await this.#load()).extend(message, options);
  }

  /** Gives a message back, to be delivered again. False if the caller has lost the lease. */
  async release(message: string | DeliveryRecord, options?: ReleaseOptions): Promise<boolean> {
    checkNoMore("release()", arguments, 2);
    return await (this.#calls ?? await this.#load()).release(message, options);
  }

  /** Makes a message a dead letter at once. False if the caller has lost the lease. */
  async reject(
    message: string | DeliveryRecord,
    reason: string,
    options?: RejectOptions,
  ): Promise<boolean> {
    checkNoMore("reject()", arguments, 3);
    return await (this.#calls ?? await this.#load()).reject(message, reason, options);
  }

  /** Messages that an agent has not acknowledged, in the order of delivery. */
  async getPending<T = unknown>(
    agentId: string,
    options?: PendingOptions,
  ): Promise<DeliveryRecord<T>[]> {
    checkNoMore("getPending()", arguments, 2);
    return await (this.#calls ?? await this.#load()).getPending<T>(agentId, options);
  }

  /** Messages that are not delivered to an agent any more, the oldest dead letter first. */
  async getDeadLetters<T = unknown>(
    agentId: string,
    options?: PendingOptions,
  ): Promise<DeadLetter<T>[]> {
    checkNoMore("getDeadLetters()", arguments, 2);
    return await (this.#calls ?? await this.#load()).getDeadLetters<T>(agentId, options);
  }

  /**
   * Makes a dead letter pending again, with no attempts.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  async requeue(
    message: string | MessageRecord,
    options?: TargetOptions,
  ): Promise<boolean> {
    checkNoMore("requeue()", arguments, 2);
    return await (this.#calls ?? await this.#load()).requeue(message, options);
  }

  /** Messages that were published for later, the next one first. */
  async getDelayed<T = unknown>(options?: PendingOptions): Promise<MessageRecord<T>[]> {
    checkNoMore("getDelayed()", arguments, 1);
    return await (this.#calls ?? await this.#load()).getDelayed<T>(options);
  }

  /** From now on nobody receives messages of a channel, until `resume`. */
  async pause(channel: string): Promise<void> {
    checkNoMore("pause()", arguments, 1);
    return await (this.#calls ?? await this.#load()).pause(channel);
  }

  /** Ends a pause. */
  async resume(channel: string): Promise<void> {
    checkNoMore("resume()", arguments, 1);
    return await (this.#calls ?? await this.#load()).resume(channel);
  }

  /** The channels that have messages, subscribers or counts, in the order of their names. */
  async channels(): Promise<string[]> {
    checkNoMore("channels()", arguments, 0);
    return await (this.#calls ?? await this.#load()).channels();
  }

  /** Numbers of a channel. */
  async stats(channel: string): Promise<QueueStats> {
    checkNoMore("stats()", arguments, 1);
    return await (this.#calls ?? await this.#load()).stats(channel);
  }

  /** Removes messages of a channel that nobody holds. Resolves with their number. */
  async purge(channel: string, options?: PurgeOptions): Promise<number> {
    checkNoMore("purge()", arguments, 2);
    return await (this.#calls ?? await this.#load()).purge(channel, options);
  }

  /** What happens to messages from now on, in all processes. Events of a lost connection are lost. */
  events(options?: EventOptions): QueueEvents {
    checkNoMore("events()", arguments, 1);
    this.#lifecycle.check("read events");
    return this.#calls!.events(options);
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
    return await (this.#calls ?? await this.#load()).publishAndWait<R, T>(options, wait);
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
    options?: WorkerOptions,
  ): QueueWorker {
    checkNoMore("worker()", arguments, 4);
    this.#lifecycle.checkTaking("start a worker");
    return this.#calls!.worker<T, R>(channel, agentId, handler, options);
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
    return await (this.#calls ?? await this.#load()).schedule(key, rule, message);
  }

  /** All schedules, by key. */
  async schedules(): Promise<ScheduleRecord[]> {
    checkNoMore("schedules()", arguments, 0);
    return await (this.#calls ?? await this.#load()).schedules();
  }

  /** Removes a schedule. False if there was none. */
  async unschedule(key: string): Promise<boolean> {
    checkNoMore("unschedule()", arguments, 1);
    return await (this.#calls ?? await this.#load()).unschedule(key);
  }

  /** Stores a record under its own id, replaces a message with that id, and delivers it. */
  async put(record: MessageRecord): Promise<void> {
    checkNoMore("put()", arguments, 1);
    return await (this.#calls ?? await this.#load()).put(record);
  }

  /** Puts many records. Each is stored as a whole or not at all. */
  async putMany(records: Iterable<MessageRecord>): Promise<void> {
    checkNoMore("putMany()", arguments, 1);
    return await (this.#calls ?? await this.#load()).putMany(records);
  }

  /** The message with an id, or undefined. */
  async get<T = unknown>(
    id: string,
    options?: AgentView,
  ): Promise<MessageRecord<T> | undefined> {
    checkNoMore("get()", arguments, 2);
    return await (this.#calls ?? await this.#load()).get<T>(id, options);
  }

  /** The messages with some ids, in their order. Undefined where there is none. */
  async getMany<T = unknown>(
    ids: Iterable<string>,
    options?: AgentView,
  ): Promise<(MessageRecord<T> | undefined)[]> {
    checkNoMore("getMany()", arguments, 2);
    return await (this.#calls ?? await this.#load()).getMany<T>(ids, options);
  }

  /** Whether there is a message with this id. */
  async exists(id: string): Promise<boolean> {
    checkNoMore("exists()", arguments, 1);
    return await (this.#calls ?? await this.#load()).exists(id);
  }

  /** Deletes a message. False if there was none. */
  async delete(id: string): Promise<boolean> {
    checkNoMore("delete()", arguments, 1);
    return await (this.#calls ?? await this.#load()).delete(id);
  }

  /** Deletes messages. Resolves with their number. */
  async deleteMany(ids: Iterable<string>): Promise<number> {
    checkNoMore("deleteMany()", arguments, 1);
    return await (this.#calls ?? await this.#load()).deleteMany(ids);
  }

  /** Messages that match the filters, the newest first. */
  async list<T = unknown>(options?: ListOptions): Promise<MessageRecord<T>[]> {
    checkNoMore("list()", arguments, 1);
    return await (this.#calls ?? await this.#load()).list<T>(options);
  }

  /** Number of messages that match the filters. Expired messages do not count. */
  async count(filters?: MessageFilters): Promise<number> {
    checkNoMore("count()", arguments, 1);
    return await (this.#calls ?? await this.#load()).count(filters);
  }

  /** Deletes all messages of the namespace. Resolves with their number. */
  async clear(): Promise<number> {
    checkNoMore("clear()", arguments, 0);
    return await (this.#calls ?? await this.#load()).clear();
  }
}
