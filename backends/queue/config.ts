/**
 * The defaults and checks of the configuration of a queue.
 *
 * @module
 */

import { checkInteger, checkSeconds } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import { MAX_TIMER_MS } from "../../lib/base/timer.ts";
import type { QueueConfig } from "./types.ts";

/** A complete configuration. Durations are in milliseconds. */
export interface ResolvedConfig {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly ttlMs: number | null;
  readonly maxItems: number;
  readonly namespace: string;
  readonly leaseMs: number;
  readonly maxAttempts: number;
  readonly partitions: number;
  readonly minReplicas: number;
  readonly commandTimeoutMs: number;
  readonly deadlineMs: number;
  readonly poolSize: number;
  readonly healthCheckMs: number;
}

const MAX_PARTITIONS = 1024;
/** A prefix of this form may be the prefix, namespace and partition of another queue. */
const LOOKS_NAMESPACED = /:[^:]+:\d+$/;

/**
 * Adds the defaults to a configuration.
 *
 * @throws {TypeError | RangeError} if a field is invalid
 */
export function resolveConfig(config: QueueConfig = {}): ResolvedConfig {
  return {
    redisUrl: config.redisUrl ?? "redis://localhost:6379/0",
    redisPrefix: checkPrefix(config.redisPrefix ?? "tinyllm"),
    ttlMs: config.ttlSeconds == null ? null : checkSeconds("ttlSeconds", config.ttlSeconds),
    maxItems: checkInteger("maxItems", config.maxItems ?? 10_000, 1),
    namespace: checkNamespace(config.namespace ?? "default"),
    leaseMs: checkSeconds("leaseSeconds", config.leaseSeconds ?? 30, MAX_TIMER_MS),
    maxAttempts: checkInteger("maxAttempts", config.maxAttempts ?? 5, 1),
    partitions: checkInteger("partitions", config.partitions ?? 1, 1, MAX_PARTITIONS),
    minReplicas: checkInteger("minReplicas", config.minReplicas ?? 0, 0),
    commandTimeoutMs: checkInteger(
      "commandTimeoutMs",
      config.commandTimeoutMs ?? 5000,
      1,
      MAX_TIMER_MS,
    ),
    deadlineMs: checkInteger("deadlineMs", config.deadlineMs ?? 30_000, 1, MAX_TIMER_MS),
    poolSize: checkInteger("poolSize", config.poolSize ?? 50, 1),
    healthCheckMs: checkSeconds(
      "healthCheckSeconds",
      config.healthCheckSeconds ?? 30,
      MAX_TIMER_MS,
    ),
  };
}

function checkPrefix(prefix: string): string {
  if (typeof prefix !== "string" || !/^[^{}\s]+$/.test(prefix) || LOOKS_NAMESPACED.test(prefix)) {
    throw new TypeError(
      `redisPrefix must be text without braces and white space that does not end like ` +
        `":name:0", not ${formatValue(prefix)}`,
    );
  }
  return prefix;
}

function checkNamespace(namespace: string): string {
  if (typeof namespace !== "string" || !/^[^{}:\s]+$/.test(namespace)) {
    throw new TypeError(
      `namespace must be text without braces, colons and white space, not ${
        formatValue(namespace)
      }`,
    );
  }
  return namespace;
}
