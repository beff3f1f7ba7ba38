/**
 * The base of messaging backends: their handlers, and their end.
 *
 * @module
 */

import { endingTurn, takeTurnsIn, withTurn } from "../../lib/base/turn.ts";
import { callback, observer, text } from "../../lib/base/option_checks.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { checkId } from "../../lib/message/gemstone.ts";
import { Message } from "../../lib/message/message.ts";
import { StoreError } from "../store/errors.ts";
import { checkName, GIVEN_NAME_RULES } from "../store/names.ts";
import type { Delivery } from "../store/subscription.ts";
import { valueToData } from "../store/value.ts";
import type {
  MessageDelivery,
  MessageHandler,
  MessagingBackend,
  MessagingBackendOptions,
  PublishedMessage,
  StoreMessageOptions,
  Subscribers,
  SubscriptionOptions,
} from "./backend.ts";
import { MessagingClosedError, MessagingRefusedError } from "./errors.ts";
import { HandlerTable } from "./handler_table.ts";
import { PSUBSCRIBE_OPTIONS, STORE_OPTIONS, SUBSCRIBE_OPTIONS } from "./options.ts";
import { BackendObserver } from "./observer.ts";

/**
 * Base of messaging backends. It keeps the handlers. A subclass starts the subscription to a topic before
 * its first handler, and ends it after the last.
 */
export abstract class BaseMessagingBackend implements MessagingBackend {
  readonly #topics: HandlerTable;
  readonly #patterns: HandlerTable;
  readonly #isStrict: boolean;
  #cleanup: Promise<void> | undefined;
  /** Reports operations to the option `instrumentation`: a subclass makes its calls through it. */
  protected readonly observer: BackendObserver;

  static {
    takeTurnsIn(this.prototype);
  }

  /** Makes a backend without handlers. Does no input or output. */
  constructor(options: MessagingBackendOptions = {}) {
    const { instrumentation, onHandlerError, strict = false } = options;
    this.#isStrict = strict;
    if (instrumentation !== undefined) observer("instrumentation", instrumentation);
    this.observer = new BackendObserver(instrumentation, this);
    this.#topics = new HandlerTable(
      {
        open: (topic) => this.openTopic(topic),
        close: (topic) => this.closeTopic(topic),
      },
      this.observer,
      onHandlerError,
    );
    this.#patterns = new HandlerTable(
      {
        open: (pattern) => this.openPattern(pattern),
        close: (pattern) => this.closePattern(pattern),
      },
      this.observer,
      onHandlerError,
    );
  }

  /** Stores a message, see `MessagingBackend`. */
  abstract storeMessage(
    namespace: string,
    topic: string,
    message: Message,
    options?: StoreMessageOptions,
  ): Promise<void>;
  /** All messages of a topic, see `MessagingBackend`. */
  abstract getMessagesForTopic(topic: string): Promise<Message[]>;
  /** The messages after an id, see `MessagingBackend`. */
  abstract getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]>;
  /** Messages by id, see `MessagingBackend`. */
  abstract getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]>;
  /** Checks that the store can be reached. Rejects if it cannot. */
  abstract testConnection(): Promise<void>;

  /** Starts the subscription to a topic. */
  protected abstract openTopic(topic: string): Promise<void>;
  /** Ends the subscription to a topic. */
  protected abstract closeTopic(topic: string): Promise<void>;
  /** Starts the subscription to a pattern. */
  protected abstract openPattern(pattern: string): Promise<void>;
  /** Ends the subscription to a pattern. */
  protected abstract closePattern(pattern: string): Promise<void>;
  /** Ends all subscriptions, and releases the resources of the backend. Called once. */
  protected abstract close(): Promise<void>;

  /**
   * The messages of a topic that were stored after the one with an id. A backend that does not know the
   * order of storing returns all messages of the topic.
   */
  async getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 2);
    text("topic", topic);
    checkId(id);
    return await this.getMessagesForTopic(topic);
  }

  /** Another name of `getMessagesForTopicSince`. */
  async getMessagesSince(topic: string, sinceId: bigint): Promise<Message[]> {
    checkNoMore("getMessagesSince()", arguments, 2);
    text("topic", topic);
    return await this.getMessagesForTopicSince(topic, sinceId);
  }

  /** The first of `getMessagesForTopicSince`, or null. */
  async getNextMessageForTopicSince(topic: string, sinceId: bigint): Promise<Message | null> {
    checkNoMore("getNextMessageForTopicSince()", arguments, 2);
    text("topic", topic);
    const [next] = await this.getMessagesForTopicSince(topic, sinceId);
    return next ?? null;
  }

  /** The handlers of each topic that this backend subscribes to. */
  get localHandlers(): ReadonlyMap<string, readonly MessageHandler[]> {
    return this.#topics.view;
  }

  /** True if `subscribe` works with this backend. */
  supportsSubscription(): boolean {
    return true;
  }

  /** Calls a handler with each message in a topic, see `MessagingBackend`. */
  async subscribe(
    topic: string,
    handler: MessageHandler,
    options?: SubscriptionOptions,
  ): Promise<void> {
    checkNoMore("subscribe()", arguments, 3);
    callback("handler", handler);
    checkGivenName("topic", topic);
    SUBSCRIBE_OPTIONS.check(options);
    this.checkOpen();
    await this.#topics.add(topic, handler, options);
  }

  /** Ends the subscription of a handler, or of all handlers of a topic. */
  async unsubscribe(topic: string, handler?: MessageHandler): Promise<void> {
    checkNoMore("unsubscribe()", arguments, 2);
    text("topic", topic);
    this.checkOpen();
    await this.#topics.remove(topic, handler);
  }

  /** Calls a handler with each message in the topics that a pattern matches. */
  async psubscribe(
    pattern: string,
    handler: MessageHandler,
    options?: SubscriptionOptions,
  ): Promise<void> {
    checkNoMore("psubscribe()", arguments, 3);
    callback("handler", handler);
    checkGivenName("pattern", pattern);
    PSUBSCRIBE_OPTIONS.check(options);
    this.checkOpen();
    await this.#patterns.add(pattern, handler, options);
  }

  /** Ends the subscription of a handler to a pattern, or of all its handlers. */
  async punsubscribe(pattern: string, handler?: MessageHandler): Promise<void> {
    checkNoMore("punsubscribe()", arguments, 2);
    text("pattern", pattern);
    this.checkOpen();
    await this.#patterns.remove(pattern, handler);
  }

  /** Subscribes all handlers of a map of topics. */
  async loadSubscribers(subscribers: Subscribers): Promise<void> {
    checkNoMore("loadSubscribers()", arguments, 1);
    if (typeof subscribers !== "object" || subscribers === null) {
      throw new TypeError(
        `subscribers must be an object or a Map of handlers by topic, not ${
          formatValue(subscribers)
        }`,
      );
    }
    const entries = subscribers instanceof Map ? [...subscribers] : Object.entries(subscribers);
    await Promise.all(
      entries.flatMap(([topic, handlers]) =>
        [handlers].flat().map((handler: MessageHandler) => this.subscribe(topic, handler))
      ),
    );
  }

  /** Ends all subscriptions, and disconnects. Later calls do nothing. */
  cleanup(): Promise<void> {
    return this.#cleanup ??= endingTurn(this.#close());
  }

  async #close(): Promise<void> {
    this.#topics.clear();
    this.#patterns.clear();
    await this.close();
  }

  /** The same as `cleanup()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  /** Checks the arguments of `storeMessage`. Rejects, and leaves a turn to the event loop, if one is wrong. */
  protected checkStore(
    namespace: string,
    topic: string,
    options: StoreMessageOptions,
  ): Promise<never> | undefined {
    try {
      STORE_OPTIONS.check(options);
      checkGivenName("namespace", namespace);
      checkGivenName("topic", topic);
    } catch (error) {
      return withTurn(() => Promise.reject(error));
    }
    return undefined;
  }

  /**
   * The text of a message to store.
   *
   * @throws {TypeError} if it is no `Message`
   * @throws {MessagingRefusedError} if the Python clients could not read it, and that is asked for
   */
  protected textOf(
    message: Message,
    { strict = this.#isStrict }: StoreMessageOptions,
  ): string {
    checkMessage(message);
    const problem = strict ? message.problemForPython : undefined;
    if (problem === undefined) return message.stringifyPortable();
    throw new MessagingRefusedError(
      `the Python clients could not read the message: ${problem}; change it, or omit strict`,
    );
  }

  /** True after `cleanup()`. */
  protected get isClosed(): boolean {
    return this.#cleanup !== undefined;
  }

  /** Throws `MessagingClosedError` after `cleanup()`. */
  protected checkOpen(): void {
    if (!this.isClosed) return;
    throw new MessagingClosedError(
      `this ${this.constructor.name} was closed by cleanup(): make a new one`,
    );
  }

  /** The topics that have handlers. After a lost connection they must be subscribed again. */
  protected get subscribedTopics(): string[] {
    return this.#topics.keys;
  }

  /** The patterns that have handlers. */
  protected get subscribedPatterns(): string[] {
    return this.#patterns.keys;
  }

  /** Calls the handlers of a delivery's pattern, or else of its topic. */
  protected dispatch(message: Message, delivery: MessageDelivery): void {
    const table = delivery.pattern === undefined ? this.#topics : this.#patterns;
    table.dispatch(message, delivery);
  }

  /** Calls the handlers of published data of its pattern, or else of its channel. */
  protected dispatchPublished(published: PublishedMessage): void {
    const table = published.pattern === undefined ? this.#topics : this.#patterns;
    table.dispatchPublished(published);
  }

  /**
   * Dispatches a delivery of a store in this process.
   * @internal
   */
  protected dispatchDelivery(delivery: Delivery): void {
    const { topic, pattern } = delivery;
    const through = pattern === undefined ? {} : { pattern };
    if (delivery.kind === "stored") {
      this.dispatch(Message.parse(delivery.message.text), { topic, ...through });
    } else {
      this.dispatchPublished({
        channel: topic,
        ...through,
        data: valueToData(delivery.value),
        timestampSeconds: delivery.atMs / 1000,
        ...delivery.headers === undefined ? {} : { headers: delivery.headers },
      });
    }
  }
}

/** Throws unless a value is a `Message`, perhaps of another copy of this module. */
export function checkMessage(message: unknown): void {
  if (typeof (message as Message | null)?.stringifyPortable === "function") return;
  throw new TypeError(
    `message must be a Message, made with new Message({ ... }), not ${formatValue(message)}`,
  );
}

/** Throws unless all ids are ids of messages. */
export function checkIds(ids: readonly bigint[]): readonly bigint[] {
  if (Array.isArray(ids)) return ids.map(checkId);
  throw new TypeError(`ids must be an array of bigints, not ${formatValue(ids)}`);
}

/**
 * Checks a name that a program gives. Other clients may use empty ones: here that is an oversight.
 *
 * @throws {MessagingRefusedError} if it is not a valid name, or empty
 */
export function checkGivenName(what: string, name: unknown): void {
  mapStoreErrors(() => checkName(what, name, GIVEN_NAME_RULES));
}

/** What a server returns, or all that it has if it refuses a call that only some servers have. */
export async function orElseAll<T>(call: () => Promise<T>, all: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof MessagingRefusedError)) throw error;
    return await all();
  }
}

/** Calls the store, and maps `StoreError` to `MessagingRefusedError`. */
export function mapStoreErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new MessagingRefusedError(error.message, { cause: error });
  }
}
