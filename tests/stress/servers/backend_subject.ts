/**
 * A messaging backend as a subject of the differential run.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Message,
  type MessagingBackend,
  MessagingRefusedError,
  type RedisLikeBackend,
} from "../../../mod.ts";
import type { Listener } from "./listener.ts";
import { REFUSED, type Subject } from "./subject.ts";
import { textOf } from "./texts.ts";

/** A backend that may lack the calls on keys. */
export type SomeBackend = MessagingBackend & Partial<RedisLikeBackend>;

/** The messages that were stored last, by namespace, topic and id. */
export type Contents = Map<string, { topic: string; message: Message }>;

/** Calls a backend, and checks that the messages in its results are those that were stored. */
export class BackendSubject implements Subject {
  readonly #backend: SomeBackend;
  readonly #listener: Listener;
  readonly #contents: Contents;

  constructor(backend: SomeBackend, listener: Listener, contents: Contents) {
    this.#backend = backend;
    this.#listener = listener;
    this.#contents = contents;
  }

  /** The clock belongs to the target. */
  advance(): void {}

  async store(
    namespace: string,
    topic: string,
    message: Message,
    ttlSeconds?: number,
  ): Promise<void> {
    this.#contents.set(`${namespace}\n${topic}\n${message.id}`, { topic, message });
    await this.#backend.storeMessage(namespace, topic, message, { ttlSeconds });
  }

  async all(topic: string): Promise<bigint[]> {
    return this.#idsIn(topic, await this.#backend.getMessagesForTopic(topic));
  }

  async since(topic: string, id: bigint): Promise<bigint[]> {
    return this.#idsIn(topic, await this.#backend.getMessagesForTopicSince(topic, id));
  }

  async next(topic: string, id: bigint): Promise<bigint | undefined> {
    const next = await this.#backend.getNextMessageForTopicSince(topic, id);
    return next === null ? undefined : this.#idsIn(topic, [next])[0];
  }

  async byId(namespace: string, ids: readonly bigint[]): Promise<bigint[]> {
    return (await this.#backend.getMessagesById(namespace, ids)).map(({ id }) => id);
  }

  #idsIn(topic: string, messages: readonly Message[]): bigint[] {
    const stored = [...this.#contents.values()].filter((each) => each.topic === topic)
      .map(({ message }) => textOf(message));
    for (const message of messages) {
      const text = textOf(message);
      assert.ok(stored.includes(text), `${topic} has a message that was not stored: ${text}`);
    }
    return messages.map(({ id }) => id);
  }

  subscribe(topic: string): Promise<void> {
    return this.#listener.subscribe(topic);
  }

  unsubscribe(topic: string): Promise<void> {
    return this.#listener.unsubscribe(topic);
  }

  publish(channel: string, value: unknown): Promise<number> {
    return this.#backend.publish!(channel, value);
  }

  set(key: string, value: unknown): Promise<void> {
    return this.#backend.set!(key, value);
  }

  get(key: string): Promise<string> {
    return unlessRefused(async () => textOf(await this.#backend.get!(key)));
  }

  hset(key: string, field: string, value: unknown): Promise<void | string> {
    return unlessRefused(() => this.#backend.hset!(key, field, value));
  }

  hget(key: string, field: string): Promise<string> {
    return unlessRefused(async () => textOf(await this.#backend.hget!(key, field)));
  }

  sadd(key: string, members: readonly unknown[]): Promise<number | string> {
    return unlessRefused(() => this.#backend.sadd!(key, ...members));
  }

  smembers(key: string): Promise<string[] | string> {
    return unlessRefused(async () => (await this.#backend.smembers!(key)).map(textOf));
  }
}

async function unlessRefused<T>(call: () => Promise<T>): Promise<T | typeof REFUSED> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof MessagingRefusedError) return REFUSED;
    throw error;
  }
}
