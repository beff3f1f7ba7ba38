/**
 * The pending messages of an agent in one partition.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import { byPriority, type QueueDelivery } from "../store.ts";
import type { QueueClient } from "./client.ts";
import { toDelivery } from "./replies.ts";

/** The first `limit` of them in the order of delivery. They are found step by step, in no order. */
export async function readPending(
  client: QueueClient,
  partition: number,
  agent: string,
  channel: string | undefined,
  limit: number,
): Promise<QueueDelivery[]> {
  let best: QueueDelivery[] = [];
  for (let cursor = ""; cursor !== "done";) {
    const last = best.at(limit - 1);
    const bound = last === undefined ? "" : `${last.priority} ${last.sequence}`;
    const args = [agent, channel ?? "", String(limit), cursor, bound];
    const reply = await client.run("pending", partition, args);
    if (reply === null) continue;
    const [next, ...found] = reply as Reply[];
    cursor = String(next);
    best = merge(best, found.map(toDelivery)).slice(0, limit);
  }
  return best;
}

/** A message that moved meanwhile may be in both. */
function merge(known: readonly QueueDelivery[], found: readonly QueueDelivery[]): QueueDelivery[] {
  const all = new Map([...known, ...found].map((each) => [each.sequence, each]));
  return [...all.values()].sort(byPriority);
}
