/**
 * Shared state on Redis or Redis Cluster.
 *
 * @module
 */

import { parseRedisUrl } from "../../redis/address.ts";
import type { ByteReply } from "../../redis/connection.ts";
import { checkTtl, resolveLimits, type StateLimits } from "../config.ts";
import { LazyClient } from "../lazy_client.ts";
import { checkIndex, checkSlot, checkStateName } from "../validate.ts";
import type { RedisStateClient } from "./client.ts";
import { type StateScript, THREAD_FULL, THREADS_FULL } from "./scripts.ts";
import { threadFull, threadsFull } from "../table.ts";
import type { SharedBackend } from "../types.ts";

const DEFAULT_URL = "redis://localhost:6379";
const DEFAULT_TTL_SECONDS = 86_400;

/** Options of the Redis backend. */
export interface RedisBackendOptions {
  /** `redis://`, `rediss://` or `redis-cluster://host:port,host:port`; that of localhost when left out. */
  redisUrl?: string;
  /** What all keys begin with, in braces: they share one slot of a cluster; `"xp:"` when left out. */
  redisPrefix?: string;
  /** Seconds that a thread or a pair lives without use; 86,400 when left out. */
  redisTtl?: number;
  /** Slots that a thread may have; 10,000 when left out. */
  maxSlotsPerThread?: number;
  /** Threads that there may be; 1,000 when left out. */
  maxThreads?: number;
}

/**
 * Shared state for programs on many machines. Each call is one script on the server, whole or not at all;
 * one that fails on its way is sent again for up to 30 seconds, and never done twice.
 *
 * @example
 * ```ts
 * import { RedisBackend } from "@ringbus/ringbus/state";
 * import { redisServer } from "@ringbus/ringbus/testing";
 *
 * await using server = await redisServer();
 * await using backend = new RedisBackend({ redisUrl: server.url });
 * console.log(await backend.bufferAppend("thread-1", Uint8Array.of(1, 2, 3))); // 0
 * console.log(await backend.bufferGetSlot("thread-1", 0)); // Uint8Array [ 1, 2, 3 ]
 * ```
 */
export class RedisBackend implements SharedBackend {
  readonly #limits: StateLimits;
  readonly #client: LazyClient<RedisStateClient>;

  /**
   * Prepares a backend, and does no input or output: `connect()`, or the first call, does.
   *
   * @throws {TypeError} if the URL or the prefix cannot be
   * @throws {RangeError} if a limit or the time to live cannot be
   */
  constructor(options: RedisBackendOptions = {}) {
    const { redisUrl = DEFAULT_URL, redisPrefix = "xp:", redisTtl = DEFAULT_TTL_SECONDS } = options;
    this.#limits = resolveLimits(options);
    const ttlMs = checkTtl("redisTtl", redisTtl);
    const address = parseRedisUrl(redisUrl);
    const tag = tagOf(redisPrefix);
    this.#client = new LazyClient("RedisBackend", async () => {
      const { RedisStateClient } = await import("./client.ts");
      return new RedisStateClient(address, tag, ttlMs);
    });
  }

  /**
   * Makes sure that the server can be reached.
   *
   * @throws {SharedBackendConnectionError} if it cannot
   * @throws {SharedBackendError} if it refuses us
   */
  async connect(): Promise<void> {
    await (await this.#client.get()).open();
  }

  async #run(script: StateScript, ...args: (string | Uint8Array)[]): Promise<ByteReply> {
    return await (await this.#client.get()).run(script, ...args);
  }

  /** Appends a slot to a thread; resolves with its index. */
  async bufferAppend(threadId: string, slotData: Uint8Array): Promise<number> {
    checkStateName("threadId", threadId);
    checkSlot(slotData);
    const { maxSlotsPerThread, maxThreads } = this.#limits;
    const index = Number(
      await this.#run(
        "append",
        crypto.randomUUID(),
        threadId,
        slotData,
        String(maxSlotsPerThread),
        String(maxThreads),
      ),
    );
    if (index === THREAD_FULL) throw threadFull(threadId, maxSlotsPerThread);
    if (index === THREADS_FULL) throw threadsFull(threadId, maxThreads);
    return index;
  }

  /** All slots of a thread in their order. */
  async bufferGetThread(threadId: string): Promise<Uint8Array[]> {
    checkStateName("threadId", threadId);
    return toList(await this.#run("slots", threadId)).map(toBytes);
  }

  /** One slot; undefined if there is none with that index. */
  async bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    checkStateName("threadId", threadId);
    checkIndex(index);
    const slot = await this.#run("slot", threadId, String(index));
    return slot === null ? undefined : toBytes(slot);
  }

  /** Number of slots of a thread. */
  async bufferThreadLen(threadId: string): Promise<number> {
    checkStateName("threadId", threadId);
    return Number(await this.#run("length", threadId));
  }

  /** True if the thread has slots. */
  async bufferThreadExists(threadId: string): Promise<boolean> {
    return await this.bufferThreadLen(threadId) > 0;
  }

  /** Deletes a thread; false if there was none. */
  async bufferDeleteThread(threadId: string): Promise<boolean> {
    checkStateName("threadId", threadId);
    return await this.#run("deleteThread", crypto.randomUUID(), threadId) === 1;
  }

  /** Ids of all threads. */
  async bufferListThreads(): Promise<string[]> {
    return toList(await this.#run("threads")).map(String);
  }

  /** Deletes all threads. */
  async bufferClear(): Promise<void> {
    await this.#run("clearThreads");
  }

  /** Maps a chain and a uuid to each other. */
  async registrySet(chain: string, uuid: string): Promise<void> {
    checkStateName("chain", chain);
    checkStateName("uuid", uuid);
    await this.#run("setPair", chain, uuid);
  }

  /** The uuid of a chain. */
  async registryGetUuid(chain: string): Promise<string | undefined> {
    checkStateName("chain", chain);
    return toText(await this.#run("uuidOf", chain));
  }

  /** The chain of a uuid. */
  async registryGetChain(uuid: string): Promise<string | undefined> {
    checkStateName("uuid", uuid);
    return toText(await this.#run("chainOf", uuid));
  }

  /** Deletes the pair of a uuid; false if there was none. */
  async registryDelete(uuid: string): Promise<boolean> {
    checkStateName("uuid", uuid);
    return await this.#run("deletePair", crypto.randomUUID(), uuid) === 1;
  }

  /** All pairs, as an object from uuids to chains. */
  async registryListAll(): Promise<Record<string, string>> {
    const names = toList(await this.#run("pairs")).map(String);
    const pairs = names.flatMap((uuid, i) => i % 2 === 0 ? [[uuid, names[i + 1]]] : []);
    return Object.fromEntries(pairs);
  }

  /** Deletes all pairs. */
  async registryClear(): Promise<void> {
    await this.#run("clearPairs");
  }

  /** Waits for calls on their way, and ends all connections; the state stays. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Closes the backend at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function tagOf(prefix: string): string {
  if (typeof prefix === "string" && /^[^{}\s]+$/.test(prefix)) return `{${prefix}}`;
  throw new TypeError(
    `redisPrefix must be text without braces and white space, not ${JSON.stringify(prefix)}`,
  );
}

function toList(reply: ByteReply): ByteReply[] {
  return reply as ByteReply[];
}

function toText(reply: ByteReply): string | undefined {
  return reply === null ? undefined : String(reply);
}

/** A copy: the client's buffers are parts of larger ones. */
function toBytes(reply: ByteReply): Uint8Array {
  return new Uint8Array(reply as Uint8Array);
}
