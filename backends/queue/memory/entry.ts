/**
 * A message in memory, and its deliveries to agents.
 *
 * @module
 */

import type { TextMap } from "../../../lib/base/text_map.ts";
import {
  byPriority,
  type QueueDeadLetter,
  type QueueDelivery,
  type QueueRecord,
} from "../store.ts";

/** A time: by the clock for durations, and as a date. */
export interface Moment {
  readonly ms: number;
  readonly dateMs: number;
}

/** The time after a delay. */
export function after({ ms, dateMs }: Moment, delayMs: number): Moment {
  return { ms: ms + delayMs, dateMs: dateMs + delayMs };
}

/** A message with its deliveries by agent. */
export interface QueueEntry extends QueueRecord {
  updatedMs: number;
  acknowledged: boolean;
  /** When it expires by the clock for durations; `expiresMs` is the date. */
  readonly deadlineMs: number | null;
  /** When it is due by the clock for durations, until then; `dueMs` is the date. */
  readyAtMs: number | null;
  /** Whether an agent has unsubscribed that had not acknowledged it. */
  isAbandoned: boolean;
  /** What its deliveries begin with when it is due. Null unless it replaces a message that was delivered. */
  readonly former: FormerAttempts | null;
  readonly deliveries: TextMap<Delivery>;
}

/** The attempts of the message that another one replaces. */
export interface FormerAttempts {
  readonly byAgent: readonly (readonly [agent: string, attempts: number])[];
  /** Of the queue that has replaced it. */
  readonly maxAttempts: number;
}

/** A message for one agent. */
export interface Delivery {
  readonly entry: QueueEntry;
  readonly agent: string;
  attempts: number;
  /** When the lease of a consumer ends. Null without a lease. */
  leaseEnd: Moment | null;
  /** After how many attempts the end of its last lease makes it a dead letter. Null before the first. */
  maxAttempts: number | null;
  /** Names the last lease, until another consumer can have the message. */
  token: string | null;
  /** When its next attempt is due. Null if it does not wait for one. */
  retryAt: Moment | null;
  state: "pending" | "acknowledged" | "dead";
  /** Its place among the messages with one ordering key. */
  turn: number;
  /** How it became a dead letter. */
  death: Death | null;
}

/** Why and when a delivery became a dead letter. */
export interface Death {
  readonly at: Moment;
  readonly reason: string;
  readonly error: string | null;
}

/** Creates a delivery that is in no queue yet. */
export function newDelivery(
  entry: QueueEntry,
  agent: string,
  attempts = 0,
  state: Delivery["state"] = "pending",
): Delivery {
  return {
    entry,
    agent,
    attempts,
    leaseEnd: null,
    maxAttempts: null,
    token: null,
    retryAt: null,
    state,
    turn: 0,
    death: null,
  };
}

/** The order of storing. */
export function bySequence(a: QueueEntry, b: QueueEntry): number {
  return a.sequence - b.sequence;
}

/** The order of expiry. */
export function byExpiry(a: QueueEntry, b: QueueEntry): number {
  return a.deadlineMs! - b.deadlineMs! || bySequence(a, b);
}

/** The order in which messages are due. */
export function byDueTime(a: QueueEntry, b: QueueEntry): number {
  return a.readyAtMs! - b.readyAtMs! || bySequence(a, b);
}

/** The order of delivery. */
export function byDeliveryOrder(a: Delivery, b: Delivery): number {
  return byPriority(a.entry, b.entry);
}

/** The order in which deliveries became dead letters. */
export function byDeath(a: Delivery, b: Delivery): number {
  return a.death!.at.ms - b.death!.at.ms || bySequence(a.entry, b.entry);
}

/** The order in which leases end. */
export function byLeaseEnd(a: Delivery, b: Delivery): number {
  return a.leaseEnd!.ms - b.leaseEnd!.ms || byName(a, b);
}

/** The order in which the next attempts are due. */
export function byRetryTime(a: Delivery, b: Delivery): number {
  return a.retryAt!.ms - b.retryAt!.ms || byName(a, b);
}

function byName(a: Delivery, b: Delivery): number {
  return bySequence(a.entry, b.entry) || (a.agent < b.agent ? -1 : Number(a.agent > b.agent));
}

/** A delivery as the store returns it. */
export function toQueueDelivery(delivery: Delivery): QueueDelivery {
  return {
    ...toQueueRecord(delivery.entry, delivery.agent),
    attempts: delivery.attempts,
    leasedUntilMs: delivery.leaseEnd?.dateMs ?? null,
    leaseToken: delivery.token,
    retryMs: delivery.retryAt?.dateMs ?? null,
  };
}

/** A dead letter as the store returns it. */
export function toQueueDeadLetter(delivery: Delivery): QueueDeadLetter {
  const { at, reason, error } = delivery.death!;
  return { ...toQueueDelivery(delivery), reason, error, diedMs: at.dateMs };
}

/** A message as the store returns it. Each agent acknowledges a broadcast for itself. */
export function toQueueRecord(entry: QueueEntry, agent: string | undefined): QueueRecord {
  const { deliveries, deadlineMs: _, readyAtMs: _readyAtMs, ...rest } = entry;
  const { former: _former, isAbandoned: _isAbandoned, ...message } = rest;
  if (entry.target !== null || agent === undefined) return message;
  return { ...message, acknowledged: deliveries.get(agent)?.state === "acknowledged" };
}
