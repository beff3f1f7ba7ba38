/**
 * Subscriptions to topics of a messaging backend.
 *
 * @module
 */

import type { Entry } from "./client.ts";
import { isName } from "../listing/listing.ts";
import type { MessagingBackend, PublishedMessage } from "../../backends/messaging/backend.ts";
import type { MessageDelivery, SubscriptionOptions } from "../../backends/messaging/backend.ts";
import type { Message } from "../../lib/message/message.ts";

/** A backend that subscribes to patterns as well. */
interface PatternBackend extends MessagingBackend {
  psubscribe(
    pattern: string,
    handler: (message: Message, delivery: MessageDelivery) => void,
    options?: SubscriptionOptions,
  ): Promise<void>;
}

/** Subscribes to topics and patterns, and calls a function with what comes. */
export async function followBackend(
  backend: PatternBackend,
  topics: readonly string[],
  onEntry: (entry: Entry) => void,
): Promise<void> {
  const onMessage = (message: Message, { topic }: MessageDelivery) =>
    onEntry({ topic, value: message.toObject() });
  const onPublished = ({ channel, data }: PublishedMessage) =>
    onEntry({ topic: channel, value: data });
  for (const topic of topics) {
    if (isName(topic)) await backend.subscribe(topic, onMessage, { onPublished });
    else await backend.psubscribe(topic, onMessage, { onPublished });
  }
}
