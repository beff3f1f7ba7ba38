/**
 * Shared state on Redis or Redis Cluster.
 *
 * @module
 */

import { parseRedisUrl } from "../../redis/address.ts";
import { checkTtl, resolveLimits } from "../config.ts";
import { RemoteBackend } from "../remote_backend.ts";

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
export class RedisBackend extends RemoteBackend {
  /**
   * Prepares a backend, and does no input or output: `connect()`, or the first call, does.
   *
   * @throws {TypeError} if the URL or the prefix is invalid
   * @throws {RangeError} if a limit or the time to live is out of range
   */
  constructor(options: RedisBackendOptions = {}) {
    const { redisUrl = DEFAULT_URL, redisPrefix = "xp:", redisTtl = DEFAULT_TTL_SECONDS } = options;
    const limits = resolveLimits(options);
    const ttlMs = checkTtl("redisTtl", redisTtl);
    const address = parseRedisUrl(redisUrl);
    const prefix = tagOf(redisPrefix);
    super(async () => {
      const { RedisStateClient } = await import("./client.ts");
      return new RedisStateClient({ address, prefix, ttlMs, limits });
    });
  }
}

function tagOf(prefix: string): string {
  if (typeof prefix === "string" && /^[^{}\s]+$/.test(prefix)) return `{${prefix}}`;
  throw new TypeError(
    `redisPrefix must be text without braces and white space, not ${JSON.stringify(prefix)}`,
  );
}
