/**
 * What a queue needs from the place where its messages lie. The store knows no payloads and no clocks
 * of clients: its own clock is the one that counts.
 *
 * @module
 */

import type { MessageFilters } from "./types.ts";

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
  /** Place in the order of storing: grows within a partition, and with time across partitions. */
  readonly sequence: number;
}

/** A stored message as it stands with an agent. */
export interface QueueDelivery extends QueueRecord {
  readonly attempts: number;
  /** Null when no consumer holds it. */
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

/** Messages taken for a consumer. */
export interface Claim {
  readonly deliveries: QueueDelivery[];
  /** Messages that were trimmed and not reported before. */
  readonly missed: number;
  /** Milliseconds until a lease ends, after which there may be more to take. */
  readonly nextDueMs: number | null;
}

/** One of the places where messages of a channel wait for an agent. */
export interface QueueReceiver {
  /** Enters the agent among the channel's subscribers, if broadcasts come through here. */
  register(from: "now" | "oldest"): Promise<void>;
  /**
   * Leases up to `limit` messages. `reported` of the missed ones that a former claim told have been
   * passed on, and are forgotten.
   */
  claim(limit: number, reported: number): Promise<Claim>;
  /** Gives back messages that nobody has seen, as if they had not been taken; not others' leases. */
  release(deliveries: readonly QueueDelivery[]): Promise<void>;
  /** Calls `onHint` whenever there may be something to claim, until it is ended. */
  listen(onWakeup: () => void): Promise<() => void>;
}

/** How an acknowledgement ended. */
export type AcknowledgeOutcome = "acknowledged" | "absent" | "needs agent";

/** Where the messages lie. */
export interface QueueStore {
  /** Milliseconds after which an idle inbox is looked at without a hint; null: hints are reliable. */
  readonly pollMs: number | null;
  open(): Promise<void>;
  /** The end is near: calls are tried once from now on. */
  stopRetrying(): void;
  close(): Promise<void>;
  publish(message: NewMessage): Promise<QueueRecord>;
  put(message: MessageToPut): Promise<void>;
  /** The places where messages of a channel for an agent wait. */
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
