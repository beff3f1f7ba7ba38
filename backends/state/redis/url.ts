/**
 * Where the Redis of a configuration is, which may be for another type of backend: a URL that is invalid is
 * text like others.
 *
 * @module
 */

import { parseRedisUrl, type RedisAddress } from "../../redis/address.ts";
import type { BackendConfig } from "../config.ts";
import { DEFAULT_REDIS_URL } from "../defaults.ts";
import type { RedisReader } from "../same_config.ts";

/** Reads it. */
export const REDIS: RedisReader = {
  meaning: (config) =>
    attempt(config, ({ kind, nodes, serviceName, login, sentinelLogin }) => {
      const hosts = nodes.map(({ host, port }) => `${host.toLowerCase()}:${port}`).sort();
      const logins = [login, sentinelLogin].map(({ username, password, database, tls }) => [
        username ?? "",
        password ?? "",
        database,
        tls !== undefined,
        tls?.servername ?? "",
      ]);
      return JSON.stringify([kind, hosts, serviceName, logins]);
    }) ?? config.redisUrl ?? DEFAULT_REDIS_URL,
  shown: (config) => attempt(config, ({ redactedUrl }) => redactedUrl) ?? "an invalid URL",
};

function attempt(config: BackendConfig, read: (address: RedisAddress) => string) {
  try {
    return read(parseRedisUrl(config.redisUrl ?? DEFAULT_REDIS_URL, config));
  } catch {
    return undefined;
  }
}
