/**
 * The states of the messages of a channel.
 *
 * @module
 */

import type { StoreStats } from "../store.ts";
import type { PurgedState } from "../types.ts";
import type { Delivery, QueueEntry } from "./entry.ts";

type DeliveryNumbers = Pick<StoreStats, "waiting" | "delayed" | "leased" | "dead" | "oldestMs">;
type DeliveryState = "waiting" | "delayed" | "leased" | "dead" | "done";

/** Counts the messages and deliveries of a channel, which come in the order of storing. */
export function countDeliveries(entries: Iterable<QueueEntry>, dateMs: number): DeliveryNumbers {
  const numbers = { waiting: 0, delayed: 0, leased: 0, dead: 0, done: 0 };
  let oldestMs: number | null = null;
  for (const entry of entries) {
    if (entry.readyAtMs !== null) numbers.delayed++;
    for (const delivery of entry.deliveries.values()) {
      const state = stateOf(delivery);
      numbers[state]++;
      if (state === "waiting") oldestMs = Math.max(oldestMs ?? 0, dateMs - entry.updatedMs);
    }
  }
  const { done: _, ...counted } = numbers;
  return { ...counted, oldestMs };
}

function stateOf(delivery: Delivery): DeliveryState {
  if (delivery.state === "dead") return "dead";
  if (delivery.state === "acknowledged") return "done";
  if (delivery.leaseEnd !== null) return "leased";
  return delivery.retryAt === null ? "waiting" : "delayed";
}

/** The state of a message as `purge` names it. Undefined if a consumer holds it. */
export function purgedStateOf(entry: QueueEntry): PurgedState | undefined {
  const states = new Set(entry.deliveries.values().map(stateOf));
  if (states.has("leased")) return undefined;
  if (entry.readyAtMs !== null) return "delayed";
  const [state = "waiting"] = (["waiting", "delayed", "dead", "done"] as const)
    .filter((name) => states.has(name));
  return state;
}
