/**
 * Conversion between the records of callers and the records of a store.
 *
 * @module
 */

import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { checkLimits, MAX_JSON_DEPTH } from "../../lib/base/json_limits.ts";
import { checkData } from "../../lib/base/data.ts";
import { checkSeconds } from "../../lib/base/checks.ts";
import { object } from "../../lib/base/option_checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { checkDate, checkName } from "./checks.ts";
import { QueueSerializationError } from "./errors.ts";
import { checkPriority, PUBLISH_OPTIONS, RECORD_FIELDS } from "./options.ts";
import type { MessageToPut, NewMessage, QueueDelivery, QueueRecord } from "./store.ts";
import type { DeliveryRecord, MessageRecord, PublishOptions } from "./types.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Checks the options of `publish`, and makes the message to store. */
export function toNewMessage(options: PublishOptions, defaultTtlMs: number | null): NewMessage {
  PUBLISH_OPTIONS.require(options);
  const { ttlSeconds, metadata = {}, priority = 0, targetAgent = null } = options;
  return {
    channel: checkName("channel", options.channel),
    source: checkName("sourceAgent", options.sourceAgent),
    target: targetAgent,
    payload: toJson("payload", options.payload),
    metadata: toJson("metadata", metadata),
    priority,
    ttlMs: ttlSeconds == null ? defaultTtlMs : checkSeconds("ttlSeconds", ttlSeconds),
  };
}

/** Checks a record of the caller, and makes the message to store. */
export function toMessageToPut(record: MessageRecord): MessageToPut {
  RECORD_FIELDS.require(record as DeliveryRecord);
  const { expiresAt, targetAgent } = record;
  return {
    id: checkName("id", record.id),
    channel: checkName("channel", record.channel),
    source: checkName("sourceAgent", record.sourceAgent),
    target: targetAgent === null ? null : checkName("targetAgent", targetAgent),
    payload: toJson("payload", record.payload),
    metadata: toJson("metadata", object("metadata", record.metadata)),
    priority: checkPriority("priority", record.priority),
    createdMs: checkDate("createdAt", record.createdAt).getTime(),
    expiresMs: expiresAt === null ? null : checkDate("expiresAt", expiresAt).getTime(),
    acknowledged: record.acknowledged === true && targetAgent !== null,
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
    text = JSON.stringify(value, checkData);
    if (text !== undefined) checkLimits(text, MAX_JSON_DEPTH);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined && cause === undefined) return text;
  const reason = cause instanceof Error
    ? cause.message
    : `${formatValue(value)} is not a JSON value`;
  throw new QueueSerializationError(`cannot store the ${name} of a message: ${reason}`, { cause });
}

function fromJson(id: string, name: string, text: string): unknown {
  try {
    return parsePlainJson(text);
  } catch (cause) {
    throw new QueueSerializationError(
      `cannot read the ${name} of message ${formatValue(id)}: ${messageOf(cause)}; ` +
        `another program wrote it`,
      { cause },
    );
  }
}
