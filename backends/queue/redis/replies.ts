/**
 * Messages in the replies of scripts.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import type { Reply } from "../../redis/connection.ts";
import {
  exhaustedReason,
  type Failure,
  type QueueDeadLetter,
  type QueueDelivery,
  type QueueRecord,
} from "../store.ts";
import { settingsOf } from "./settings.ts";

/** Index of the number of attempts in the reply. What concerns the delivery follows. */
const ATTEMPTS = 14;

/** The message of a reply. */
export function toRecord(reply: Reply): QueueRecord {
  const [id, channel, source, target, payload, metadata, priority, ...rest] = reply as string[];
  const [created, updated, expires, sequence, acknowledged, settings, due] = rest;
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
    expiresMs: timeOf(expires),
    acknowledged: Number(acknowledged) === 1,
    dueMs: timeOf(due),
    sequence: Number(sequence),
    ...settingsOf(settings),
  };
}

/** The message of a reply with its delivery to an agent. */
export function toDelivery(reply: Reply): QueueDelivery {
  const [attempts, token, leasedUntil, retry] = (reply as string[]).slice(ATTEMPTS);
  return {
    ...toRecord(reply),
    attempts: Number(attempts),
    leasedUntilMs: timeOf(leasedUntil),
    leaseToken: token === "" ? null : token,
    retryMs: timeOf(retry ?? ""),
  };
}

/** Index of the payload in a text, behind everything else. */
const PAYLOAD_IN_TEXT = 16;
/** Index of the payload in a reply. */
const PAYLOAD = 4;

/** The message of a claim with its delivery: a reply, or its texts as one. */
export function toClaimed(reply: Reply): QueueDelivery {
  if (typeof reply !== "string") return toDelivery(reply);
  const texts = reply.split("\0");
  const payload = texts.splice(PAYLOAD_IN_TEXT).join("\0");
  texts.splice(PAYLOAD, 0, payload);
  return toDelivery(texts);
}

/** The dead letter of a reply. */
export function toDeadLetter(reply: Reply): QueueDeadLetter {
  const delivery = toDelivery(reply);
  const [failure, died] = (reply as string[]).slice(ATTEMPTS + 4);
  return { ...delivery, ...failureOf(failure, delivery.attempts), diedMs: Number(died) };
}

/** Why a message with some attempts is dead. The text is empty if they were used up. */
export function failureOf(
  text: string,
  attempts: number,
): { reason: string; error: string | null } {
  const failure = text === "" ? { reason: null, error: null } : parsePlainJson(text);
  const { reason, error } = failure as Failure;
  return { reason: reason ?? exhaustedReason(attempts), error };
}

function timeOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
