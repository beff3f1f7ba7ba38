/**
 * Whether two configurations mean the same backend: with the defaults written out, and every form of a
 * URL or an address in one way.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import { type BackendConfig, resolveLimits, toMs } from "./config.ts";
import {
  DEFAULT_MANAGER_ADDRESS,
  DEFAULT_REDIS_PREFIX,
  DEFAULT_REDIS_TTL_SECONDS,
  DEFAULT_REDIS_URL,
  DEFAULT_SHM_NAME,
} from "./defaults.ts";

/** A configuration, each field as text that is equal for equal meanings. */
type Meaning = Readonly<Record<keyof BackendConfig, string>>;

/** Reads the URLs of a Redis. */
export interface UrlReader {
  /** Text that is equal for URLs with the same meaning. */
  meaning(url: string): string;
  /** A URL without its password. */
  shown(url: string): string;
}

/** The meaning of a configuration that was checked. */
export function meaningOf(config: BackendConfig, urls: UrlReader): Meaning {
  const { maxSlotsPerThread, maxThreads, ttlMs } = resolveLimits(config);
  const { backendType = "memory", redisTtl = DEFAULT_REDIS_TTL_SECONDS } = config;
  return {
    backendType,
    maxSlotsPerThread: `${maxSlotsPerThread}`,
    maxThreads: `${maxThreads}`,
    ttlSeconds: ttlMs === undefined ? "never" : `${ttlMs / 1000}`,
    redisUrl: urls.meaning(config.redisUrl ?? DEFAULT_REDIS_URL),
    redisPrefix: config.redisPrefix ?? DEFAULT_REDIS_PREFIX,
    redisTtl: `${toMs(redisTtl) / 1000}`,
    redisMinReplicas: `${config.redisMinReplicas ?? 0}`,
    managerAddress: addressText(config.managerAddress ?? DEFAULT_MANAGER_ADDRESS),
    managerAuthkey: config.managerAuthkey?.toHex() ?? "",
    shmName: config.shmName ?? DEFAULT_SHM_NAME,
  };
}

/** The first field in which the meanings differ. */
export function differingField(one: Meaning, other: Meaning): keyof BackendConfig | undefined {
  return (Object.keys(one) as (keyof BackendConfig)[]).find((key) => one[key] !== other[key]);
}

/** What both have in a field, for an error: nothing of a secret. */
export function describeDifference(
  key: keyof BackendConfig,
  existing: BackendConfig,
  asked: BackendConfig,
  urls: UrlReader,
): string {
  if (key === "managerAuthkey") return "";
  const [has, wanted] = [existing, asked].map((config) => describe(key, config, urls));
  // URLs whose passwords differ look the same.
  return has === wanted ? "" : ` (${has}, not ${wanted})`;
}

function describe(key: keyof BackendConfig, config: BackendConfig, urls: UrlReader): string {
  const { redisUrl = DEFAULT_REDIS_URL } = config;
  return formatValue(key === "redisUrl" ? urls.shown(redisUrl) : meaningOf(config, urls)[key]);
}

function addressText([host, port]: readonly [string, number]): string {
  return `${host.toLowerCase().replace(/^\[(.*)\]$/, "$1")}:${port}`;
}
