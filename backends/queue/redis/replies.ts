/**
 * Messages in the replies of scripts.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import type { QueueDelivery, QueueRecord } from "../store.ts";

/** Index of the end of the lease in the reply. The number of attempts comes before it. */
const LEASED_UNTIL = 13;

/** The message of a reply. */
export function toRecord(reply: Reply): QueueRecord {
  const [id, channel, source, target, payload, metadata, priority, ...rest] = reply as string[];
  const [created, updated, expires, sequence, acknowledged] = rest;
  return {
    id,
    channel,
    source,
    target: target === "" ? null : target,
    payload,
    metadata,
    priority: Number(priority),
    createdMs: Number(created),
    updatedMs: Number(updated),
    expiresMs: expires === "" ? null : Number(expires),
    acknowledged: Number(acknowledged) === 1,
    sequence: Number(sequence),
    dueMs: null,
    maxAttempts: null,
    leaseMs: null,
    orderingKey: null,
    deduplicationId: null,
    backoff: null,
    resultMs: null,
  };
}

/** The message of a reply with its delivery to an agent. */
export function toDelivery(reply: Reply): QueueDelivery {
  const fields = reply as string[];
  const leasedUntil = fields[LEASED_UNTIL];
  return {
    ...toRecord(reply),
    attempts: Number(fields[LEASED_UNTIL - 1]),
    leasedUntilMs: leasedUntil === "" ? null : Number(leasedUntil),
    leaseToken: null,
    retryMs: null,
  };
}
