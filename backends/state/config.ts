/**
 * The configuration of shared state, with its defaults and checks.
 *
 * @module
 */

import { checkInteger, checkSeconds } from "../../lib/base/checks.ts";

/** Where shared state lives. */
export type BackendType = "memory" | "manager" | "redis" | "shm";

/** Configuration of a backend. */
export interface BackendConfig {
  /**
   * `"memory"` is for one process, `"shm"` for the processes of one machine without a server,
   * `"manager"` for processes that reach a TCP port, `"redis"` for many machines. Default: `"memory"`.
   */
  backendType?: BackendType;
  /**
   * Redis: its URL, also `rediss://` and `redis-cluster://host:port,host:port`. Default:
   * `redis://localhost:6379`.
   */
  redisUrl?: string;
  /** Redis: prefix of all keys. Default: `"xp:"`. */
  redisPrefix?: string;
  /** Redis: seconds from the last use of a thread or a pair to its expiry. Default: 86,400. */
  redisTtl?: number;
  /** Manager: host and port of the server. Default: `["127.0.0.1", 31135]`. */
  managerAddress?: [host: string, port: number];
  /** Manager: the key that clients must prove to know. */
  managerAuthkey?: Uint8Array;
  /** Shm: name of the segments. Default: `"state"`. */
  shmName?: string;
  /** Memory, manager, shm: seconds from the last use of a thread or a pair to its expiry. Default: never. */
  ttlSeconds?: number;
  /** Most slots of a thread. Default: 10,000. */
  maxSlotsPerThread?: number;
  /** Most threads. Default: 1,000. */
  maxThreads?: number;
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
  maxSlotsPerThread?: number;
  /** Most threads. Default: 1,000. */
  maxThreads?: number;
  /** Seconds from the last use of a thread or a pair to its expiry. Default: never. */
  ttlSeconds?: number;
}

/** Longest time to live, in milliseconds: a thousand years. */
const MAX_TTL_MS = 1000 * 366 * 86_400_000;

/**
 * Adds the defaults to the limits.
 *
 * @throws {RangeError} if a limit is out of range
 */
export function resolveLimits(options: StateOptions): StateLimits {
  return {
    maxSlotsPerThread: checkInteger("maxSlotsPerThread", options.maxSlotsPerThread ?? 10_000, 1),
    maxThreads: checkInteger("maxThreads", options.maxThreads ?? 1000, 1),
    ttlMs: options.ttlSeconds === undefined
      ? undefined
      : checkTtl("ttlSeconds", options.ttlSeconds),
  };
}

/** Milliseconds of a time to live. */
export function checkTtl(name: string, seconds: number): number {
  return checkSeconds(name, seconds, MAX_TTL_MS);
}
