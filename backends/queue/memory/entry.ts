/**
 * A message in memory, and its deliveries to agents.
 *
 * @module
 */

import { byPriority, type QueueDelivery, type QueueRecord } from "../store.ts";

/** A message with its deliveries by agent. */
export interface QueueEntry extends QueueRecord {
  updatedMs: number;
  acknowledged: boolean;
  readonly deliveries: Map<string, Delivery>;
}

/** A message for one agent. */
export interface Delivery {
  readonly entry: QueueEntry;
  readonly agent: string;
  attempts: number;
  /** End of the lease. Null without a lease. */
  leasedUntilMs: number | null;
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
  return { entry, agent, attempts: 0, leasedUntilMs: null, state, diedMs: 0 };
}

/** The order of storing. */
export function bySequence(a: QueueEntry, b: QueueEntry): number {
  return a.sequence - b.sequence;
}

/** The order of expiry. */
export function byExpiry(a: QueueEntry, b: QueueEntry): number {
  return a.expiresMs! - b.expiresMs! || bySequence(a, b);
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
  return a.leasedUntilMs! - b.leasedUntilMs! || bySequence(a.entry, b.entry) ||
    (a.agent < b.agent ? -1 : Number(a.agent > b.agent));
}

/** A delivery as the store returns it. */
export function toQueueDelivery(
  { entry, agent, attempts, leasedUntilMs }: Delivery,
): QueueDelivery {
  return { ...toQueueRecord(entry, agent), attempts, leasedUntilMs };
}

/** A message as the store returns it. Each agent acknowledges a broadcast for itself. */
export function toQueueRecord(entry: QueueEntry, agent: string | undefined): QueueRecord {
  const { deliveries, ...message } = entry;
  if (entry.target !== null || agent === undefined) return message;
  return { ...message, acknowledged: deliveries.get(agent)?.state === "acknowledged" };
}
