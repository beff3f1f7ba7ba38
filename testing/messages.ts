/**
 * Waiting for messages in a test.
 *
 * @module
 */

import { pluralize } from "../lib/base/pluralize.ts";
import { checkNoMore } from "../lib/base/checks.ts";
import { durationMs } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import type { Message } from "../lib/message/message.ts";
import type { MessageHandler, MessagingBackend } from "../backends/messaging/backend.ts";
import { eventually } from "./wait.ts";

/** Default timeout, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Options of a wait. */
export interface WaitForMessagesOptions {
  /** Milliseconds. Default: 10,000. */
  timeoutMs?: number;
}

const OPTIONS = new OptionRules<WaitForMessagesOptions>("waitForMessages()", {
  timeoutMs: durationMs,
});

/** Collects messages in the order of the calls of its handler. */
export class MessageCollector {
  readonly #messages: Message[] = [];

  /** The handler to subscribe. */
  readonly handler: MessageHandler = (message) => {
    this.#messages.push(message);
  };

  /** The messages so far. */
  get messages(): readonly Message[] {
    return this.#messages;
  }
}

/**
 * Waits until a collector has a number of messages. Resolves with all messages that it has then.
 *
 * @throws {Error} after `timeoutMs`, with the number that arrived
 *
 * @example
 * ```ts
 * import { GemstoneGenerator, Message } from "@ringbus/ringbus";
 * import { MessageCollector, socketMessagingBackend, waitForMessages } from "@ringbus/ringbus/testing";
 *
 * await using backend = await socketMessagingBackend();
 * const collector = new MessageCollector();
 * await backend.subscribe("news", collector.handler);
 * const message = new Message({
 *   idObj: new GemstoneGenerator(1).getId(),
 *   sender: { id: "1", name: "sender" },
 *   topics: "news",
 *   payload: { text: "hello" },
 * });
 * await backend.storeMessage("demo", "news", message);
 * const [received] = await waitForMessages(collector, 1);
 * console.log(received.payload.text); // hello
 * ```
 */
export async function waitForMessages(
  source: MessageCollector | { backend: MessagingBackend; topic: string },
  count: number,
  options: WaitForMessagesOptions = {},
): Promise<readonly Message[]> {
  checkNoMore("waitForMessages()", arguments, 3);
  OPTIONS.check(options);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  checkSource(source);
  const poll = async () =>
    source instanceof MessageCollector
      ? source.messages
      : await source.backend.getMessagesForTopic(source.topic);
  let messages = await poll();
  await eventually(
    async () => (messages = await poll()).length >= count,
    timeoutMs,
    () =>
      new Error(
        `${messages.length} of ${pluralize(count, "message")} arrived within ${timeoutMs} ms`,
      ),
  );
  return messages;
}

function checkSource(source: unknown): void {
  if (source instanceof MessageCollector) return;
  const { backend, topic } = (source ?? {}) as { backend?: unknown; topic?: unknown };
  if (typeof backend === "object" && backend !== null && typeof topic === "string") return;
  throw new TypeError(
    `source must be a MessageCollector, or { backend, topic }, not ${formatValue(source)}`,
  );
}
