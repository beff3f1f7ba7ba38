/**
 * The contract of all messaging backends.
 *
 * @module
 */

import type { ContextHeaders } from "../../lib/base/context_headers.ts";
import type { Instrumentation } from "../../lib/base/instrumentation.ts";
import type { Message } from "../../lib/message/message.ts";

/** The topic of a message, and the pattern that matched it. */
export interface MessageDelivery {
  /** The topic that the message was stored in. */
  topic: string;
  /** The pattern that matched the topic, for a subscription to a pattern. */
  pattern?: string;
}

/**
 * Called with each message that is stored in a topic, in the order of storing. The next call does not
 * wait for the promise of the handler. An error of the handler goes to `onHandlerError`, and does not
 * affect other handlers or messages.
 */
export type MessageHandler = (message: Message, delivery: MessageDelivery) => void | Promise<void>;

/** Data that was published to a channel: delivered, and not stored. */
export interface PublishedMessage {
  /** The channel. */
  channel: string;
  /** The pattern that matched the channel, for a subscription to a pattern. */
  pattern?: string | undefined;
  /** A JSON value, with bigints where a number would lose digits. */
  data: unknown;
  /** When it was published, in seconds since 1970, if the transport transmits it. */
  timestampSeconds?: number | undefined;
  /** Trace context and baggage of the publisher, if it has instrumentation. */
  headers?: ContextHeaders | undefined;
}

/** Called with the data that is published to a channel, with the rules of `MessageHandler`. */
export type PublishedHandler = (published: PublishedMessage) => void | Promise<void>;

/** Options of a subscription. */
export interface SubscriptionOptions {
  /** Called with the data that is published to the channel of the topic's name. */
  onPublished?: PublishedHandler;
}

/** Options of storing a message. */
export interface StoreMessageOptions {
  /** Seconds until the message expires, more than 0. Default: the `ttl` of the message. */
  ttlSeconds?: number | null | undefined;
  /** Rejects a message that the Python clients could not read. Default: that of the backend. */
  strict?: boolean | undefined;
}

/** Options of every backend. */
export interface MessagingBackendOptions {
  /** Called with the errors of handlers. Default: they are logged under `["ringbus"]`. */
  onHandlerError?: (error: unknown, about: Message | PublishedMessage) => void;
  /** Observes what the backend does: `otelInstrumentation()` of `./otel`. Default: none. */
  instrumentation?: Instrumentation;
  /**
   * Rejects messages that the Python clients could not read: with a fraction in `ttl`, an empty payload,
   * or fields of their own. Default: false, they are written so that those clients can read the rest.
   */
  strict?: boolean;
}

/** Handlers by topic, for `loadSubscribers`: a map, or an object. */
export type Subscribers =
  | ReadonlyMap<string, MessageHandler | readonly MessageHandler[]>
  | Readonly<Record<string, MessageHandler | readonly MessageHandler[]>>;

/**
 * Stores messages by topic, and delivers them to subscribers. All backends on one store see the same
 * messages.
 *
 * Topics are global. A namespace scopes the lookup by id: the same id in two namespaces means two
 * messages. A message that is stored again in the same topic of a namespace replaces the earlier one.
 *
 * Every method rejects with `MessagingConnectionError` if the server cannot be reached, with
 * `MessagingRefusedError` if the store rejects the call, and with `MessagingClosedError` after
 * `cleanup()`.
 */
export interface MessagingBackend extends AsyncDisposable {
  /** The handlers of each topic that this backend subscribes to. */
  readonly localHandlers: ReadonlyMap<string, readonly MessageHandler[]>;

  /** Stores a message in a topic, and delivers it to the topic's subscribers in all backends. */
  storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options?: StoreMessageOptions,
  ): Promise<void>;

  /** All messages of a topic, sorted by id: by priority, then by time. */
  getMessagesForTopic(topic: string): Promise<Message[]>;

  /**
   * The messages of a topic whose time is later than that of an id, or the same with a larger id, sorted
   * by id. A message with that id need not exist.
   */
  getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]>;

  /** Another name of `getMessagesForTopicSince`. */
  getMessagesSince(topic: string, sinceId: bigint): Promise<Message[]>;

  /** The first of `getMessagesForTopicSince`, or null. */
  getNextMessageForTopicSince(topic: string, sinceId: bigint): Promise<Message | null>;

  /**
   * The messages of a topic that were stored after the one with an id, in the order of storing, whatever the
   * clocks of their producers show. All of them if the topic has none with the id: it may have expired. To
   * follow a topic, pass the id of the message that was received last.
   */
  getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]>;

  /** The messages of a namespace with these ids, in their order. Unknown ids are omitted. */
  getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]>;

  /**
   * Calls a handler with each message that is stored in a topic after the promise is fulfilled. A topic
   * may have several handlers. The same handler counts once.
   */
  subscribe(topic: string, handler: MessageHandler, options?: SubscriptionOptions): Promise<void>;

  /** Ends the subscription of a handler to a topic. Default: of all its handlers. */
  unsubscribe(topic: string, handler?: MessageHandler): Promise<void>;

  /** Subscribes all handlers of a map of topics. */
  loadSubscribers(subscribers: Subscribers): Promise<void>;

  /** True if `subscribe` works with this backend. */
  supportsSubscription(): boolean;

  /** Checks that the store can be reached. Rejects if it cannot. */
  testConnection(): Promise<void>;

  /** Ends all subscriptions, and disconnects. The end of `await using` does the same. Later calls do nothing. */
  cleanup(): Promise<void>;
}

/** The methods that resemble commands of Redis, on backends whose transport has them. */
export interface RedisLikeBackend {
  /** Sets a key to a JSON value, and replaces any earlier value. `ex` is the time to live in seconds. */
  set(key: string, value: unknown, options?: { ex?: number }): Promise<void>;

  /** The value of a key, or null. */
  get(key: string): Promise<unknown>;

  /** Sets one field of a hash. */
  hset(key: string, field: string, value: unknown): Promise<void>;

  /** The value of one field of a hash, or null. */
  hget(key: string, field: string): Promise<unknown>;

  /** Adds members to a set. Resolves with the number of new members. */
  sadd(key: string, ...members: unknown[]): Promise<number>;

  /** The members of a set, each once. */
  smembers(key: string): Promise<unknown[]>;

  /**
   * Delivers a JSON value to the current subscribers of a channel, without storing it. Resolves with the
   * number of subscriptions that it reached.
   */
  publish(channel: string, message: unknown): Promise<number>;

  /**
   * Calls a handler with each message in the topics that a pattern matches. `*` matches any number of
   * characters, `?` matches one, `[a-z]` and `[^a-z]` match one of a class, and `\` makes the next
   * character literal.
   */
  psubscribe(
    pattern: string,
    handler: MessageHandler,
    options?: SubscriptionOptions,
  ): Promise<void>;

  /** Ends the subscription of a handler to a pattern. Default: of all its handlers. */
  punsubscribe(pattern: string, handler?: MessageHandler): Promise<void>;
}
