/**
 * What a message queue stores, delivers and offers.
 *
 * @module
 */

/** A message as the queue stores it. */
export interface MessageRecord<T = unknown> {
  /** Unique in its namespace. */
  id: string;
  /** When the queue first stored it, by the queue's clock. */
  createdAt: Date;
  /** When it last changed: stored, replaced or acknowledged. */
  updatedAt: Date;
  /** Free for the application: any JSON object. */
  metadata: Record<string, unknown>;
  /** Who sent it. */
  sourceAgent: string;
  /** Whom it is for; null for a broadcast to all subscribers of the channel. */
  targetAgent: string | null;
  /** The channel it was published on. */
  channel: string;
  /** Any JSON value. */
  payload: T;
  /** Higher is delivered first. */
  priority: number;
  /**
   * Whether the target has acknowledged it. For a broadcast it is a matter of each agent: false
   * unless the record was asked for with an `agentId`.
   */
  acknowledged: boolean;
  /** When it vanishes; null if it stays until it is trimmed or deleted. */
  expiresAt: Date | null;
}

/** A message as it stands with one of the agents that it is for. */
export interface DeliveryRecord<T = unknown> extends MessageRecord<T> {
  /** The agent; `acknowledge(record)` acknowledges in its name. */
  agentId: string;
  /** How often the agent was given the message, this time included; 0 when it never was. */
  attempts: number;
  /** Until when a consumer of the agent holds it; null when none does. */
  leasedUntil: Date | null;
}

/** What `publish` needs to know. */
export interface PublishOptions<T = unknown> {
  /** Channel to publish on. */
  channel: string;
  /** Any JSON value. */
  payload: T;
  /** Who sends it. */
  sourceAgent: string;
  /** Whom it is for. Left out or null: all subscribers of the channel. */
  targetAgent?: string | null;
  /** A safe integer, 0 when left out; higher is delivered first. */
  priority?: number;
  /** Seconds until it vanishes, to the millisecond; the queue's `ttlSeconds` when left out. */
  ttlSeconds?: number | null;
  /** Free for the application: any JSON object. */
  metadata?: Record<string, unknown>;
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** Ends the subscription; messages that were not yet yielded go back at once. */
  signal?: AbortSignal;
  /**
   * Messages to take at once, 1 when left out, at most 1,000. More is faster; but what is published afterwards with a
   * higher priority waits behind what was taken, and the leases of all begin together.
   */
  prefetch?: number;
  /**
   * Where a subscriber that the channel does not know yet begins with broadcasts: with those published
   * from now on (`"now"`, when left out), or with all that the channel still has (`"oldest"`).
   */
  from?: "now" | "oldest";
  /** Hears of messages that `maxItems` removed before the agent had acknowledged them. */
  onGap?: (gap: Gap) => void;
}

/** Messages that a subscriber will never see. */
export interface Gap {
  /** The channel. */
  channel: string;
  /** The agent that missed them. */
  agentId: string;
  /** How many there were since the last report. */
  missed: number;
}

/** The messages of a channel for one agent, as they come. */
export interface Subscription<T = unknown>
  extends AsyncIterableIterator<DeliveryRecord<T>>, AsyncDisposable {
  /**
   * Settles once the subscription is in force: what is published after that reaches it. Broadcasts of
   * the same queue object wait for it by themselves.
   */
  readonly ready: Promise<void>;
  /** Messages that `maxItems` removed before this agent had acknowledged them, as far as known here. */
  readonly missed: number;
  /** Ends the subscription. Messages that were taken but not yet yielded go back at once. */
  return(): Promise<IteratorResult<DeliveryRecord<T>>>;
}

/** Which messages `list` and `count` are about; all that are given must hold. */
export interface MessageFilters {
  /** Published on this channel. */
  channel?: string;
  /** Sent by this agent. */
  sourceAgent?: string;
  /** For this agent; null: broadcasts. */
  targetAgent?: string | null;
  /** Acknowledged by its target, or not. Broadcasts count as not acknowledged. */
  acknowledged?: boolean;
}

/** Options of `list`. */
export interface ListOptions extends AgentView {
  /** At most so many; 100 when left out. */
  limit?: number;
  /** Skip so many of the newest; 0 when left out. */
  offset?: number;
  /** Only messages that match. */
  filters?: MessageFilters;
}

/** Whose view of a broadcast is asked for. */
export interface AgentView {
  /** The agent whose acknowledgement `acknowledged` shows, if the message is a broadcast. */
  agentId?: string;
}

/** Options of `getPending` and `getDeadLetters`. */
export interface PendingOptions {
  /** Only of this channel. */
  channel?: string;
  /** At most so many; 100 when left out. */
  limit?: number;
}

/** Whose delivery is meant, where the message alone does not tell. */
export interface AcknowledgeOptions {
  /** The agent. Needed for the bare id of a broadcast. */
  agentId?: string;
}

/** Configuration of a queue; every field has a default. */
export interface QueueConfig {
  /**
   * Where Redis is: `redis://[user:password@]host:port/database`, `rediss://` for TLS, or
   * `redis-cluster://[user:password@]host:port,host:port` (`rediss-cluster://`);
   * `redis://localhost:6379/0` when left out. The in-memory queue does not use it.
   */
  redisUrl?: string;
  /** Begins the name of every key; `tinyllm` when left out. */
  redisPrefix?: string;
  /** Seconds until a message vanishes whose publisher says nothing; null or left out: never. */
  ttlSeconds?: number | null;
  /** Most messages in the stream of a channel; 10,000 when left out. The oldest go first. */
  maxItems?: number;
  /** Separates queues on the same server; `default` when left out. */
  namespace?: string;
  /** Seconds that a consumer has to acknowledge a message; 30 when left out. */
  leaseSeconds?: number;
  /** Deliveries after which an unacknowledged message becomes a dead letter; 5 when left out. */
  maxAttempts?: number;
  /** Hash tags over which a cluster's agents are spread; 1 when left out. */
  partitions?: number;
  /** Replicas that must have a publish, acknowledge or delete before it resolves; 0 when left out. */
  minReplicas?: number;
  /** Milliseconds that one attempt of a command may take; 5,000 when left out. */
  commandTimeoutMs?: number;
  /** Milliseconds that a call may take with all its retries; 30,000 when left out. */
  deadlineMs?: number;
  /** Most connections to one server for commands; 50 when left out. */
  poolSize?: number;
  /** Seconds between two looks at idle connections; 30 when left out. */
  healthCheckSeconds?: number;
}

/**
 * Messages between agents, with priorities, leases, acknowledgement and expiry.
 *
 * Every call before `initialize` or after `close` rejects with `QueueNotInitializedError`.
 */
export interface MessageQueue extends AsyncDisposable {
  /** Opens the queue. A second call does nothing. */
  initialize(): Promise<void>;
  /** Ends all subscriptions, lets calls under way finish, and frees all connections. */
  close(): Promise<void>;
  /** Stores a message and delivers it. */
  publish<T>(options: PublishOptions<T>): Promise<MessageRecord<T>>;
  /**
   * The messages of a channel for an agent: first what is pending for it, then what comes. A message is
   * leased to one consumer of the agent; unacknowledged it comes again after `leaseSeconds`. It
   * ends with `signal`, with `return()`, and with `close()`.
   *
   * The agent's subscription to broadcasts outlives the iteration: what is published while it is away
   * waits for it. `unsubscribe` ends it.
   */
  subscribe<T = unknown>(
    channel: string,
    agentId: string,
    options?: SubscribeOptions,
  ): Subscription<T>;
  /** Forgets that an agent ever subscribed to a channel, and the broadcasts that wait for it. */
  unsubscribe(channel: string, agentId: string): Promise<boolean>;
  /**
   * Marks a message as done for its agent, which never gets it again. True if it is there and is, or was
   * before, acknowledged; false if it is gone, expired, or not for this agent.
   *
   * @throws {TypeError} for the bare id of a broadcast without `agentId`
   */
  acknowledge(message: string | MessageRecord, options?: AcknowledgeOptions): Promise<boolean>;
  /**
   * What an agent has not acknowledged, leased or not, in the order of delivery. It only reads: nothing
   * is leased by it. `acknowledge(record)` works on what it gives.
   */
  getPending<T = unknown>(agentId: string, options?: PendingOptions): Promise<DeliveryRecord<T>[]>;
  /** Messages that an agent was given `maxAttempts` times in vain, the first to die first. */
  getDeadLetters<T = unknown>(
    agentId: string,
    options?: PendingOptions,
  ): Promise<DeliveryRecord<T>[]>;
  /** Makes a dead letter pending again, its attempts counted anew. False if it is no dead letter. */
  requeue(message: string | MessageRecord, options?: AcknowledgeOptions): Promise<boolean>;
  /**
   * Stores a record under its own id, in place of what is there, and delivers it unless it is
   * acknowledged. A record that has expired removes what is there.
   */
  put(record: MessageRecord): Promise<void>;
  /** Puts many records; each is stored whole or not at all. */
  putMany(records: Iterable<MessageRecord>): Promise<void>;
  /** The message of an id, or undefined. */
  get<T = unknown>(id: string, options?: AgentView): Promise<MessageRecord<T> | undefined>;
  /** The messages of some ids, in their order; undefined where there is none. */
  getMany<T = unknown>(
    ids: Iterable<string>,
    options?: AgentView,
  ): Promise<(MessageRecord<T> | undefined)[]>;
  /** Whether there is a message of this id. */
  exists(id: string): Promise<boolean>;
  /** Deletes a message. False if there was none. */
  delete(id: string): Promise<boolean>;
  /** Deletes messages; answers how many there were. */
  deleteMany(ids: Iterable<string>): Promise<number>;
  /** Messages, the last stored first. */
  list<T = unknown>(options?: ListOptions): Promise<MessageRecord<T>[]>;
  /** How many messages there are, expired ones not included. */
  count(filters?: MessageFilters): Promise<number>;
  /** Deletes all messages of the namespace; answers how many there were. */
  clear(): Promise<number>;
}
