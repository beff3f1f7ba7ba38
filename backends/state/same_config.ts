/**
 * Whether two configurations mean the same backend: with the defaults written out, and every form of a
 * URL or an address in one way.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import {
  pemText,
  type RedisConnectionOptions,
  type RedisTlsOptions,
} from "../../lib/base/redis_options.ts";
import { type BackendConfig, resolveLimits, toMs } from "./config.ts";
import {
  DEFAULT_MANAGER_ADDRESS,
  DEFAULT_REDIS_PREFIX,
  DEFAULT_REDIS_TTL_SECONDS,
  DEFAULT_SHM_NAME,
} from "./defaults.ts";

/** The fields of which a configuration is compared. The URL of a Redis stands for its login too. */
type Field = Exclude<keyof BackendConfig, keyof Omit<RedisConnectionOptions, "redisTls">>;

/** A configuration, each field as text that is equal for equal meanings. */
type Meaning = Readonly<Record<Field, string>>;

/** Reads where the Redis of a configuration is. */
export interface RedisReader {
  /** Text that is equal for servers and logins with the same meaning. */
  meaning(config: BackendConfig): string;
  /** The URL without its password. */
  shown(config: BackendConfig): string;
}

/** The meaning of a configuration that was checked. */
export function meaningOf(config: BackendConfig, reader: RedisReader): Meaning {
  const { maxSlotsPerThread, maxThreads, ttlMs } = resolveLimits(config);
  const { backendType = "memory", redisTtl = DEFAULT_REDIS_TTL_SECONDS } = config;
  return {
    backendType,
    maxSlotsPerThread: `${maxSlotsPerThread}`,
    maxThreads: `${maxThreads}`,
    ttlSeconds: ttlMs === undefined ? "never" : `${ttlMs / 1000}`,
    redisUrl: reader.meaning(config),
    redisTls: tlsText(config.redisTls),
    redisPrefix: config.redisPrefix ?? DEFAULT_REDIS_PREFIX,
    redisTtl: `${toMs(redisTtl) / 1000}`,
    redisMinReplicas: `${config.redisMinReplicas ?? 0}`,
    managerAddress: addressText(config.managerAddress ?? DEFAULT_MANAGER_ADDRESS),
    managerAuthkey: config.managerAuthkey?.toHex() ?? "",
    shmName: config.shmName ?? DEFAULT_SHM_NAME,
  };
}

/** The first field in which the meanings differ. */
export function differingField(one: Meaning, other: Meaning): Field | undefined {
  return (Object.keys(one) as Field[]).find((key) => one[key] !== other[key]);
}

/** What both have in a field, for an error: nothing of a secret. */
export function describeDifference(
  key: Field,
  existing: BackendConfig,
  asked: BackendConfig,
  reader: RedisReader,
): string {
  if (key === "managerAuthkey" || key === "redisTls") return "";
  const [has, wanted] = [existing, asked].map((config) => describe(key, config, reader));
  // URLs whose passwords differ look the same.
  return has === wanted ? "" : ` (${has}, not ${wanted})`;
}

function describe(key: Field, config: BackendConfig, reader: RedisReader): string {
  return formatValue(key === "redisUrl" ? reader.shown(config) : meaningOf(config, reader)[key]);
}

function tlsText({ ca, cert, key, servername }: RedisTlsOptions = {}): string {
  const texts = [ca, cert, key].map((each) => each === undefined ? "" : pemText(each));
  return JSON.stringify([...texts, servername ?? ""]);
}

function addressText([host, port]: readonly [string, number]): string {
  return `${host.toLowerCase().replace(/^\[(.*)\]$/, "$1")}:${port}`;
}
