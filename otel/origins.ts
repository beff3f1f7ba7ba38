/**
 * The origins of received messages: the headers of their senders, and the channel they came through.
 *
 * @module
 */

import { contextHeadersOf } from "../lib/base/context_headers.ts";
import type { MessageOrigin } from "../lib/base/instrumentation.ts";
import { headersOfMessage } from "../backends/messaging/observer.ts";
import { Message } from "../lib/message/message.ts";

/** Origins by the objects that were received. A primitive value is equal to others: it has no origin. */
const origins = new WeakMap<object, MessageOrigin>();

/** Keeps the origin of an object. */
export function setOrigin(value: object, origin: MessageOrigin): void {
  origins.set(value, origin);
}

/** The origin of a value. Undefined if it is unknown. */
export function originOf(value: unknown): MessageOrigin | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return origins.get(value) ?? carriedOrigin(value);
}

/** Messages of backends and records of queues carry their origin. */
function carriedOrigin(value: object): MessageOrigin | undefined {
  if (value instanceof Message) return originOfMessage(value);
  return isRecord(value) ? originOfRecord(value) : undefined;
}

function originOfMessage(message: Message): MessageOrigin {
  return {
    headers: headersOfMessage(message),
    destination: message.topicPublishedTo ?? [message.topics].flat()[0] ?? "",
    messageId: String(message.id),
  };
}

/** The properties of a queue's record that name its origin. */
interface RecordLike {
  readonly id: string;
  readonly channel: string;
  readonly metadata: Record<string, unknown>;
}

function originOfRecord({ id, channel, metadata }: RecordLike): MessageOrigin {
  return { headers: contextHeadersOf(metadata), destination: channel, messageId: id };
}

function isRecord(value: object): value is RecordLike {
  const { id, channel, metadata } = value as Partial<RecordLike>;
  return typeof id === "string" && typeof channel === "string" && typeof metadata === "object" &&
    metadata !== null;
}
