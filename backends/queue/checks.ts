/**
 * Checks of what callers pass, and the way between records and stored messages.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import { checkInteger, checkSeconds } from "./config.ts";
import { QueueSerializationError } from "./errors.ts";
import type { MessageToPut, NewMessage, QueueDelivery, QueueRecord } from "./store.ts";
import type { DeliveryRecord, MessageFilters, MessageRecord, PublishOptions } from "./types.ts";

/** Longest channel, agent or message id, in characters. */
const MAX_TEXT_LENGTH = 512;
/** What `limit` is when it is left out. */
const DEFAULT_LIMIT = 100;

/** A channel, agent or message id. */
export function checkText(name: string, value: string): string {
  const isText = typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT_LENGTH;
  if (!isText || !value.isWellFormed() || value.includes("\0")) {
    throw new TypeError(
      `${name} must be well-formed text of 1 to ${MAX_TEXT_LENGTH} characters without NUL, ` +
        `not ${formatValue(value)}`,
    );
  }
  return value;
}

/** A limit, or the default for it. */
export function checkLimit(limit: number | undefined): number {
  return checkInteger("limit", limit ?? DEFAULT_LIMIT, 0);
}

/** Filters without what was left out. */
export function checkFilters(filters: MessageFilters = {}): MessageFilters {
  const { channel, sourceAgent, targetAgent, acknowledged, ...others } = filters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new TypeError(
      `cannot filter by ${
        formatValue(unknown)
      }: filters are channel, sourceAgent, targetAgent and ` +
        `acknowledged`,
    );
  }
  if (acknowledged !== undefined && typeof acknowledged !== "boolean") {
    throw new TypeError(
      `the filter acknowledged must be true or false, not ${formatValue(acknowledged)}`,
    );
  }
  return {
    ...(channel !== undefined && { channel: checkText("channel", channel) }),
    ...(sourceAgent !== undefined && { sourceAgent: checkText("sourceAgent", sourceAgent) }),
    ...(targetAgent !== undefined && { targetAgent: checkTarget(targetAgent) }),
    ...(acknowledged !== undefined && { acknowledged }),
  };
}

function checkTarget(target: string | null): string | null {
  return target === null ? null : checkText("targetAgent", target);
}

/** What `publish` was given, ready to be stored. */
export function toNewMessage(options: PublishOptions, defaultTtlMs: number | null): NewMessage {
  const { ttlSeconds } = options;
  return {
    channel: checkText("channel", options.channel),
    source: checkText("sourceAgent", options.sourceAgent),
    target: checkTarget(options.targetAgent ?? null),
    payload: toJson("payload", options.payload),
    metadata: toJson("metadata", checkMetadata(options.metadata ?? {})),
    priority: checkPriority(options.priority ?? 0),
    ttlMs: ttlSeconds == null ? defaultTtlMs : checkSeconds("ttlSeconds", ttlSeconds),
  };
}

/** A record that the caller made, ready to be stored. */
export function toMessageToPut(record: MessageRecord): MessageToPut {
  return {
    id: checkText("id", record.id),
    channel: checkText("channel", record.channel),
    source: checkText("sourceAgent", record.sourceAgent),
    target: checkTarget(record.targetAgent),
    payload: toJson("payload", record.payload),
    metadata: toJson("metadata", checkMetadata(record.metadata)),
    priority: checkPriority(record.priority),
    createdMs: checkDate("createdAt", record.createdAt),
    expiresMs: record.expiresAt === null ? null : checkDate("expiresAt", record.expiresAt),
    acknowledged: record.acknowledged === true && record.targetAgent !== null,
  };
}

function checkPriority(priority: number): number {
  return checkInteger("priority", priority, Number.MIN_SAFE_INTEGER);
}

function checkMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw new TypeError(`metadata must be an object, not ${formatValue(metadata)}`);
  }
  return metadata;
}

function checkDate(name: string, date: Date): number {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    throw new TypeError(`${name} must be a valid Date, not ${formatValue(date)}`);
  }
  return date.getTime();
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
  const reason = cause instanceof Error ? cause.message : `${formatValue(value)} is no JSON value`;
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
