/**
 * The handlers of a backend by topic or pattern.
 *
 * @module
 */

import { afterCommit } from "../../lib/base/after_commit.ts";
import { withTurn } from "../../lib/base/turn.ts";
import { callback } from "../../lib/base/option_checks.ts";
import { logger, logUnheeded, trace, tracing } from "../../lib/base/log.ts";
import { Message } from "../../lib/message/message.ts";
import type {
  MessageDelivery,
  MessageHandler,
  MessagingBackendOptions,
  PublishedHandler,
  PublishedMessage,
  SubscriptionOptions,
} from "./backend.ts";
import type { BackendObserver } from "./observer.ts";

/** Starts and ends subscriptions. Each promise is fulfilled when the change is in force. */
export interface SubscriptionTransport {
  /** Called before the first handler of a key. */
  open(key: string): Promise<void>;
  /** Called after the last handler of a key. */
  close(key: string): Promise<void>;
}

/** Handlers by key: a topic, or a pattern. */
export class HandlerTable {
  readonly #transport: SubscriptionTransport;
  readonly #observer: BackendObserver;
  readonly #onError: (error: unknown, about: Message | PublishedMessage) => void;
  readonly #handlers = new Map<string, Map<MessageHandler, SubscriptionOptions>>();
  /** The last pending change of each key. A change waits for the one before it. */
  readonly #changes = new Map<string, Promise<void>>();

  constructor(
    transport: SubscriptionTransport,
    observer: BackendObserver,
    onHandlerError: MessagingBackendOptions["onHandlerError"],
  ) {
    this.#transport = transport;
    this.#observer = observer;
    this.#onError = callback("onHandlerError", onHandlerError ?? logError);
    logUnheeded();
  }

  /** The keys that have handlers. */
  get keys(): string[] {
    return [...this.#handlers.keys()];
  }

  /** The handlers of each key. */
  get view(): ReadonlyMap<string, readonly MessageHandler[]> {
    return new Map(
      [...this.#handlers].map(([key, handlers]) => [key, [...handlers.keys()]]),
    );
  }

  /** Adds a handler. The first one starts the subscription of the key. */
  add(key: string, handler: MessageHandler, options: SubscriptionOptions = {}): Promise<void> {
    return this.#runSerially(key, async () => {
      const handlers = this.#handlers.get(key);
      if (handlers !== undefined) {
        handlers.set(handler, options);
        return;
      }
      // The first message may arrive before `open` is fulfilled.
      this.#handlers.set(key, new Map([[handler, options]]));
      try {
        await this.#transport.open(key);
      } catch (error) {
        this.#handlers.delete(key);
        throw error;
      }
    });
  }

  /** Removes a handler, or all handlers. The last one ends the subscription of the key. */
  remove(key: string, handler?: MessageHandler): Promise<void> {
    return this.#runSerially(key, async () => {
      const handlers = this.#handlers.get(key);
      if (handlers === undefined) return;
      if (handler === undefined) handlers.clear();
      else handlers.delete(handler);
      if (handlers.size > 0) return;
      this.#handlers.delete(key);
      await this.#transport.close(key);
    });
  }

  /** Removes all handlers, without ending their subscriptions. */
  clear(): void {
    this.#handlers.clear();
  }

  async #runSerially(key: string, change: () => Promise<void>): Promise<void> {
    const before = this.#changes.get(key);
    const mine = before === undefined ? change() : before.then(change, change);
    this.#changes.set(key, mine);
    try {
      await withTurn(() => mine);
    } finally {
      if (this.#changes.get(key) === mine) this.#changes.delete(key);
    }
  }

  /** Calls the handlers of a delivery's pattern, or else of its topic. */
  dispatch(message: Message, delivery: MessageDelivery): void {
    if (tracing) trace(`received message ${message.id} of topic "${delivery.topic}"`);
    logger.debug("message received: topic={topic} id={id}", { ...delivery, id: message.id });
    for (const handler of this.#of(delivery.pattern ?? delivery.topic).keys()) {
      const call = () => handler(message, delivery);
      this.#call(() => this.#observer.process(message, delivery, call), message);
    }
  }

  /** Calls the handlers of published data. */
  dispatchPublished(published: PublishedMessage): void {
    if (tracing) trace(`received a value that was published to "${published.channel}"`);
    logger.debug("message received: channel={channel}", { channel: published.channel });
    const options = this.#of(published.pattern ?? published.channel).values();
    for (const { onPublished } of options) {
      if (onPublished === undefined) continue;
      const call = () => onPublished(published);
      this.#call(() => this.#observer.processPublished(published, call), published);
    }
  }

  /** A copy: a handler may change the table. */
  #of(key: string): Map<MessageHandler, SubscriptionOptions> {
    return new Map(this.#handlers.get(key));
  }

  #call(handler: () => ReturnType<PublishedHandler>, about: Message | PublishedMessage): void {
    try {
      const result = handler();
      if (result !== undefined) result.catch((error) => this.#report(error, about));
    } catch (error) {
      this.#report(error, about);
    }
  }

  #report(error: unknown, about: Message | PublishedMessage): void {
    afterCommit("callback", "onHandlerError", () => this.#onError(error, about));
  }
}

function logError(error: unknown, about: Message | PublishedMessage): void {
  const what = about instanceof Message
    ? `message ${about.id}`
    : `data on channel ${about.channel}`;
  logger.error("a handler failed on {what}: {error}", { what, error });
}
