/**
 * The configuration of shared state, with its defaults and checks.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";
import { seconds, wholeNumber } from "../../lib/base/option_checks.ts";
import type { OptionCheck, OptionChecks } from "../../lib/base/option_rules.ts";
import type { RedisConnectionOptions } from "../../lib/base/redis_options.ts";

export type { RedisConnectionOptions, RedisTlsOptions } from "../../lib/base/redis_options.ts";

/** Where shared state lives. */
export type BackendType = "memory" | "manager" | "redis" | "shm";

/** Configuration of a backend. */
export interface BackendConfig extends RedisConnectionOptions {
  /**
   * `"memory"` is for one process, `"shm"` for the processes of one machine without a server,
   * `"manager"` for processes that reach a TCP port, `"redis"` for many machines. Default: `"memory"`.
   */
  backendType?: BackendType | undefined;
  /**
   * Redis: its URL, also `redis-cluster://host:port,host:port` and
   * `redis+sentinel://host:port,host:port/name`; with TLS `rediss` in place of `redis`. Default:
   * `redis://localhost:6379`.
   */
  redisUrl?: string | undefined;
  /** Redis: prefix of all keys. Default: `"xp:"`. */
  redisPrefix?: string | undefined;
  /** Redis: seconds from the last use of a thread or a pair to its expiry. Default: 86,400. */
  redisTtl?: number | undefined;
  /** Redis: number of replicas that must confirm each call. Default: 0. */
  redisMinReplicas?: number | undefined;
  /** Manager: host and port of the server. Default: `["127.0.0.1", 31135]`. */
  managerAddress?: [host: string, port: number] | undefined;
  /** Manager: the key that clients must prove to know. */
  managerAuthkey?: Uint8Array | undefined;
  /** Shm: name of the segments. Default: `"state"`. */
  shmName?: string | undefined;
  /** Memory, manager, shm: seconds from the last use of a thread or a pair to its expiry. Default: never. */
  ttlSeconds?: number | undefined;
  /** Most slots of a thread. Default: 10,000. */
  maxSlotsPerThread?: number | undefined;
  /** Most threads. Default: 1,000. */
  maxThreads?: number | undefined;
}

/** Limits of every backend. */
export interface StateLimits {
  /** Most slots of a thread. */
  readonly maxSlotsPerThread: number;
  /** Most threads. */
  readonly maxThreads: number;
  /** Milliseconds from the last use of a thread or a pair to its expiry. Undefined: never. */
  readonly ttlMs: number | undefined;
}

/** Options of every backend. */
export interface StateOptions {
  /** Most slots of a thread. Default: 10,000. */
  maxSlotsPerThread?: number | undefined;
  /** Most threads. Default: 1,000. */
  maxThreads?: number | undefined;
  /** Seconds from the last use of a thread or a pair to its expiry. Default: never. */
  ttlSeconds?: number | undefined;
}

/** Longest time to live, in milliseconds: a thousand years. */
const MAX_TTL_MS = 1000 * 366 * 86_400_000;

/** The checks of a backend's limits, without a time to live. */
export const LIMIT_CHECKS: OptionChecks<Omit<StateOptions, "ttlSeconds">> = {
  maxSlotsPerThread: wholeNumber(1),
  maxThreads: wholeNumber(1),
};
/** A time to live in seconds. */
export const checkTtl: OptionCheck<number> = seconds(MAX_TTL_MS);

/** The checks of `StateOptions`. */
export const STATE_CHECKS: OptionChecks<StateOptions> = { ...LIMIT_CHECKS, ttlSeconds: checkTtl };

/** Adds the defaults to limits that were checked. */
export function resolveLimits(options: StateOptions): StateLimits {
  const { maxSlotsPerThread = 10_000, maxThreads = 1000, ttlSeconds } = options;
  const ttlMs = ttlSeconds === undefined ? undefined : toMs(ttlSeconds);
  return { maxSlotsPerThread, maxThreads, ttlMs };
}

/** The options that are limits. */
export const LIMIT_NAMES = ["maxSlotsPerThread", "maxThreads", "ttlSeconds"] as const;

/** The name of an option that is a limit. */
export type LimitName = typeof LIMIT_NAMES[number];

/** The first limit that a backend asks for, and that a state does not have; undefined if there is none. */
export function differingLimit(
  asked: StateOptions,
  limits: StateLimits,
): { limit: LimitName; actual: number | undefined } | undefined {
  const actual: StateOptions = {
    maxSlotsPerThread: limits.maxSlotsPerThread,
    maxThreads: limits.maxThreads,
    ttlSeconds: limits.ttlMs === undefined ? undefined : limits.ttlMs / 1000,
  };
  const wanted = { ...asked };
  if (asked.ttlSeconds !== undefined) wanted.ttlSeconds = toMs(asked.ttlSeconds) / 1000;
  const limit = LIMIT_NAMES
    .find((each) => wanted[each] !== undefined && wanted[each] !== actual[each]);
  return limit && { limit, actual: actual[limit] };
}

/** Milliseconds of a time to live. */
export function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** The address of a manager. */
export function checkAddress(name: string, address: unknown): [host: string, port: number] {
  if (Array.isArray(address) && address.length === 2) {
    const [host, port] = address;
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
    if (typeof host === "string" && host !== "" && isPort) return [host, port];
  }
  const shown = Array.isArray(address)
    ? `[${address.map(formatValue).join(", ")}]`
    : formatValue(address);
  throw new TypeError(
    `${name} must be a host and a port, such as ["127.0.0.1", 31135], not ${shown}`,
  );
}

/** Checks the key of a manager, and returns a copy. */
export function checkAuthkey(name: string, authkey: unknown): Uint8Array {
  if (authkey instanceof Uint8Array && authkey.length > 0) return authkey.slice();
  // A string may be the key itself: the error must not show it.
  const shown = authkey instanceof Uint8Array
    ? "an empty one"
    : typeof authkey === "string"
    ? "a string"
    : formatValue(authkey);
  throw new TypeError(
    `${name} must be a Uint8Array, a secret of all clients such as 32 random bytes from a secret ` +
      `store, not ${shown}`,
  );
}
