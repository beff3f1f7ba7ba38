/**
 * The base of backends with a store in this process: reads, and deliveries to handlers.
 *
 * @module
 */

import { text } from "../../lib/base/option_checks.ts";
import { isTurnDue, takeTurn, takeTurnsIn } from "../../lib/base/turn.ts";
import { checkNoMore } from "../../lib/base/checks.ts";
import { checkId } from "../../lib/message/gemstone.ts";
import { Message } from "../../lib/message/message.ts";
import type { Store } from "../store/store.ts";
import type { StoredMessage } from "../store/stored_message.ts";
import { Subscription } from "../store/subscription.ts";
import { valueToData } from "../store/value.ts";
import { BaseMessagingBackend, checkIds } from "./base.ts";

/** Base of backends that read from a store in this process. */
export abstract class StoreMessagingBackend extends BaseMessagingBackend {
  static {
    takeTurnsIn(this.prototype);
  }

  /**
   * Receives what is stored. It needs no limit, because it is drained from the next microtask on.
   * @internal
   */
  protected readonly subscription: Subscription = new Subscription({
    maxQueueLength: Infinity,
    maxQueueBytes: Infinity,
    onReady: () => this.#drainSoon(),
  });

  /**
   * Reads from the store.
   * @internal
   */
  protected abstract read<T>(call: (store: Store) => T): Promise<T>;

  #isDraining = false;

  #drainSoon(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    queueMicrotask(() => this.#drain());
  }

  /** Handlers may store more, without end: the event loop has its turns. */
  async #drain(): Promise<void> {
    try {
      while (this.subscription.length > 0 && !this.isClosed) {
        this.dispatchDelivery(this.subscription.shift()!);
        if (isTurnDue()) await takeTurn();
      }
    } finally {
      this.#isDraining = false;
      if (this.subscription.length > 0 && !this.isClosed) this.#drainSoon();
    }
  }

  /** Checks that the store can be reached. Rejects if it cannot. */
  override async testConnection(): Promise<void> {
    checkNoMore("testConnection()", arguments, 0);
    return await this.read(() => {});
  }

  /** All messages of a topic, sorted by id. */
  override async getMessagesForTopic(topic: string): Promise<Message[]> {
    checkNoMore("getMessagesForTopic()", arguments, 1);
    text("topic", topic);
    return await this.observer.fetch(
      "getMessagesForTopic",
      topic,
      () => this.read(({ topics }) => topics.all(topic).map(toMessage)),
    );
  }

  /** The messages of a topic after an id in time, sorted by id. */
  override async getMessagesForTopicSince(topic: string, sinceId: bigint): Promise<Message[]> {
    checkNoMore("getMessagesForTopicSince()", arguments, 2);
    text("topic", topic);
    return await this.observer.fetch(
      "getMessagesForTopicSince",
      topic,
      () => this.read(({ topics }) => topics.since(topic, checkId(sinceId)).map(toMessage)),
    );
  }

  /** The messages of a topic that were stored after the one with an id, in that order. */
  override async getMessagesStoredAfter(topic: string, id: bigint): Promise<Message[]> {
    checkNoMore("getMessagesStoredAfter()", arguments, 2);
    text("topic", topic);
    return await this.observer.fetch(
      "getMessagesStoredAfter",
      topic,
      () => this.read(({ topics }) => topics.storedAfter(topic, checkId(id)).map(toMessage)),
    );
  }

  /** The first of `getMessagesForTopicSince`, or null. */
  override async getNextMessageForTopicSince(
    topic: string,
    sinceId: bigint,
  ): Promise<Message | null> {
    checkNoMore("getNextMessageForTopicSince()", arguments, 2);
    text("topic", topic);
    return await this.observer.fetch(
      "getNextMessageForTopicSince",
      topic,
      () =>
        this.read(({ topics }) => {
          const next = topics.nextSince(topic, checkId(sinceId));
          return next === undefined ? null : toMessage(next);
        }),
    );
  }

  /** The messages of a namespace with these ids, in their order. */
  override async getMessagesById(namespace: string, ids: readonly bigint[]): Promise<Message[]> {
    checkNoMore("getMessagesById()", arguments, 2);
    return await this.observer.fetch(
      "getMessagesById",
      namespace,
      () => this.read(({ topics }) => topics.byId(namespace, checkIds(ids)).map(toMessage)),
    );
  }

  /** The value of a key, or null. */
  async get(key: string): Promise<unknown> {
    checkNoMore("get()", arguments, 1);
    text("key", key);
    return await this.read(({ strings }) => dataOrNull(strings.get(key)));
  }

  /** The value of one field of a hash, or null. */
  async hget(key: string, field: string): Promise<unknown> {
    checkNoMore("hget()", arguments, 2);
    text("key", key);
    text("field", field);
    return await this.read(({ hashes }) => dataOrNull(hashes.get(key, field)));
  }

  /** The members of a set, each once. */
  async smembers(key: string): Promise<unknown[]> {
    checkNoMore("smembers()", arguments, 1);
    text("key", key);
    return await this.read(({ sets }) => sets.members(key).map(valueToData));
  }
}

function toMessage({ text }: StoredMessage): Message {
  return Message.parse(text);
}

function dataOrNull(value: Parameters<typeof valueToData>[0] | undefined): unknown {
  return value === undefined ? null : valueToData(value);
}
