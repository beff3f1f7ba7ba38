/**
 * Topics of a messaging backend with a schema, which a module defines and all sides import.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { callback, objectWith, oneOf, text } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import { Message, type MessageInit } from "../../lib/message/message.ts";
import { rejectOwnOptions } from "../../lib/schema/own_options.ts";
import {
  CHECKING_SIDES,
  type CheckingSide,
  checkOn,
  checkSchema,
  isAskedBy,
  type SentOf,
} from "../../lib/schema/schema_check.ts";
import type { AnySchema, OutputOf } from "../../lib/schema/standard_schema.ts";
import type { MessageHandler, MessagingBackend, StoreMessageOptions } from "./backend.ts";
import type {
  DefinedMessage,
  DefinedMessageHandler,
  DefinedMessageInit,
  DefinedTopic,
  MessageDefinition,
  TopicDefinition,
  TopicOnAny,
} from "./defined.ts";

const OPTIONS = new OptionRules<TopicDefinition>("defineTopic()", {
  schema: checkSchema,
  check: oneOf(...CHECKING_SIDES),
});

const checkBackend = objectWith<MessagingBackend>("storeMessage", "subscribe", "unsubscribe");

/**
 * Defines a topic in a module that all sides import: its name, and what the payloads of its messages are.
 *
 * @throws {TypeError} if the name, the schema or an option is invalid
 *
 * @example
 * ```ts
 * import {
 *   defineTopic,
 *   GemstoneGenerator,
 *   InMemoryMessagingBackend,
 *   typeOnly,
 * } from "@ringbus/ringbus";
 *
 * const temperatures = defineTopic("temperatures", {
 *   schema: typeOnly<{ celsius: number }>(), // or one of zod, valibot or arktype
 * });
 *
 * await using backend = new InMemoryMessagingBackend();
 * const topic = temperatures.on(backend);
 * await topic.subscribe(({ payload }) => console.log(payload.celsius)); // 21.5
 * await topic.storeMessage("house", {
 *   idObj: new GemstoneGenerator(1).getId(),
 *   sender: { id: "sensor-7", name: "Sensor 7" },
 *   payload: { celsius: 21.5 },
 * });
 * ```
 */
export function defineTopic<S extends AnySchema, K extends CheckingSide = "sender">(
  topic: string,
  definition: TopicDefinition<S, K> & MessageDefinition<S, K>,
): TopicOnAny<SentOf<S, K>, OutputOf<S>> {
  checkNoMore("defineTopic()", arguments, 2);
  text("topic", topic);
  OPTIONS.require(definition);
  checkSchema("schema", definition.schema);
  const kept: TopicDefinition = Object.freeze({ ...definition });
  return Object.freeze({
    topic,
    on: (backend: MessagingBackend) =>
      new CheckedTopic(checkBackend("backend", backend), topic, kept),
  }) as TopicOnAny<SentOf<S, K>, OutputOf<S>>;
}

type AnyMessage = DefinedMessage<unknown>;

/** A topic of a backend whose payloads are checked. */
class CheckedTopic implements DefinedTopic<unknown, unknown> {
  readonly topic: string;
  readonly #backend: MessagingBackend;
  readonly #definition: TopicDefinition;
  /** What is subscribed in place of the handlers of the program. */
  readonly #handlers = new Map<DefinedMessageHandler<unknown>, MessageHandler>();

  constructor(backend: MessagingBackend, topic: string, definition: TopicDefinition) {
    this.#backend = backend;
    this.topic = topic;
    this.#definition = definition;
  }

  async storeMessage(
    namespace: string,
    message: DefinedMessageInit<unknown>,
    options?: StoreMessageOptions,
  ): Promise<AnyMessage> {
    checkNoMore("storeMessage()", arguments, 3);
    rejectOwnOptions("storeMessage()", "defineTopic()", this.topic, ["topics"], message);
    const init = { ...message, topics: this.topic } as MessageInit;
    const subject = `cannot store a message in topic ${JSON.stringify(this.topic)}: its payload`;
    const payload = await checkOn("sender", this.#definition, init.payload, subject);
    init.payload = payload as MessageInit["payload"];
    const made = new Message(init);
    await this.#backend.storeMessage(namespace, this.topic, made, options);
    return made;
  }

  async #received(message: Message): Promise<AnyMessage> {
    if (!isAskedBy("receiver", this.#definition)) return message;
    const subject = `the payload of message ${message.id} of topic ${JSON.stringify(this.topic)}`;
    const payload = await checkOn("receiver", this.#definition, message.payload, subject);
    return new Message({ ...message, payload: payload as MessageInit["payload"] });
  }

  #all(messages: readonly Message[]): Promise<AnyMessage[]> {
    return Promise.all(messages.map((message) => this.#received(message)));
  }

  async getMessages(): Promise<AnyMessage[]> {
    checkNoMore("getMessages()", arguments, 0);
    return await this.#all(await this.#backend.getMessagesForTopic(this.topic));
  }

  async getMessagesSince(id: bigint): Promise<AnyMessage[]> {
    checkNoMore("getMessagesSince()", arguments, 1);
    return await this.#all(await this.#backend.getMessagesForTopicSince(this.topic, id));
  }

  async getMessagesStoredAfter(id: bigint): Promise<AnyMessage[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 1);
    return await this.#all(await this.#backend.getMessagesStoredAfter(this.topic, id));
  }

  async subscribe(handler: DefinedMessageHandler<unknown>): Promise<void> {
    checkNoMore("subscribe()", arguments, 1);
    callback("handler", handler);
    let subscribed = this.#handlers.get(handler);
    if (subscribed === undefined) {
      subscribed = isAskedBy("receiver", this.#definition)
        ? this.#checking(handler)
        : handler as MessageHandler;
      this.#handlers.set(handler, subscribed);
    }
    await this.#backend.subscribe(this.topic, subscribed);
  }

  /** Calls a handler with the messages that match, in their order, also if the schema takes its time. */
  #checking(handler: DefinedMessageHandler<unknown>): MessageHandler {
    let last: Promise<unknown> = Promise.resolve();
    return async (message, delivery) => {
      const received = this.#received(message);
      const before = last;
      last = received.catch(() => {});
      await before;
      await handler(await received, delivery);
    };
  }

  async unsubscribe(handler: DefinedMessageHandler<unknown>): Promise<void> {
    checkNoMore("unsubscribe()", arguments, 1);
    const subscribed = this.#handlers.get(handler);
    if (subscribed === undefined) return;
    this.#handlers.delete(handler);
    await this.#backend.unsubscribe(this.topic, subscribed);
  }
}
