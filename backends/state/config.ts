/**
 * The configuration of shared state: its defaults and its checks.
 *
 * @module
 */

import { checkInteger, checkSeconds } from "../../lib/base/checks.ts";

/** Where shared state lives. */
export type BackendType = "memory" | "manager" | "redis" | "shm";

/** Which backend is used, and how. */
export interface BackendConfig {
  /**
   * `"memory"` is for one process, `"shm"` for the processes of one machine without a server,
   * `"manager"` for those that reach a TCP port, `"redis"` for many machines; `"memory"` when left out.
   */
  backendType?: BackendType;
  /** Redis: its URL, also `rediss://` and `redis-cluster://host:port,host:port`; that of localhost when left out. */
  redisUrl?: string;
  /** Redis: what all keys begin with; `"xp:"` when left out. */
  redisPrefix?: string;
  /** Redis: seconds that a thread or a pair lives without use; 86,400 when left out. */
  redisTtl?: number;
  /** Manager: host and port of the server; `["127.0.0.1", 31135]` when left out. */
  managerAddress?: [host: string, port: number];
  /** Manager: what clients must know to be let in. */
  managerAuthkey?: Uint8Array;
  /** Shm: name of the segments; `"state"` when left out. */
  shmName?: string;
  /** Memory, manager, shm: seconds that a thread or a pair lives without use; for ever when left out. */
  ttlSeconds?: number;
  /** Slots that a thread may have; 10,000 when left out. */
  maxSlotsPerThread?: number;
  /** Threads that there may be; 1,000 when left out. */
  maxThreads?: number;
}

/** What every backend is told. */
export interface StateLimits {
  /** Slots that a thread may have. */
  readonly maxSlotsPerThread: number;
  /** Threads that there may be. */
  readonly maxThreads: number;
  /** Milliseconds that a thread or a pair lives without use; undefined: for ever. */
  readonly ttlMs: number | undefined;
}

/** Options that every backend takes. */
export interface StateOptions {
  /** Slots that a thread may have; 10,000 when left out. */
  maxSlotsPerThread?: number;
  /** Threads that there may be; 1,000 when left out. */
  maxThreads?: number;
  /** Seconds that a thread or a pair lives without use; for ever when left out. */
  ttlSeconds?: number;
}

/** Longest time to live, in milliseconds: a thousand years. */
const MAX_TTL_MS = 1000 * 366 * 86_400_000;

/** Fills in what is left out, and throws for what cannot be. */
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
