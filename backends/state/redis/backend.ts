/**
 * Shared state on Redis or Redis Cluster.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import { text, wholeNumber } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { parseRedisUrl } from "../../redis/address.ts";
import {
  CONNECTION_CHECKS,
  connectionOptionsOf,
  NAMES_ELSEWHERE,
  type RedisConnectionOptions,
} from "../../../lib/base/redis_options.ts";
import { checkTtl, LIMIT_CHECKS, resolveLimits, toMs } from "../config.ts";
import { DEFAULT_REDIS_PREFIX, DEFAULT_REDIS_TTL_SECONDS, DEFAULT_REDIS_URL } from "../defaults.ts";
import { RemoteBackend } from "../remote_backend.ts";

/** Options of the Redis backend. */
export interface RedisBackendOptions extends RedisConnectionOptions {
  /**
   * `redis://`, `redis-cluster://host:port,host:port` or `redis+sentinel://host:port,host:port/name`;
   * with TLS `rediss` in place of `redis`. Default: `redis://localhost:6379`.
   */
  redisUrl?: string | undefined;
  /** Prefix of all keys. It is their hash tag: one server of a cluster has them all. Default: `"xp:"`. */
  redisPrefix?: string | undefined;
  /** Seconds from the last use of a thread or a pair to its expiry. Default: 86,400. */
  redisTtl?: number | undefined;
  /**
   * Number of replicas that must confirm each call. Without them a failover may lose what was stored, and
   * give an index twice. Default: 0.
   */
  redisMinReplicas?: number | undefined;
  /** Most slots of a thread. Default: 10,000. */
  maxSlotsPerThread?: number | undefined;
  /** Most threads. Default: 1,000. */
  maxThreads?: number | undefined;
}

const OPTIONS = new OptionRules<RedisBackendOptions>("new RedisBackend()", {
  redisUrl: text,
  ...CONNECTION_CHECKS,
  redisPrefix: checkPrefix,
  redisTtl: checkTtl,
  redisMinReplicas: wholeNumber(0),
  ...LIMIT_CHECKS,
}, NAMES_ELSEWHERE);

/**
 * Shared state for programs on many machines. Each call is one script on the server, which runs as a
 * whole or not at all. A call that fails is repeated for up to 30 seconds, and never carried out twice.
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
   * @throws {TypeError} if an option is unknown, or the URL or the prefix is invalid
   * @throws {RangeError} if a limit or the time to live is out of range
   */
  constructor(options: RedisBackendOptions = {}) {
    checkNoMore("new RedisBackend()", arguments, 1);
    OPTIONS.check(options);
    const {
      redisUrl = DEFAULT_REDIS_URL,
      redisPrefix = DEFAULT_REDIS_PREFIX,
      redisTtl = DEFAULT_REDIS_TTL_SECONDS,
      redisMinReplicas: minReplicas = 0,
    } = options;
    const limits = resolveLimits(options);
    const ttlMs = toMs(redisTtl);
    const address = parseRedisUrl(redisUrl, connectionOptionsOf(options));
    const prefix = `{${redisPrefix}}`;
    super(async () => {
      const { RedisStateClient } = await import("./client.ts");
      return new RedisStateClient({ address, prefix, ttlMs, limits, minReplicas });
    }, { backendType: "redis", address: address.redactedUrl, limits: { ...limits, ttlMs } });
  }
}

function checkPrefix(name: string, prefix: unknown): string {
  if (typeof prefix === "string" && /^[^{}\s]+$/.test(prefix)) return prefix;
  throw new TypeError(
    `${name} must be text without braces and white space, not ${formatValue(prefix)}`,
  );
}
