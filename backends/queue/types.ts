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
}

/** A message with its delivery to an agent. */
export interface DeliveryRecord<T = unknown> extends MessageRecord<T> {
  /** The agent. `acknowledge(record)` acknowledges for it. */
  agentId: string;
  /** How often the agent has received the message, this time included. */
  attempts: number;
  /** When the lease of a consumer ends. Null without a lease. */
  leasedUntil: Date | null;
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
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** Ends the subscription. Messages that were not yielded are released at once. */
  signal?: AbortSignal;
  /**
   * Messages to claim at once, at most 1,000. Default: 1. More is faster, but a message that is published
   * afterwards with a higher priority waits behind those that were claimed, and all leases begin
   * together.
   */
  prefetch?: number;
  /**
   * Where a new subscriber of the channel begins: with broadcasts that are published from now on
   * (`"now"`), or with all that the channel still has (`"oldest"`). Default: `"now"`.
   */
  from?: "now" | "oldest";
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
export interface AcknowledgeOptions {
  /** The agent. Needed for the bare id of a broadcast. */
  agentId?: string;
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
  /** Stores a message and delivers it. */
  publish<T>(options: PublishOptions<T>): Promise<MessageRecord<T>>;
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
   * now or was before. False if it is removed, expired, or not for this agent.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  acknowledge(message: string | MessageRecord, options?: AcknowledgeOptions): Promise<boolean>;
  /**
   * Messages that an agent has not acknowledged, leased or not, in the order of delivery. Takes no
   * leases. `acknowledge(record)` accepts the records.
   */
  getPending<T = unknown>(agentId: string, options?: PendingOptions): Promise<DeliveryRecord<T>[]>;
  /** Messages that an agent received `maxAttempts` times without acknowledgement, the oldest first. */
  getDeadLetters<T = unknown>(
    agentId: string,
    options?: PendingOptions,
  ): Promise<DeliveryRecord<T>[]>;
  /** Makes a dead letter pending again, with no attempts. False if it is not a dead letter. */
  requeue(message: string | MessageRecord, options?: AcknowledgeOptions): Promise<boolean>;
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
