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

/** A message with its deliveries by agent. */
export interface QueueEntry extends QueueRecord {
  updatedMs: number;
  acknowledged: boolean;
  /** When it expires by the clock for durations; `expiresMs` is the date. */
  readonly deadlineMs: number | null;
  readonly deliveries: TextMap<Delivery>;
}

/** The lease of a consumer. */
export interface Lease {
  /** When it ends, by the clock for durations. */
  readonly endMs: number;
  /** The date of its end. */
  readonly untilMs: number;
}

/** A message for one agent. */
export interface Delivery {
  readonly entry: QueueEntry;
  readonly agent: string;
  attempts: number;
  /** Null without a lease. */
  lease: Lease | null;
  state: "pending" | "acknowledged" | "dead";
  /** When it became a dead letter. */
  diedMs: number;
}

/** Creates a delivery that is in no queue yet. */
export function newDelivery(
  entry: QueueEntry,
  agent: string,
  state: Delivery["state"] = "pending",
): Delivery {
  return { entry, agent, attempts: 0, lease: null, state, diedMs: 0 };
}

/** The order of storing. */
export function bySequence(a: QueueEntry, b: QueueEntry): number {
  return a.sequence - b.sequence;
}

/** The order of expiry. */
export function byExpiry(a: QueueEntry, b: QueueEntry): number {
  return a.deadlineMs! - b.deadlineMs! || bySequence(a, b);
}

/** The order of delivery. */
export function byDeliveryOrder(a: Delivery, b: Delivery): number {
  return byPriority(a.entry, b.entry);
}

/** The order in which deliveries became dead letters. */
export function byDeath(a: Delivery, b: Delivery): number {
  return a.diedMs - b.diedMs || bySequence(a.entry, b.entry);
}

/** The order in which leases end. */
export function byLeaseEnd(a: Delivery, b: Delivery): number {
  return a.lease!.endMs - b.lease!.endMs || bySequence(a.entry, b.entry) ||
    (a.agent < b.agent ? -1 : Number(a.agent > b.agent));
}

/** A delivery as the store returns it. */
export function toQueueDelivery(
  { entry, agent, attempts, lease }: Delivery,
): QueueDelivery {
  return {
    ...toQueueRecord(entry, agent),
    attempts,
    leasedUntilMs: lease?.untilMs ?? null,
    leaseToken: null,
    retryMs: null,
  };
}

/** A dead letter as the store returns it. */
export function toQueueDeadLetter(delivery: Delivery): QueueDeadLetter {
  return { ...toQueueDelivery(delivery), reason: "", error: null, diedMs: delivery.diedMs };
}

/** A message as the store returns it. Each agent acknowledges a broadcast for itself. */
export function toQueueRecord(entry: QueueEntry, agent: string | undefined): QueueRecord {
  const { deliveries, deadlineMs: _, ...message } = entry;
  if (entry.target !== null || agent === undefined) return message;
  return { ...message, acknowledged: deliveries.get(agent)?.state === "acknowledged" };
}
