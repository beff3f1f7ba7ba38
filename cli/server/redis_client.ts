/**
 * A server over RESP: Redis, or the port of TCP of `ringbus serve`.
 *
 * @module
 */

import { createClient } from "@redis/client";
import type { Entry, KeyRow, ServerClient, TopicRow } from "./client.ts";
import { UsageError } from "../command.ts";
import { isName } from "../listing/listing.ts";
import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Keys that one SCAN looks at. */
const SCAN_COUNT = 1000;

type Client = ReturnType<typeof createClient>;

/** Sends commands of Redis. */
export class RedisServerClient implements ServerClient {
  readonly #client: Client;
  #subscriber: Client | undefined;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects. */
  static async open(url: string, token: string | undefined): Promise<RedisServerClient> {
    return new RedisServerClient(await connected(url, token));
  }

  async #send(...words: string[]): Promise<unknown> {
    return await this.#client.sendCommand(words);
  }

  async topics(): Promise<TopicRow[]> {
    const names = await this.#send("PUBSUB", "CHANNELS") as string[];
    if (names.length === 0) return [];
    const counts = await this.#send("PUBSUB", "NUMSUB", ...names) as (string | number)[];
    return names.map((topic, at) => ({ topic, subscribers: Number(counts[2 * at + 1]) }));
  }

  messages(): Promise<unknown[]> {
    return Promise.reject(noMessages());
  }

  deleteTopic(): Promise<number> {
    return Promise.reject(noMessages());
  }

  async publish(topic: string, value: unknown): Promise<number> {
    return Number(await this.#send("PUBLISH", topic, textFrom(value)));
  }

  async follow(topics: readonly string[], onEntry: (entry: Entry) => void): Promise<void> {
    this.#subscriber ??= await this.#client.duplicate().on("error", () => {}).connect();
    const onMessage = (text: string, topic: string) => onEntry({ topic, value: valueFrom(text) });
    for (const topic of topics) {
      if (isName(topic)) await this.#subscriber.subscribe(topic, onMessage);
      else await this.#subscriber.pSubscribe(topic, onMessage);
    }
  }

  async keys(pattern: string, limit: number): Promise<KeyRow[]> {
    const names = new Set<string>();
    let cursor = "0";
    do {
      const words = ["SCAN", cursor, "MATCH", pattern, "COUNT", `${SCAN_COUNT}`];
      const [next, found] = await this.#send(...words) as [string, string[]];
      for (const name of found) names.add(name);
      cursor = `${next}`;
    } while (cursor !== "0" && names.size < limit);
    const keys = [...names].slice(0, limit);
    const rows = await Promise.all(keys.map((key) => this.#describe(key)));
    return rows.filter((row) => row !== undefined);
  }

  /** Undefined for a key that is gone by now. */
  async #describe(key: string): Promise<KeyRow | undefined> {
    const [type, ttl] = await Promise.all([this.#send("TYPE", key), this.#send("TTL", key)]);
    return type === "none" ? undefined : { key, type: `${type}`, ttl: Number(ttl) };
  }

  async get(key: string): Promise<unknown> {
    switch (await this.#send("TYPE", key)) {
      case "none":
        return undefined;
      case "string":
        return valueFrom(await this.#send("GET", key) as string);
      case "hash":
        return Object.fromEntries(pairsIn(await this.#send("HGETALL", key)));
      case "set":
        return await this.#send("SMEMBERS", key);
      case "list":
        return await this.#send("LRANGE", key, "0", "-1");
      case "zset":
        return pairsIn(await this.#send("ZRANGE", key, "0", "-1", "WITHSCORES"))
          .map(([member, score]) => [member, Number(score)]);
      default:
        return (await this.#send("XRANGE", key, "-", "+") as [string, unknown][])
          .map(([id, fields]) => ({ id, fields: Object.fromEntries(pairsIn(fields)) }));
    }
  }

  async set(key: string, value: unknown, ttlSeconds: number | undefined): Promise<void> {
    const ttl = ttlSeconds === undefined ? [] : ["PX", `${Math.ceil(ttlSeconds * 1000)}`];
    await this.#send("SET", key, textFrom(value), ...ttl);
  }

  async deleteKey(key: string): Promise<boolean> {
    return Number(await this.#send("DEL", key)) === 1;
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriber?.destroy();
    this.#client.destroy();
  }
}

async function connected(url: string, token: string | undefined): Promise<Client> {
  const client = createClient({
    url,
    ...token !== undefined && { password: token },
    socket: { reconnectStrategy: false },
    maintNotifications: "disabled",
  });
  // The call that fails has the error.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(
      `cannot connect to ${new URL(url).host}: ${messageOf(cause)}; ` +
        "check that a server runs there, and its token",
      { cause },
    );
  }
  return client as Client;
}

function noMessages(): UsageError {
  return new UsageError(
    "Redis stores no messages by topic: give the server's http:// or tcp:// URL",
  );
}

/** JSON is written as its text, as the other protocols do. */
function textFrom(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What is no JSON is a text. */
function valueFrom(text: string): unknown {
  try {
    return parsePlainJson(text);
  } catch {
    return text;
  }
}

/** Names and values that come one after the other, or in pairs, or as an object. */
function pairsIn(reply: unknown): [string, unknown][] {
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, unknown>);
  if (Array.isArray(reply[0])) return reply as [string, unknown][];
  return Array.from({ length: reply.length / 2 }, (_, at) => [reply[2 * at], reply[2 * at + 1]]);
}
