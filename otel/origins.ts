/**
 * Where messages come from: the trace contexts of their senders, and where they were received.
 *
 * @module
 */

import type { Context } from "@opentelemetry/api";
import { Message } from "../lib/message/message.ts";
import { contextOf } from "./fields.ts";

/** What is known of a message that was received. */
export interface Origin {
  /** The context of the span that sent it, if it came with one. */
  readonly context: Context | undefined;
  /** The channel or topic that it came through. */
  readonly destination: string;
  /** Its id, if it has one. */
  readonly id?: string;
}

/** By objects that were handed out: what is no object cannot be told from its equals. */
const origins = new WeakMap<object, Origin>();

/** Remembers where a value comes from, if it is an object. */
export function setOrigin(value: unknown, origin: Origin): void {
  if (typeof value === "object" && value !== null) origins.set(value, origin);
}

/** Where a value comes from, as far as is known. */
export function originOf(value: unknown): Origin | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return origins.get(value) ?? originIn(value);
}

/** Messages and records of queues carry it themselves. */
function originIn(value: object): Origin | undefined {
  if (value instanceof Message) return originOfMessage(value);
  return isRecord(value) ? originOfRecord(value) : undefined;
}

/** Where a message of a messaging backend comes from. */
export function originOfMessage(message: Message, topic?: string): Origin {
  const { traceparent, topics, extra } = message;
  return {
    context: contextOf({ traceparent, tracestate: extra.tracestate }),
    destination: topic ?? message.topicPublishedTo ?? [topics].flat()[0] ?? "",
    id: String(message.id),
  };
}

/** What records of queues have that is needed here. */
export interface RecordLike {
  readonly id: string;
  readonly channel: string;
  readonly metadata: Record<string, unknown>;
}

/** Where a record of a message queue comes from. */
export function originOfRecord({ id, channel, metadata }: RecordLike): Origin {
  return { context: contextOf(metadata), destination: channel, id };
}

function isRecord(value: object): value is RecordLike {
  const { id, channel, metadata } = value as Partial<RecordLike>;
  return typeof id === "string" && typeof channel === "string" && typeof metadata === "object" &&
    metadata !== null;
}
