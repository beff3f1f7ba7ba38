/**
 * A server over its port of TCP: messages over the line protocol, keys as Redis clients see them.
 *
 * @module
 */

import type { Entry, KeyRow, ServerClient, TopicRow } from "./client.ts";
import { UsageError } from "../command.ts";
import { followBackend } from "./follow.ts";
import { RedisServerClient } from "./redis_client.ts";
import { EmbeddedMessagingBackend } from "../../backends/tcp/client/backend.ts";

/** Sends lines, and commands of Redis. */
export class TcpServerClient implements ServerClient {
  readonly #backend: EmbeddedMessagingBackend;
  readonly #openRedis: () => Promise<RedisServerClient>;
  #redis: Promise<RedisServerClient> | undefined;

  constructor(url: string, token: string | undefined) {
    const { hostname: host, port } = new URL(url);
    this.#backend = new EmbeddedMessagingBackend({
      host,
      ...port !== "" && { port: Number(port) },
      token,
      autoStartServer: false,
    });
    this.#openRedis = () => RedisServerClient.open(`redis://${this.#backend.address}`, token);
  }

  #keys(): Promise<RedisServerClient> {
    return this.#redis ??= this.#openRedis();
  }

  async topics(): Promise<TopicRow[]> {
    return await this.#backend.listTopics();
  }

  async messages(topic: string): Promise<unknown[]> {
    const messages = await this.#backend.getMessagesForTopic(topic);
    return messages.map((message) => message.toObject());
  }

  deleteTopic(): Promise<number> {
    return Promise.reject(
      new UsageError("the line protocol deletes no topic: give the server's http:// URL"),
    );
  }

  async publish(topic: string, value: unknown): Promise<number> {
    return await this.#backend.publish(topic, value);
  }

  async follow(topics: readonly string[], onEntry: (entry: Entry) => void): Promise<void> {
    await followBackend(this.#backend, topics, onEntry);
  }

  async keys(pattern: string, limit: number): Promise<KeyRow[]> {
    return await (await this.#keys()).keys(pattern, limit);
  }

  async get(key: string): Promise<unknown> {
    return await (await this.#keys()).get(key);
  }

  async set(key: string, value: unknown, ttlSeconds: number | undefined): Promise<void> {
    await (await this.#keys()).set(key, value, ttlSeconds);
  }

  async deleteKey(key: string): Promise<boolean> {
    return await (await this.#keys()).deleteKey(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A connection that failed has failed its call.
    const redis = await this.#redis?.catch(() => undefined);
    await redis?.[Symbol.asyncDispose]();
    await this.#backend.cleanup();
  }
}
