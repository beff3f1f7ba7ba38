/**
 * The types of topics with a schema.
 *
 * @module
 */

import type { Message, MessageInit } from "../../lib/message/message.ts";
import type { CarriedOf, CheckingSide } from "../../lib/schema/schema_check.ts";
import type { SendingProblem } from "../../lib/schema/sendable.ts";
import type { AnySchema } from "../../lib/schema/standard_schema.ts";
import type { MessageDelivery, MessagingBackend, StoreMessageOptions } from "./backend.ts";

/** What `defineTopic` takes. */
export interface TopicDefinition<
  S extends AnySchema = AnySchema,
  K extends CheckingSide = CheckingSide,
> {
  /** What payloads are: any Standard Schema, version 1, of objects. It may be asynchronous. */
  readonly schema: S;
  /**
   * Who asks the schema. `"sender"`: what does not match is not stored. `"receiver"`: what does not match is no
   * message for a handler, but an error for `onHandlerError`. `"none"`: nobody, the schema is a type. Default:
   * `"sender"`.
   */
  readonly check?: K | undefined;
}

/** A message with a payload of type `O`. */
export type DefinedMessage<O> = Omit<Message, "payload"> & {
  /** The content. */
  readonly payload: O;
};

/** The fields of a new message of a defined topic: its definition decides the topic. */
export type DefinedMessageInit<I> = Omit<MessageInit, "topics" | "payload"> & {
  /** The content. */
  payload: I;
};

/** Called with each message of a defined topic. */
export type DefinedMessageHandler<O> = (
  message: DefinedMessage<O>,
  delivery: MessageDelivery,
) => void | Promise<void>;

/** A topic of a backend. Payloads are `I` for those who store, and `O` for those who read. */
export interface DefinedTopic<I, O> {
  /** The topic. */
  readonly topic: string;
  /** Makes a message and stores it; resolves with the message. See `MessagingBackend.storeMessage`. */
  storeMessage(
    namespace: string,
    message: DefinedMessageInit<I>,
    options?: StoreMessageOptions,
  ): Promise<DefinedMessage<O>>;
  /** As `MessagingBackend.getMessagesForTopic`. */
  getMessages(): Promise<DefinedMessage<O>[]>;
  /** As `MessagingBackend.getMessagesForTopicSince`. */
  getMessagesSince(id: bigint): Promise<DefinedMessage<O>[]>;
  /** As `MessagingBackend.getMessagesStoredAfter`. */
  getMessagesStoredAfter(id: bigint): Promise<DefinedMessage<O>[]>;
  /** As `MessagingBackend.subscribe`. */
  subscribe(handler: DefinedMessageHandler<O>): Promise<void>;
  /** As `MessagingBackend.unsubscribe`, for one handler of `subscribe`. */
  unsubscribe(handler: DefinedMessageHandler<O>): Promise<void>;
}

/** A defined topic that is not yet on a backend. */
export interface TopicOnAny<I, O> {
  /** The topic. */
  readonly topic: string;
  /** The topic on a backend of any kind, which the program opens and closes. */
  on(backend: MessagingBackend): DefinedTopic<I, O>;
}

/** Rejects a definition with what messages cannot hold: the error of TypeScript is the text of the problem. */
export type MessageDefinition<S extends AnySchema, K extends CheckingSide> =
  | SendingProblem<"JSON with bigints", CarriedOf<S, K>>
  | (CarriedOf<S, K> extends object ? never : "the payload of a message is an object") extends
  infer Problem ? [Problem] extends [never] ? unknown : { readonly schema: Problem }
  : never;
