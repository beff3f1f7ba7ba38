/**
 * Conversion between the records of callers and the records of a store.
 *
 * @module
 */

import { checkSeconds } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { checkDate, checkMetadata, checkName, checkPriority, checkTarget } from "./checks.ts";
import { QueueSerializationError } from "./errors.ts";
import type { MessageToPut, NewMessage, QueueDelivery, QueueRecord } from "./store.ts";
import type { DeliveryRecord, MessageRecord, PublishOptions } from "./types.ts";

/** Checks the options of `publish`, and makes the message to store. */
export function toNewMessage(options: PublishOptions, defaultTtlMs: number | null): NewMessage {
  const { ttlSeconds } = options;
  return {
    channel: checkName("channel", options.channel),
    source: checkName("sourceAgent", options.sourceAgent),
    target: checkTarget(options.targetAgent ?? null),
    payload: toJson("payload", options.payload),
    metadata: toJson("metadata", checkMetadata(options.metadata ?? {})),
    priority: checkPriority(options.priority ?? 0),
    ttlMs: ttlSeconds == null ? defaultTtlMs : checkSeconds("ttlSeconds", ttlSeconds),
  };
}

/** Checks a record of the caller, and makes the message to store. */
export function toMessageToPut(record: MessageRecord): MessageToPut {
  return {
    id: checkName("id", record.id),
    channel: checkName("channel", record.channel),
    source: checkName("sourceAgent", record.sourceAgent),
    target: checkTarget(record.targetAgent),
    payload: toJson("payload", record.payload),
    metadata: toJson("metadata", checkMetadata(record.metadata)),
    priority: checkPriority(record.priority),
    createdMs: checkDate("createdAt", record.createdAt),
    expiresMs: record.expiresAt === null ? null : checkDate("expiresAt", record.expiresAt),
    acknowledged: record.acknowledged === true && record.targetAgent !== null,
  };
}

/** The record of a stored message. */
export function toRecord<T>(stored: QueueRecord): MessageRecord<T> {
  return {
    id: stored.id,
    createdAt: new Date(stored.createdMs),
    updatedAt: new Date(stored.updatedMs),
    metadata: fromJson(stored.id, "metadata", stored.metadata) as Record<string, unknown>,
    sourceAgent: stored.source,
    targetAgent: stored.target,
    channel: stored.channel,
    payload: fromJson(stored.id, "payload", stored.payload) as T,
    priority: stored.priority,
    acknowledged: stored.acknowledged,
    expiresAt: stored.expiresMs === null ? null : new Date(stored.expiresMs),
  };
}

/** The record of a stored message for an agent. */
export function toDelivery<T>(stored: QueueDelivery, agentId: string): DeliveryRecord<T> {
  return {
    ...toRecord<T>(stored),
    agentId,
    attempts: stored.attempts,
    leasedUntil: stored.leasedUntilMs === null ? null : new Date(stored.leasedUntilMs),
  };
}

function toJson(name: string, value: unknown): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return text;
  const reason = cause instanceof Error
    ? cause.message
    : `${formatValue(value)} is not a JSON value`;
  throw new QueueSerializationError(`cannot store the ${name} of a message: ${reason}`, { cause });
}

function fromJson(id: string, name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new QueueSerializationError(
      `cannot read the ${name} of message ${formatValue(id)}: ${(cause as Error).message}; ` +
        `something other than this queue wrote it`,
      { cause },
    );
  }
}
