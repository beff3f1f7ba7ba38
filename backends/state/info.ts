/**
 * What a backend reports of its state.
 *
 * @module
 */

import type { BackendType, StateLimits } from "./config.ts";

/** What a backend reports of the state that it shares. */
export interface SharedBackendInfo {
  /** Where the state lives. */
  readonly backendType: BackendType;
  /**
   * Host and port of the manager, URL of the Redis without its password, or `"shm:"` and the
   * name. Undefined in memory.
   */
  readonly address: string | undefined;
  /** Threads that have not expired. */
  readonly threads: number;
  /** Pairs that have not expired. */
  readonly pairs: number;
  /** Most slots of a thread. */
  readonly maxSlotsPerThread: number;
  /** Most threads. */
  readonly maxThreads: number;
  /** Seconds from the last use of a thread or a pair to its expiry. Undefined: never. */
  readonly ttlSeconds: number | undefined;
}

/** Numbers of threads and pairs. */
export interface StateCounts {
  readonly threads: number;
  readonly pairs: number;
}

/** Where a state is, and its limits. */
export interface StatePlace {
  readonly backendType: BackendType;
  readonly address: string | undefined;
  readonly limits: StateLimits;
}

/** What a backend reports. */
export function infoOf(
  { backendType, address, limits }: StatePlace,
  { threads, pairs }: StateCounts,
): SharedBackendInfo {
  const { maxSlotsPerThread, maxThreads, ttlMs } = limits;
  const ttlSeconds = ttlMs === undefined ? undefined : ttlMs / 1000;
  return { backendType, address, threads, pairs, maxSlotsPerThread, maxThreads, ttlSeconds };
}
