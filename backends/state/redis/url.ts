/**
 * URLs of a Redis in a configuration that may be for another type: one that is invalid is text like others.
 *
 * @module
 */

import { parseRedisUrl, type RedisAddress } from "../../redis/address.ts";
import type { UrlReader } from "../same_config.ts";

/** Reads them. */
export const REDIS_URLS: UrlReader = {
  meaning: (url) =>
    attempt(url, ({ isCluster, nodes, login }) => {
      const hosts = nodes.map(({ host, port }) => `${host.toLowerCase()}:${port}`).sort();
      return JSON.stringify([isCluster, hosts, login]);
    }) ?? url,
  shown: (url) => attempt(url, ({ redactedUrl }) => redactedUrl) ?? "an invalid URL",
};

function attempt(url: string, read: (address: RedisAddress) => string): string | undefined {
  try {
    return read(parseRedisUrl(url));
  } catch {
    return undefined;
  }
}
