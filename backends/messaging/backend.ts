/**
 * What every messaging backend does, whatever carries its messages.
 *
 * @module
 */

import type { Message } from "../../lib/message/message.ts";

/** How a message came to a handler. */
export interface MessageDelivery {
  /** The topic it was stored in. */
  topic: string;
  /** The pattern that matched the topic, if it came through one. */
  pattern?: string;
}

/**
 * Called with each message that is stored in a topic. Messages come in the order in which they were
 * stored; what the handler returns is not waited for. An error it throws, or rejects with, goes to
 * `onHandlerError` and keeps no other handler or message back.
 */
export type MessageHandler = (message: Message, delivery: MessageDelivery) => void | Promise<void>;

/** Something that was published to a channel: handed out, and not stored. */
export interface PublishedMessage {
  /** The channel it was published to. */
  channel: string;
  /** The pattern that matched the channel, if it came through one. */
  pattern?: string;
  /** A text, or another JSON value with bigints where a number would lose digits. */
  data: unknown;
  /** When it was published, in seconds of the Unix epoch, where the carrier tells. */
  timestampSeconds?: number;
}

/** Called with each text or value that is published to a channel; the rules of `MessageHandler` hold. */
export type PublishedHandler = (published: PublishedMessage) => void | Promise<void>;

/** Options of a subscription. */
export interface SubscriptionOptions {
  /** Takes what is published to the channel of the topic's name, which is no message. */
  onPublished?: PublishedHandler;
}

/** Options of storing a message. */
export interface StoreMessageOptions {
  /** Seconds after which the message is forgotten, more than 0, in place of the message's own `ttl`. */
  ttlSeconds?: number | null;
}

/** Options of every backend. */
export interface MessagingBackendOptions {
  /** Takes what handlers throw; left out, it is logged as an error under `["ringbus"]`. */
  onHandlerError?: (error: unknown, about: Message | PublishedMessage) => void;
}

/** Handlers by topic, as `loadSubscribers` takes them: a map, or an object. */
export type Subscribers =
  | ReadonlyMap<string, MessageHandler | readonly MessageHandler[]>
  | Readonly<Record<string, MessageHandler | readonly MessageHandler[]>>;

/**
 * Stores messages by topic, and tells subscribers of them. All backends on one store, wherever they
 * run, see the same.
 *
 * Topics are global. A namespace scopes looking up by id: the same id in two namespaces is two messages,
 * stored again in one and the same topic it replaces the message before.
 *
 * Every method rejects with `MessagingConnectionError` when the server cannot be reached,
 * `MessagingRefusedError` when the store refuses the call, and `MessagingClosedError` after `cleanup()`.
 */
export interface MessagingBackend extends AsyncDisposable {
  /** The handlers of each topic that this backend subscribes to. */
  readonly localHandlers: ReadonlyMap<string, readonly MessageHandler[]>;

  /** Stores a message in a topic and tells the topic's subscribers, those of other backends too. */
  storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options?: StoreMessageOptions,
  ): Promise<void>;

  /** All messages of a topic, sorted by id: by priority, then by time. */
  getMessagesForTopic(topic: string): Promise<Message[]>;

  /**
   * The messages of a topic later than the one with an id, or in the same millisecond and with a larger
   * id; sorted by id. The message with the id need not exist.
   */
  getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]>;

  /** Another name of `getMessagesForTopicSince`. */
  getMessagesSince(topic: string, sinceId: bigint): Promise<Message[]>;

  /** The first of `getMessagesForTopicSince`, or null. */
  getNextMessageForTopicSince(topic: string, sinceId: bigint): Promise<Message | null>;

  /** The messages of a namespace with these ids, in the order asked; unknown ones are left out. */
  getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]>;

  /**
   * Has a handler called with each message that is stored in a topic from now on: once the promise is
   * fulfilled, none is missed. A topic may have several handlers; one that is there already counts once.
   */
  subscribe(topic: string, handler: MessageHandler, options?: SubscriptionOptions): Promise<void>;

  /** Ends the subscription of a handler, or of all handlers of a topic when it is left out. */
  unsubscribe(topic: string, handler?: MessageHandler): Promise<void>;

  /** Subscribes all handlers of a map of topics. */
  loadSubscribers(subscribers: Subscribers): Promise<void>;

  /** True if `subscribe` works with this backend. */
  supportsSubscription(): boolean;

  /** Rejects if the store cannot be reached. */
  testConnection(): Promise<void>;

  /** Ends all subscriptions and lets go of the store; the same as `await using`. More calls do nothing. */
  cleanup(): Promise<void>;
}

/** The methods that are like those of Redis, on backends whose carrier has them. */
export interface RedisLikeBackend {
  /** Sets a key to a text or other JSON value, whatever it held; `ex` is its time to live in seconds. */
  set(key: string, value: unknown, options?: { ex?: number }): Promise<void>;

  /** The value of a key, or null. */
  get(key: string): Promise<unknown>;

  /** Sets one field of a hash. */
  hset(key: string, field: string, value: unknown): Promise<void>;

  /** The value of one field of a hash, or null. */
  hget(key: string, field: string): Promise<unknown>;

  /** Adds members to a set; fulfilled with the number of those that were new. */
  sadd(key: string, ...members: unknown[]): Promise<number>;

  /** The members of a set, each once. */
  smembers(key: string): Promise<unknown[]>;

  /**
   * Hands a text or other JSON value to those who subscribe to a channel now, without storing it;
   * fulfilled with the number of subscriptions it reached.
   */
  publish(channel: string, message: unknown): Promise<number>;

  /**
   * Has a handler called with each message in a topic that a pattern matches: `*` stands for any run of
   * characters, `?` for one, `[a-z]` and `[^a-z]` for one of a class, and `\` takes what follows literally.
   */
  psubscribe(
    pattern: string,
    handler: MessageHandler,
    options?: SubscriptionOptions,
  ): Promise<void>;

  /** Ends the subscription of a handler to a pattern, or of all its handlers when it is left out. */
  punsubscribe(pattern: string, handler?: MessageHandler): Promise<void>;
}
