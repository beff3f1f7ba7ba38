/**
 * The contract between a queue and its store. The store does not read payloads. Times are those of its
 * own clock, not of a client's.
 *
 * @module
 */

import type { InitializeOptions, MessageFilters } from "./types.ts";

/** A message with its JSON as text. Times are milliseconds since 1970. */
export interface QueueRecord {
  readonly id: string;
  readonly channel: string;
  readonly source: string;
  /** Null for a broadcast. */
  readonly target: string | null;
  readonly payload: string;
  readonly metadata: string;
  readonly priority: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly expiresMs: number | null;
  readonly acknowledged: boolean;
  /** Position in the order of storing. It grows within a partition, and with time across partitions. */
  readonly sequence: number;
}

/** A stored message with its delivery to an agent. */
export interface QueueDelivery extends QueueRecord {
  readonly attempts: number;
  /** End of the lease. Null without a lease. */
  readonly leasedUntilMs: number | null;
}

/** A message to publish. */
export interface NewMessage {
  readonly channel: string;
  readonly source: string;
  readonly target: string | null;
  readonly payload: string;
  readonly metadata: string;
  readonly priority: number;
  /** Null: no expiry. */
  readonly ttlMs: number | null;
}

/** A message to store under its own id. */
export type MessageToPut = Omit<QueueRecord, "sequence" | "updatedMs">;

/** Messages that were leased to a consumer. */
export interface Claim {
  readonly deliveries: QueueDelivery[];
  /** Number of messages that were trimmed and not reported yet. */
  readonly missed: number;
  /** Milliseconds until a lease ends, when more messages may be ready. Null without leases. */
  readonly nextDueMs: number | null;
}

/** Receives the messages of a channel for an agent from one partition. */
export interface QueueReceiver {
  /** Subscribes the agent to the broadcasts of the channel, if they are in this partition. */
  register(from: "now" | "oldest"): Promise<void>;
  /**
   * Leases up to `limit` messages. `reported` missed messages of an earlier claim have been reported to
   * the subscriber, and are subtracted from the count.
   */
  claim(limit: number, reported: number): Promise<Claim>;
  /** Releases leases of messages that were not yielded, as if they had not been claimed. */
  release(deliveries: readonly QueueDelivery[]): Promise<void>;
  /** Calls `onWakeup` when messages may be ready, until the result is called. */
  listen(onWakeup: () => void): Promise<() => void>;
}

/** How an acknowledgement ended. */
export type AcknowledgeOutcome = "acknowledged" | "absent" | "needs agent";

/** The store of a queue. */
export interface QueueStore {
  /** Milliseconds after which an idle subscription claims without a wakeup. Null: wakeups are reliable. */
  readonly pollMs: number | null;
  open(options?: InitializeOptions): Promise<void>;
  /** Ends all repetitions: from now on each call has one attempt. */
  stopRetrying(): void;
  close(): Promise<void>;
  publish(message: NewMessage): Promise<QueueRecord>;
  put(message: MessageToPut): Promise<void>;
  /** The receivers of the messages of a channel for an agent. */
  receivers(channel: string, agent: string): QueueReceiver[];
  unsubscribe(channel: string, agent: string): Promise<boolean>;
  acknowledge(id: string, agent: string | undefined): Promise<AcknowledgeOutcome>;
  pending(agent: string, channel: string | undefined, limit: number): Promise<QueueDelivery[]>;
  deadLetters(agent: string, channel: string | undefined, limit: number): Promise<QueueDelivery[]>;
  requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome>;
  get(id: string, agent: string | undefined): Promise<QueueRecord | undefined>;
  delete(id: string): Promise<boolean>;
  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]>;
  count(filters: MessageFilters): Promise<number>;
  clear(): Promise<number>;
}

/** The order of delivery: by priority, then by age. */
export function byPriority(a: QueueRecord, b: QueueRecord): number {
  return b.priority - a.priority || a.sequence - b.sequence;
}
