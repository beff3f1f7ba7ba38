/**
 * Conversion between the records of callers and the records of a store.
 *
 * @module
 */

import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { checkLimits, MAX_JSON_DEPTH } from "../../lib/base/json_limits.ts";
import { checkData, isPlainData } from "../../lib/base/data.ts";
import { checkSeconds } from "../../lib/base/checks.ts";
import { object } from "../../lib/base/option_checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { checkDate, checkName } from "./checks.ts";
import { QueueSerializationError } from "./errors.ts";
import { checkPriority, PUBLISH_OPTIONS, RECORD_FIELDS } from "./options.ts";
import type {
  DeliverySettings,
  MessageToPut,
  NewMessage,
  QueueDeadLetter,
  QueueDelivery,
  QueueRecord,
} from "./store.ts";
import type {
  BackoffPolicy,
  DeadLetter,
  DeliveryRecord,
  MessageRecord,
  PublishedRecord,
  PublishOptions,
} from "./types.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Seconds for which an id of what a message is about is remembered, by default. */
const DEDUPLICATION_SECONDS = 300;
/** The JSON text of the metadata of most messages. */
const NO_METADATA = "{}";

/** Checks the options of `publish`, and makes the message to store. */
export function toNewMessage(options: PublishOptions, defaultTtlMs: number | null): NewMessage {
  PUBLISH_OPTIONS.require(options);
  const { ttlSeconds, metadata, priority = 0, targetAgent = null } = options;
  const { deduplicationSeconds = DEDUPLICATION_SECONDS } = options;
  return {
    channel: checkName("channel", options.channel),
    source: checkName("sourceAgent", options.sourceAgent),
    target: targetAgent,
    payload: toJson("payload", options.payload),
    metadata: metadata === undefined ? NO_METADATA : toJson("metadata", metadata),
    priority,
    ttlMs: ttlSeconds == null ? defaultTtlMs : checkSeconds("ttlSeconds", ttlSeconds),
    ...toDueTime(options),
    ...toSettings(options),
    deduplicationMs: toMs(deduplicationSeconds),
    resultMs: options.resultSeconds === undefined ? null : toMs(options.resultSeconds),
  };
}

function toDueTime(
  { deliverAt, delaySeconds }: PublishOptions,
): Pick<NewMessage, "dueMs" | "delayMs"> {
  if (deliverAt !== undefined && delaySeconds !== undefined) {
    throw new TypeError(
      `publish() takes deliverAt or delaySeconds, not both (given: ${formatValue(deliverAt)} and ` +
        `${formatValue(delaySeconds)}); omit one of them`,
    );
  }
  return {
    dueMs: deliverAt?.getTime() ?? null,
    delayMs: delaySeconds === undefined ? null : toMs(delaySeconds),
  };
}

/** How a message is delivered, of its publisher's options or of its record. */
interface GivenSettings {
  readonly maxAttempts?: number;
  readonly leaseSeconds?: number;
  readonly backoff?: BackoffPolicy;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
}

function toSettings(given: GivenSettings): Omit<DeliverySettings, "resultMs"> {
  const { leaseSeconds, backoff } = given;
  return {
    maxAttempts: given.maxAttempts ?? null,
    leaseMs: leaseSeconds === undefined ? null : toMs(leaseSeconds),
    orderingKey: given.orderingKey ?? null,
    deduplicationId: given.deduplicationId ?? null,
    backoff: backoff === undefined ? null : toJson("backoff", backoff),
  };
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** Checks a record of the caller, and makes the message to store. */
export function toMessageToPut(record: MessageRecord): MessageToPut {
  RECORD_FIELDS.require(record as DeadLetter & PublishedRecord);
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
    dueMs: record.deliverAt?.getTime() ?? null,
    ...toSettings(record),
    resultMs: null,
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
    ...givenSettings(stored),
  };
}

/** The settings that a message has. A plain message has none of these fields. */
function givenSettings(stored: QueueRecord): GivenSettings & { deliverAt?: Date } {
  const { dueMs, orderingKey, deduplicationId, maxAttempts, leaseMs, backoff } = stored;
  return {
    ...dueMs !== null && { deliverAt: new Date(dueMs) },
    ...orderingKey !== null && { orderingKey },
    ...deduplicationId !== null && { deduplicationId },
    ...maxAttempts !== null && { maxAttempts },
    ...leaseMs !== null && { leaseSeconds: leaseMs / 1000 },
    ...backoff !== null && {
      backoff: fromJson(stored.id, "backoff", backoff) as BackoffPolicy,
    },
  };
}

/** The record of a stored message for an agent. */
export function toDelivery<T>(stored: QueueDelivery, agentId: string): DeliveryRecord<T> {
  const { leasedUntilMs, retryMs } = stored;
  return {
    ...toRecord<T>(stored),
    agentId,
    attempts: stored.attempts,
    leasedUntil: leasedUntilMs === null ? null : new Date(leasedUntilMs),
    leaseToken: leasedUntilMs === null ? null : stored.leaseToken,
    ...retryMs !== null && { deliverAt: new Date(retryMs) },
  };
}

/** The record of a message that is not delivered any more. */
export function toDeadLetter<T>(stored: QueueDeadLetter, agentId: string): DeadLetter<T> {
  return {
    ...toDelivery<T>(stored, agentId),
    reason: stored.reason,
    error: stored.error,
    diedAt: new Date(stored.diedMs),
  };
}

/** The JSON text of a value of the caller. `name` says which of a message it is. */
export function toJson(name: string, value: unknown): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = isPlainData(value) ? JSON.stringify(value) : JSON.stringify(value, checkData);
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

/** The value of a stored text. */
export function fromJson(id: string, name: string, text: string): unknown {
  if (text === NO_METADATA) return {};
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
