/**
 * Faults of commands at an embedded Redis, and calls that meet them.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { RedisFault } from "../../backends/tcp/mod.ts";
import type { EmbeddedRedis } from "../../testing/mod.ts";

/** Faults after which another attempt succeeds. */
export const TRANSIENT_FAULTS: readonly RedisFault[] = [
  "READONLY",
  "OOM",
  "LOADING",
  "NOSCRIPT",
  "BUSY",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "MOVED",
  "ASK",
  { waitMs: 20 },
  "cut before",
  "cut after",
  "cut reply",
];

/** A fault as a part of a test's name. */
export function nameOfFault(fault: RedisFault): string {
  return typeof fault === "string" ? fault : JSON.stringify(fault);
}

/** Makes calls whose first script meets a fault; each has to succeed, and to have met it. */
export function failingScripts(
  redis: EmbeddedRedis,
  fault: RedisFault,
): <T>(what: string, call: () => Promise<T>) => Promise<T> {
  return async (what, call) => {
    const injected = redis.faults.inject(fault, { command: "EVALSHA" });
    const result = await call();
    assert.equal(injected.happened, 1, what);
    return result;
  };
}
