/**
 * How a process opens the queue of a run under faults.
 *
 * @module
 */

import { type MessageQueue, type QueueConfig, ShmMessageQueue } from "../../../mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { MAX_ATTEMPTS } from "./ledger.ts";
import { LEASE_MS } from "./plan.ts";

/** Where the queue is. */
export type Access = { dir: string } | {
  redisUrl: string;
  minReplicas: number;
  partitions: number;
};

const CONFIG: QueueConfig = {
  leaseSeconds: LEASE_MS / 1000,
  maxItems: 10_000_000,
  maxAttempts: MAX_ATTEMPTS,
};
const CALLS: QueueConfig = { commandTimeoutMs: 1000, deadlineMs: 30_000 };

/** Opens the queue, as soon as its server is there. */
export async function openQueue(access: Access): Promise<MessageQueue> {
  const queue = "dir" in access
    ? new ShmMessageQueue({ name: "q", persist: true, ...access, ...CONFIG })
    : new RedisMessageQueue({ ...access, ...CONFIG, ...CALLS });
  const timeoutMs = 60_000;
  await queue.initialize({ timeoutMs });
  return queue;
}
