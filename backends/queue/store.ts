/**
 * The contract between a queue and its store. The store does not read payloads. Times are those of its
 * own clock, not of a client's.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import type {
  CountedEvent,
  InitializeOptions,
  MessageFilters,
  PurgedState,
  QueueEvent,
} from "./types.ts";

/** How a message is to be delivered. What is null is as the queue has it. */
export interface DeliverySettings {
  readonly maxAttempts: number | null;
  readonly leaseMs: number | null;
  readonly orderingKey: string | null;
  readonly deduplicationId: string | null;
  /** A policy as JSON, which the store does not read. */
  readonly backoff: string | null;
  /** How long the result of its worker is kept. Null: not at all. */
  readonly resultMs: number | null;
}

/** A message with its JSON as text. Times are milliseconds since 1970. */
export interface QueueRecord extends DeliverySettings {
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
  /** When it is due, if it was published for later. */
  readonly dueMs: number | null;
  /** Position in the order of storing. It grows within a partition, and with time across partitions. */
  readonly sequence: number;
}

/** A stored message with its delivery to an agent. */
export interface QueueDelivery extends QueueRecord {
  readonly attempts: number;
  /** End of the lease. Null without a lease. */
  readonly leasedUntilMs: number | null;
  /** Names the lease. A new lease has another token. Null before the first lease. */
  readonly leaseToken: string | null;
  /** When the next attempt is due, after a release with a delay. */
  readonly retryMs: number | null;
}

/** A delivery that has ended without an acknowledgement. */
export interface QueueDeadLetter extends QueueDelivery {
  readonly reason: string;
  readonly error: string | null;
  readonly diedMs: number;
}

/** A message to publish. */
export interface NewMessage extends DeliverySettings {
  /** The time at which it is due, or the delay until then. At most one of them is not null. */
  readonly dueMs: number | null;
  readonly delayMs: number | null;
  /** How long `deduplicationId` is remembered. */
  readonly deduplicationMs: number;
  readonly channel: string;
  readonly source: string;
  readonly target: string | null;
  readonly payload: string;
  readonly metadata: string;
  readonly priority: number;
  /** Null: no expiry. */
  readonly ttlMs: number | null;
}

/** What became of a message to publish. */
export type PublishOutcome = { readonly record: QueueRecord; readonly isNew: boolean } | "full";

/** A message to store under its own id. */
export type MessageToPut = Omit<QueueRecord, "sequence" | "updatedMs">;

/** Messages that were leased to a consumer. */
export interface Claim {
  readonly deliveries: QueueDelivery[];
  /** Number of messages that were trimmed and not reported yet. */
  readonly missed: number;
  /**
   * Milliseconds until more messages may be ready: a lease ends, a delayed message is due, a window of the rate
   * limit begins. Null if none is known.
   */
  readonly nextDueMs: number | null;
  /** Whether `nextDueMs` is 0 if more messages are ready now. If not, they may be ready after a claim of `limit`. */
  readonly knowsMore?: boolean;
}

/** Who claims messages, and how many it may. */
export interface Claimant {
  /** The process that holds the leases, where their tokens name it. */
  readonly holder?: string;
  /** Unique name of the subscription or worker. */
  readonly consumer: string;
  /** Most messages in a window of time, over all who claim from the channel with a rate. */
  readonly rate: { readonly max: number; readonly windowMs: number } | null;
}

/**
 * Tells a consumer that messages may be ready, now or in some milliseconds. Returns whether the consumer was waiting
 * for that: if not, it claims only when it has done what it does now.
 */
export type OnWakeup = (inMs?: number) => boolean;

/** Ends a reservation: with the message, which is leased to the consumer, or without one. */
export type SettleReservation = (delivery: QueueDelivery | undefined) => void;

/** Receives the messages of a channel for an agent from one partition. */
export interface QueueReceiver {
  /** Subscribes the agent to the broadcasts of the channel, if they are in this partition. */
  register(from: "now" | "oldest"): Promise<void>;
  /**
   * Leases up to `limit` messages. `reported` missed messages of an earlier claim have been reported to
   * the subscriber, and are subtracted from the count.
   */
  claim(limit: number, reported: number, claimant: Claimant): Promise<Claim>;
  /**
   * Acknowledges a message of this receiver, and claims others without a rate, in one call of the store. A receiver
   * whose store is no server has no use for it.
   */
  acknowledgeAndClaim?(
    target: DeliveryTarget,
    result: string | undefined,
    limit: number,
    reported: number,
    claimant: Claimant,
  ): Promise<{ outcome: AcknowledgeOutcome; claim: Claim }>;
  /** Releases leases of messages that were not yielded, as if they had not been claimed. */
  release(deliveries: readonly QueueDelivery[]): Promise<void>;
  /**
   * Calls `onWakeup` when messages may be ready, until the result is called. A store that leases a message when it
   * stores it calls `reserve` before: it returns undefined if the consumer does not take one without a claim.
   */
  listen(
    onWakeup: OnWakeup,
    reserve?: () => SettleReservation | undefined,
  ): Promise<() => void>;
}

/** How an acknowledgement ended. */
export type AcknowledgeOutcome = "acknowledged" | "absent" | "needs agent" | "lost";

/** How a change of a lease ended. */
export type LeaseOutcome = "done" | "absent" | "needs agent" | "lost";

/** A delivery that a call concerns. */
export interface DeliveryTarget {
  readonly id: string;
  /** Undefined: the target of the message. */
  readonly agent: string | undefined;
  /** The lease of the caller. Undefined: whoever has it. */
  readonly token: string | undefined;
}

/** Why a delivery is given back or rejected. */
export interface Failure {
  readonly reason: string | null;
  readonly error: string | null;
}

/** What a worker has made of a message. */
export type StoredResult =
  | { readonly type: "result"; readonly json: string }
  | { readonly type: "dead"; readonly reason: string; readonly error: string | null };

/** Numbers of a channel. */
export interface StoreStats {
  readonly waiting: number;
  readonly delayed: number;
  readonly leased: number;
  readonly dead: number;
  readonly consumers: number;
  readonly oldestMs: number | null;
  readonly isPaused: boolean;
  readonly totals: Record<CountedEvent, number>;
  readonly perSecond: Record<CountedEvent, number>;
}

/** A schedule. `rule` and `message` are JSON, which the store does not read. */
export interface StoredSchedule {
  readonly key: string;
  readonly rule: string;
  readonly message: string;
  /** Null: it has ended. */
  readonly nextMs: number | null;
  readonly count: number;
}

/** The store of a queue. */
export interface QueueStore {
  /** Milliseconds after which an idle subscription claims without a wakeup. Null: wakeups are reliable. */
  readonly pollMs: number | null;
  open(options?: InitializeOptions): Promise<void>;
  /** Ends all repetitions: from now on each call has one attempt. */
  stopRetrying(): void;
  close(): Promise<void>;
  publish(message: NewMessage): Promise<PublishOutcome>;
  put(message: MessageToPut): Promise<void>;
  /** The receivers of the messages of a channel for an agent. */
  receivers(channel: string, agent: string): QueueReceiver[];
  unsubscribe(channel: string, agent: string): Promise<boolean>;
  /** `result` is JSON. It is kept if the message asks for it. */
  acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome>;
  /** Moves the end of a lease to `leaseMs` from now, or by what a new lease of the message has. */
  extend(target: DeliveryTarget, leaseMs: number | undefined): Promise<LeaseOutcome>;
  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): Promise<LeaseOutcome>;
  reject(target: DeliveryTarget, failure: Failure): Promise<LeaseOutcome>;
  /** Tells `value`, JSON, to those who listen to events. */
  progress(target: DeliveryTarget, value: string): Promise<LeaseOutcome>;
  /** What a worker has made of a message. Undefined before, and when it is not kept any more. */
  result(id: string): Promise<StoredResult | undefined>;
  /** Messages that are published for later, the next one first. */
  delayed(channel: string | undefined, limit: number): Promise<QueueRecord[]>;
  setPaused(channel: string, isPaused: boolean): Promise<void>;
  channels(): Promise<string[]>;
  stats(channel: string): Promise<StoreStats>;
  purge(channel: string, states: readonly PurgedState[]): Promise<number>;
  /** Calls `onEvent` with what happens in all processes, until the result is called. */
  listenToEvents(onEvent: (event: QueueEvent) => void): Promise<() => void>;
  /**
   * Stores a schedule in place of one with the same key, whose next time is `replacedMs`: null if it has ended,
   * undefined if there is none. False if that is not so, because another process has changed or fired it.
   */
  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): Promise<boolean>;
  removeSchedule(key: string): Promise<boolean>;
  /** All schedules by key, and the time of the store. */
  schedules(): Promise<{ readonly nowMs: number; readonly schedules: StoredSchedule[] }>;
  /**
   * Publishes the message of a schedule whose next time is `dueMs`, unless another process has done so, and sets
   * its next time. With no message the time is skipped. False if the next time is another one.
   */
  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
  ): Promise<boolean>;
  pending(agent: string, channel: string | undefined, limit: number): Promise<QueueDelivery[]>;
  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]>;
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

/** Why a delivery whose attempts are used up is a dead letter, if nobody has given a reason. */
export function exhaustedReason(attempts: number): string {
  return `delivered ${pluralize(attempts, "time")} without acknowledgement`;
}
