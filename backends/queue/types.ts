/**
 * The public types of message queues.
 *
 * @module
 */

import type { Instrumentation } from "../../lib/base/instrumentation.ts";
import type { RedisConnectionOptions } from "../../lib/base/redis_options.ts";

/** A message as the queue stores it. */
export interface MessageRecord<T = unknown> {
  /** Unique in its namespace. */
  id: string;
  /** When it was first stored, by the clock of the store. */
  createdAt: Date;
  /** When it was last stored, replaced or acknowledged. */
  updatedAt: Date;
  /** Any JSON object, for the application. */
  metadata: Record<string, unknown>;
  /** The agent that sent it. */
  sourceAgent: string;
  /** The agent that it is for. Null: a broadcast to all subscribers of the channel. */
  targetAgent: string | null;
  /** The channel it was published on. */
  channel: string;
  /** Any JSON value. */
  payload: T;
  /** Higher is delivered first. */
  priority: number;
  /**
   * Whether the target has acknowledged it. Each agent acknowledges a broadcast for itself: false,
   * unless the record was read with an `agentId`.
   */
  acknowledged: boolean;
  /** When it expires. Null: it stays until it is trimmed or deleted. */
  expiresAt: Date | null;
  /** When it is due, if it was published for later. Also in a delivery that waits for its next attempt. */
  deliverAt?: Date;
  /** Messages with one key are delivered one after the other. */
  orderingKey?: string;
  /** Its publisher's id of what it is about: another message with this id was not stored. */
  deduplicationId?: string;
  /** Deliveries after which it becomes a dead letter, if not those of the queue. */
  maxAttempts?: number;
  /** Seconds of its leases, if not those of the queue. */
  leaseSeconds?: number;
  /** How long a worker that fails waits before the next attempt, if not as long as the worker says. */
  backoff?: BackoffPolicy;
}

/** A message as `publish` returns it. */
export interface PublishedRecord<T = unknown> extends MessageRecord<T> {
  /** False if a message with the same `deduplicationId` was there: this is the record of that message. */
  isNew: boolean;
}

/** Seconds between the attempts of a message. */
export interface BackoffPolicy {
  /** The same delay each time, or one that doubles. */
  type: "fixed" | "exponential";
  /** The first delay. */
  seconds: number;
  /** The longest delay. Default: an hour. */
  maxSeconds?: number;
  /** The part of a delay, from 0 to 1, that is drawn at random. Default: 0. */
  jitter?: number;
}

/** A message with its delivery to an agent. */
export interface DeliveryRecord<T = unknown> extends MessageRecord<T> {
  /** The agent. `acknowledge(record)` acknowledges for it. */
  agentId: string;
  /** How often the agent has received the message, this time included. */
  attempts: number;
  /** When the lease of a consumer ends. Null without a lease. */
  leasedUntil: Date | null;
  /**
   * Names the lease. `acknowledge`, `extend`, `release` and `reject` with this record do nothing, and
   * return false, once another consumer has the message. Null without a lease.
   */
  leaseToken: string | null;
}

/** A message that is not delivered any more. */
export interface DeadLetter<T = unknown> extends DeliveryRecord<T> {
  /** Why: that of `reject` or of the last `release`, or that its attempts were used up. */
  reason: string;
  /** What the last handler threw, as text. Null if none did. */
  error: string | null;
  /** When it became a dead letter. */
  diedAt: Date;
}

/** Options of `publish`. */
export interface PublishOptions<T = unknown> {
  /** Channel to publish on. */
  channel: string;
  /** Any JSON value. */
  payload: T;
  /** The agent that sends it. */
  sourceAgent: string;
  /** The agent that it is for. Default, or null: all subscribers of the channel. */
  targetAgent?: string | null;
  /** A safe integer. Higher is delivered first. Default: 0. */
  priority?: number;
  /** Seconds until it expires, to the millisecond. Default: `ttlSeconds` of the queue. */
  ttlSeconds?: number | null;
  /** Any JSON object, for the application. */
  metadata?: Record<string, unknown>;
  /** When it is due, by the clock of the store. Before that nobody receives it. Default: at once. */
  deliverAt?: Date;
  /** Seconds until it is due, in place of `deliverAt`. Its time to live begins when it is due. */
  delaySeconds?: number;
  /** Deliveries after which it becomes a dead letter. Default: `maxAttempts` of the queue. */
  maxAttempts?: number;
  /** Seconds of its leases. Default: `leaseSeconds` of the queue. */
  leaseSeconds?: number;
  /** How long a worker that fails waits before the next attempt. Default: what the worker says. */
  backoff?: BackoffPolicy;
  /**
   * An agent receives the messages of a channel with one key one after the other, in the order of storing:
   * the next one when the one before it is acknowledged, a dead letter, or gone.
   */
  orderingKey?: string;
  /**
   * Names what the message is about. While a message of the channel with this id is remembered, nothing is
   * stored, and `publish` returns that message with `isNew: false`.
   */
  deduplicationId?: string;
  /** Seconds for which `deduplicationId` is remembered. Default: 300. */
  deduplicationSeconds?: number;
  /** Seconds for which the result of its worker is kept. Default: none is kept. */
  resultSeconds?: number;
}

/** Options of `extend`. */
export interface ExtendOptions extends TargetOptions {
  /** Seconds from now until the lease ends. Default: those of a new lease. */
  seconds?: number;
}

/** Options of `release`. */
export interface ReleaseOptions extends TargetOptions {
  /** Seconds until it is delivered again. Default: 0. */
  delaySeconds?: number;
  /** Why it is given back, for the dead letter that it may become. */
  reason?: string;
  /** What went wrong, as text, for the dead letter that it may become. */
  error?: string;
}

/** Options of `reject`. */
export interface RejectOptions extends TargetOptions {
  /** What went wrong, as text. */
  error?: string;
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** Ends the subscription. Messages that were not yielded are released at once. */
  signal?: AbortSignal;
  /**
   * Messages to claim at once, at most 1,000. Default: 1. More is faster, but a message that is published
   * afterwards with a higher priority waits behind those that were claimed, and all leases begin
   * together. On Redis, up to as many again may come from publishers of the same process.
   */
  prefetch?: number;
  /**
   * Where a new subscriber of the channel begins: with broadcasts that are published from now on
   * (`"now"`), or with all that the channel still has (`"oldest"`). Default: `"now"`.
   */
  from?: "now" | "oldest";
  /** Most messages that are taken from the channel, over all processes. Default: no limit. */
  limiter?: RateLimit;
  /** Called when `maxItems` has removed messages before the agent had acknowledged them. */
  onGap?: ((gap: Gap) => void) | undefined;
}

/** Messages that a subscriber will not receive. */
export interface Gap {
  /** The channel. */
  channel: string;
  /** The agent that missed them. */
  agentId: string;
  /** Their number since the last report. */
  missed: number;
}

/** The messages of a channel for one agent. */
export interface Subscription<T = unknown>
  extends AsyncIterableIterator<DeliveryRecord<T>>, AsyncDisposable {
  /**
   * Settles when the subscription is in force: it receives what is published after that. A broadcast of
   * the same queue object waits for it.
   */
  readonly ready: Promise<void>;
  /** Number of messages that `maxItems` removed before the agent had acknowledged them, as reported. */
  readonly missed: number;
  /** Ends the subscription. Messages that were claimed and not yielded are released at once. */
  return(): Promise<IteratorResult<DeliveryRecord<T>>>;
}

/** Filters of `list` and `count`. A message must match all of them. */
export interface MessageFilters {
  /** Published on this channel. */
  channel?: string;
  /** Sent by this agent. */
  sourceAgent?: string;
  /** For this agent. Null: broadcasts. */
  targetAgent?: string | null;
  /** Whether the target has acknowledged it. Broadcasts count as not acknowledged. */
  acknowledged?: boolean;
}

/** Options of `list`. */
export interface ListOptions extends AgentView {
  /** Most messages to return. Default: 100. */
  limit?: number;
  /** How many of the newest messages to skip. Default: 0. */
  offset?: number;
  /** Only messages that match. */
  filters?: MessageFilters;
}

/** Options of `initialize`. */
export interface InitializeOptions {
  /**
   * Milliseconds to wait for a server that cannot be reached or does not reply. Then it rejects, with the
   * last failure in the message. Default: `commandTimeoutMs` for one server that cannot be reached,
   * otherwise `deadlineMs`.
   */
  timeoutMs?: number | undefined;
}

/** Which agent's acknowledgement a record shows. */
export interface AgentView {
  /** The agent whose acknowledgement of a broadcast `acknowledged` shows. */
  agentId?: string;
}

/** Options of `getPending` and `getDeadLetters`. */
export interface PendingOptions {
  /** Only of this channel. */
  channel?: string;
  /** Most messages to return. Default: 100. */
  limit?: number;
}

/** Which agent's delivery a call concerns. */
export interface TargetOptions {
  /** The agent. Needed for the bare id of a broadcast, unless one agent of the queue object holds it. */
  agentId?: string;
}

/** Options of `acknowledge`. */
export interface AcknowledgeOptions extends TargetOptions {
  /** The result for `publishAndWait`, any JSON value. Kept for `resultSeconds` of the message. */
  result?: unknown;
}

/** What `stats` counts. */
export interface QueueStats {
  /** The channel. */
  channel: string;
  /** Deliveries that could be taken now. */
  waiting: number;
  /** Messages for later, and deliveries that wait for their next attempt. */
  delayed: number;
  /** Deliveries that consumers hold. */
  leased: number;
  /** Dead letters. */
  dead: number;
  /** Subscriptions and workers that have asked for messages in the last ten seconds. */
  consumers: number;
  /** Seconds since the oldest waiting message was stored. Null if none waits. */
  oldestSeconds: number | null;
  /** Whether the channel is paused. */
  isPaused: boolean;
  /** How often each thing has happened since the channel was first used. */
  totals: Record<CountedEvent, number>;
  /** How often each thing happened a second, over about the last minute. */
  perSecond: Record<CountedEvent, number>;
}

/** What happens to messages, and is counted. */
export type CountedEvent =
  | "published"
  | "delivered"
  | "acknowledged"
  | "released"
  | "expired"
  | "dead";

/** Something that happened to a message of a channel, in any process. */
export interface QueueEvent {
  /** What happened. `drained`: the last message of the channel was settled. */
  type: CountedEvent | "progress" | "drained";
  /** The channel. */
  channel: string;
  /** The message. Absent for `drained`. */
  id?: string;
  /** The agent whose delivery it concerns. Absent for what concerns the message. */
  agentId?: string;
  /** True if the caller had lost the lease, so that nothing changed. */
  lost?: true;
  /** Why, of `released` and `dead`. */
  reason?: string;
  /** The value of `progress`. */
  value?: unknown;
}

/** Options of `events`. */
export interface EventOptions {
  /** Only of this channel. Default: all. */
  channel?: string;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/** The events of a queue. Those that nobody takes wait, up to 10,000; after that the oldest are dropped. */
export interface QueueEvents extends AsyncIterableIterator<QueueEvent>, AsyncDisposable {
  /** Settles when the iteration gets what happens from now on. */
  readonly ready: Promise<void>;
}

/** When a schedule publishes its message: by `cron`, or `everySeconds`. */
export interface ScheduleRule {
  /** A cron expression of five or six fields. */
  cron?: string;
  /** Seconds between two messages. */
  everySeconds?: number;
  /** IANA name of the zone of `cron`. Default: UTC. */
  timeZone?: string;
  /** The first time is not before this. Default: now. */
  startAt?: Date;
  /** The last time is not after this. Default: none. */
  endAt?: Date;
  /** Most messages. Default: no limit. */
  limit?: number;
  /** Whether times that passed while no process ran are published late. Default: true. */
  catchUp?: boolean;
}

/** A schedule. */
export interface ScheduleRecord {
  /** Its name. */
  key: string;
  /** When it publishes. */
  rule: ScheduleRule;
  /** What it publishes. */
  message: PublishOptions;
  /** The next time. Null if there is none any more. */
  nextAt: Date | null;
  /** Messages that it has published. */
  count: number;
}

/** States of messages that `purge` removes. */
export type PurgedState = "waiting" | "delayed" | "dead" | "done";

/** Options of `purge`. */
export interface PurgeOptions {
  /** Which messages to remove. Messages that are leased stay. Default: `["waiting", "delayed"]`. */
  states?: PurgedState[];
}

/** Options of `publishAndWait`. */
export interface PublishAndWaitOptions {
  /** Milliseconds to wait for the result. */
  timeoutMs: number;
  /** Ends the wait. The message stays. */
  signal?: AbortSignal;
}

/** Most messages in a time, over all processes. */
export interface RateLimit {
  /** Most messages that are taken. */
  max: number;
  /** Seconds of a window, which begins with its first message. */
  seconds: number;
}

/** Options of `worker`. */
export interface WorkerOptions {
  /** Messages that are handled at the same time. Default: 1. */
  concurrency?: number;
  /** Most messages that workers and subscriptions with a limiter take from the channel, over all processes. */
  limiter?: RateLimit;
  /**
   * Delay before the next attempt after a failure: a policy, or a function of the attempts so far and of
   * what the handler threw, which returns seconds. Default: exponential from 1 second, at most 1 minute.
   */
  backoff?: BackoffPolicy | ((attempts: number, error: unknown) => number);
  /** Closes the worker. */
  signal?: AbortSignal;
  /** Seconds that `close` waits for handlers that run. Default: 10. */
  graceSeconds?: number;
  /** Called with what a handler threw. Default: a warning in the log. */
  onError?: (error: unknown, record: DeliveryRecord) => void;
}

/** What a handler of a worker can use. */
export interface JobContext {
  /** Fires when the lease is lost, when the worker closes and its grace is over, or when the message expires. */
  readonly signal: AbortSignal;
  /** Tells those who look at the events how far the work is. Any JSON value. */
  progress(value: unknown): Promise<void>;
}

/** Handles a message, and returns its result. */
export type JobHandler<T = unknown, R = unknown> = (
  record: DeliveryRecord<T>,
  context: JobContext,
) => R | Promise<R>;

/** Takes messages, and acknowledges what its handler has done. */
export interface QueueWorker extends AsyncDisposable {
  /** Settles when the worker receives what is published from now on. */
  readonly ready: Promise<void>;
  /** Settles when the worker has closed. Rejects if it ended for good, as for a wrong password. */
  readonly closed: Promise<void>;
  /** Handlers that run. */
  readonly running: number;
  /** Takes no more, lets handlers finish for `graceSeconds`, and gives the rest back. SIGTERM does the same. */
  close(): Promise<void>;
}

/** Configuration of a queue. */
export interface QueueConfig extends RedisConnectionOptions {
  /**
   * URL of the server: `redis://[user:password@]host:port/database`,
   * `redis-cluster://[user:password@]host:port,host:port`, or
   * `redis+sentinel://[user:password@]host:port,host:port/name/database`, with the sentinels and the name
   * of their master. `rediss` in place of `redis` stands for TLS. Default: `redis://localhost:6379/0`. The
   * in-memory queue does not use it.
   */
  redisUrl?: string | undefined;
  /** Prefix of every key. Default: `tinyllm`. */
  redisPrefix?: string | undefined;
  /** Seconds until a message expires, unless its publisher sets them. Default, or null: never. */
  ttlSeconds?: number | null | undefined;
  /**
   * Most messages of a channel. What is done is removed first, then dead letters, then the oldest. Default:
   * 10,000.
   */
  maxItems?: number | undefined;
  /**
   * What `publish` does when a channel has `maxItems` messages that are not done: it removes the oldest, rejects
   * with `QueueFullError`, or waits for room until `deadlineMs`. Default: `"dropOldest"`.
   */
  whenFull?: "dropOldest" | "reject" | "wait" | undefined;
  /**
   * Whether Redis keeps an index of the messages of each sender and target, for `list` and `count` with these
   * filters. Without them such a call looks at all messages that match its other filters. They cost time and memory for each
   * message. A namespace that has them keeps them. Default: false.
   */
  filterIndexes?: boolean | undefined;
  /**
   * Whether `initialize` converts what an older version has stored on Redis. No older client may run then. Without
   * it, `initialize` rejects with `QueueConfigurationError` if there is such data. Default: false.
   */
  migrate?: boolean | undefined;
  /** Separates queues on the same server. Default: `default`. */
  namespace?: string | undefined;
  /** Seconds that a consumer has to acknowledge a message. Default: 30. */
  leaseSeconds?: number | undefined;
  /** Deliveries after which an unacknowledged message becomes a dead letter. Default: 5. */
  maxAttempts?: number | undefined;
  /** Hash tags over which the agents of a cluster are spread. Default: 1. */
  partitions?: number | undefined;
  /** Replicas that must confirm a publish, acknowledge or delete before it resolves. Default: 0. */
  minReplicas?: number | undefined;
  /** Milliseconds that one attempt of a command may take. Default: 5,000. */
  commandTimeoutMs?: number | undefined;
  /** Milliseconds that a call may take with all its attempts. Default: 30,000. */
  deadlineMs?: number | undefined;
  /** Most connections to one server for commands. Default: 50. */
  poolSize?: number | undefined;
  /** Seconds between two checks of idle connections. Default: 30. */
  healthCheckSeconds?: number | undefined;
  /** Observes what the queue does: `otelInstrumentation()` of `./otel`. Default: none. */
  instrumentation?: Instrumentation | undefined;
}

/**
 * Messages between agents, with priorities, leases, acknowledgement and expiry.
 *
 * Every call before `initialize` or after `close` rejects with `QueueNotInitializedError`.
 */
export interface MessageQueue extends AsyncDisposable {
  /** Opens the queue. A second call does nothing. After a failure it may be called again. */
  initialize(options?: InitializeOptions): Promise<void>;
  /** Ends all subscriptions, lets pending calls finish, and closes all connections. */
  close(): Promise<void>;
  /** Stores a message and delivers it, at once or when it is due. */
  publish<T>(options: PublishOptions<T>): Promise<PublishedRecord<T>>;
  /**
   * Publishes a message, and resolves with the result of the worker that handles it.
   *
   * @throws {QueueJobError} if the message became a dead letter, expired, or was removed
   * @throws {QueueTimeoutError} if there was no result in time
   */
  publishAndWait<R = unknown, T = unknown>(
    options: PublishOptions<T>,
    wait: PublishAndWaitOptions,
  ): Promise<R>;
  /**
   * Subscribes an agent to a channel: first to the pending messages, then to new ones. A message is
   * leased to one consumer of the agent, and delivered again after `leaseSeconds` without
   * acknowledgement. The iteration ends with `signal`, with `return()`, and with `close()`.
   *
   * The subscription to broadcasts outlives the iteration: the agent receives what was published in the
   * meantime when it subscribes again. `unsubscribe` ends it.
   */
  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options?: SubscribeOptions,
  ): Subscription<T>;
  /**
   * Removes the subscription of an agent to a channel, and the broadcasts that are pending for it. False
   * if the agent had no subscription.
   */
  unsubscribe(channel: string, agentId: string): Promise<boolean>;
  /**
   * Acknowledges a message: the agent does not receive it again. True if the message is acknowledged
   * now or was before. False if it is removed, expired, or not for this agent, and if another consumer has got
   * it since.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  acknowledge(message: string | MessageRecord, options?: AcknowledgeOptions): Promise<boolean>;
  /**
   * Moves the end of a lease. False if the caller has lost the lease.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  extend(message: string | DeliveryRecord, options?: ExtendOptions): Promise<boolean>;
  /**
   * Gives a message back, to be delivered again. The attempt counts: after `maxAttempts` the message becomes a
   * dead letter. False if the caller has lost the lease.
   */
  release(message: string | DeliveryRecord, options?: ReleaseOptions): Promise<boolean>;
  /** Makes a message a dead letter at once. False if the caller has lost the lease. */
  reject(
    message: string | DeliveryRecord,
    reason: string,
    options?: RejectOptions,
  ): Promise<boolean>;
  /** Calls a handler with the messages of a channel for an agent, and acknowledges what it has done. */
  worker<T = unknown, R = unknown>(
    channel: string,
    agentId: string,
    handler: JobHandler<T, R>,
    options?: WorkerOptions,
  ): QueueWorker;
  /** Publishes a message again and again. A schedule with the same key is replaced. */
  schedule(key: string, rule: ScheduleRule, message: PublishOptions): Promise<ScheduleRecord>;
  /** All schedules, by key. */
  schedules(): Promise<ScheduleRecord[]>;
  /** Removes a schedule. False if there was none. */
  unschedule(key: string): Promise<boolean>;
  /** From now on nobody receives messages of a channel, until `resume`. */
  pause(channel: string): Promise<void>;
  /** Ends a pause. */
  resume(channel: string): Promise<void>;
  /** The channels that have messages, subscribers or counts, in the order of their names. */
  channels(): Promise<string[]>;
  /** Numbers of a channel. */
  stats(channel: string): Promise<QueueStats>;
  /** What happens to messages from now on, in all processes. Events of a lost connection are lost. */
  events(options?: EventOptions): QueueEvents;
  /** Removes messages of a channel that nobody holds. Resolves with their number. */
  purge(channel: string, options?: PurgeOptions): Promise<number>;
  /** Messages that were published for later, the next one first. */
  getDelayed<T = unknown>(options?: PendingOptions): Promise<MessageRecord<T>[]>;
  /**
   * Messages that an agent has not acknowledged, leased or not, in the order of delivery. Takes no
   * leases. `acknowledge(record)` accepts the records.
   */
  getPending<T = unknown>(agentId: string, options?: PendingOptions): Promise<DeliveryRecord<T>[]>;
  /** Messages that an agent received `maxAttempts` times without acknowledgement, the oldest first. */
  getDeadLetters<T = unknown>(
    agentId: string,
    options?: PendingOptions,
  ): Promise<DeadLetter<T>[]>;
  /** Makes a dead letter pending again, with no attempts. False if it is not a dead letter. */
  requeue(message: string | MessageRecord, options?: TargetOptions): Promise<boolean>;
  /**
   * Stores a record under its own id, replaces a message with that id, and delivers it unless it is
   * acknowledged. A record that has expired removes the message with that id.
   * An agent that has a pending delivery of the message keeps its attempts: after `maxAttempts` the message
   * becomes a dead letter.
   */
  put(record: MessageRecord): Promise<void>;
  /** Puts many records. Each is stored as a whole or not at all. */
  putMany(records: Iterable<MessageRecord>): Promise<void>;
  /** The message with an id, or undefined. */
  get<T = unknown>(id: string, options?: AgentView): Promise<MessageRecord<T> | undefined>;
  /** The messages with some ids, in their order. Undefined where there is none. */
  getMany<T = unknown>(
    ids: Iterable<string>,
    options?: AgentView,
  ): Promise<(MessageRecord<T> | undefined)[]>;
  /** Whether there is a message with this id. */
  exists(id: string): Promise<boolean>;
  /** Deletes a message. False if there was none. */
  delete(id: string): Promise<boolean>;
  /** Deletes messages. Resolves with their number. */
  deleteMany(ids: Iterable<string>): Promise<number>;
  /** Messages that match the filters, the newest first. */
  list<T = unknown>(options?: ListOptions): Promise<MessageRecord<T>[]>;
  /** Number of messages that match the filters. Expired messages do not count. */
  count(filters?: MessageFilters): Promise<number>;
  /** Deletes all messages of the namespace. Resolves with their number. */
  clear(): Promise<number>;
}
