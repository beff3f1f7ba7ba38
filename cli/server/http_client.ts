/**
 * A server over HTTP.
 *
 * @module
 */

import {
  type Entry,
  type KeyRow,
  literalPattern,
  type ServerClient,
  type TopicRow,
} from "./client.ts";
import { followBackend } from "./follow.ts";
import { HttpClient } from "../../backends/http/client/client.ts";
import { SharedMemoryMessagingBackend } from "../../backends/http/client/backend.ts";
import { requestOf } from "../../backends/http/client/requests.ts";
import type { Arguments, ArgumentValues } from "../../backends/store/arguments.ts";
import { DEFAULT_MAX_CLIENT_REPLY_BYTES } from "../../backends/store/limits.ts";
import type { Operation } from "../../backends/store/operation.ts";
import { OPERATIONS } from "../../backends/store/operations.ts";
import { valueFrom } from "../../backends/store/value.ts";

const TIMEOUT_MS = 30_000;

/** Calls the routes of a server. */
export class HttpServerClient implements ServerClient {
  readonly #client: HttpClient;
  readonly #backend: SharedMemoryMessagingBackend;

  constructor(url: string, token: string | undefined) {
    const limits = { timeoutMs: TIMEOUT_MS, maxReplyBytes: DEFAULT_MAX_CLIENT_REPLY_BYTES };
    this.#backend = new SharedMemoryMessagingBackend({
      serverUrl: url,
      token,
      autoStartServer: false,
    });
    this.#client = new HttpClient(url.replace(/\/+$/, ""), { token, ...limits });
  }

  async #call<A extends Arguments>(
    operation: Operation<A>,
    values: ArgumentValues<A>,
  ): Promise<unknown> {
    const { json } = await this.#client.send(requestOf(operation, values));
    const { member } = operation.http!;
    return member === undefined ? json : (json as Record<string, unknown>)[member];
  }

  async topics(): Promise<TopicRow[]> {
    return await this.#call(OPERATIONS.topics, {}) as TopicRow[];
  }

  async messages(topic: string): Promise<unknown[]> {
    const values = { topic, since_id: undefined, limit: undefined };
    return await this.#call(OPERATIONS.messages, values) as unknown[];
  }

  async deleteTopic(topic: string): Promise<number> {
    return await this.#call(OPERATIONS.deleteTopic, { topic }) as number;
  }

  async publish(topic: string, value: unknown): Promise<number> {
    return await this.#backend.publish(topic, value);
  }

  async follow(topics: readonly string[], onEntry: (entry: Entry) => void): Promise<void> {
    await followBackend(this.#backend, topics, onEntry);
  }

  async keys(pattern: string, limit: number): Promise<KeyRow[]> {
    return await this.#call(OPERATIONS.keys, { pattern, limit }) as KeyRow[];
  }

  async get(key: string): Promise<unknown> {
    const [found] = await this.keys(literalPattern(key), 1);
    switch (found?.type) {
      case undefined:
        return undefined;
      case "string":
        return await this.#call(OPERATIONS.get, { key });
      case "hash":
        return await this.#call(OPERATIONS.hgetall, { key });
      case "set":
        return await this.#call(OPERATIONS.smembers, { key });
      default:
        throw new Error(
          `cannot read key ${JSON.stringify(key)} over HTTP: its value is of type ${found.type}; ` +
            "give the server's redis:// or tcp:// URL",
        );
    }
  }

  async set(key: string, value: unknown, ttlSeconds: number | undefined): Promise<void> {
    await this.#call(OPERATIONS.set, { key, value: valueFrom(value), ex: ttlSeconds });
  }

  async deleteKey(key: string): Promise<boolean> {
    return await this.#call(OPERATIONS.deleteKey, { key }) === 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.cleanup();
    this.#client.close();
  }
}
