/**
 * The defaults and checks of the configuration of a queue.
 *
 * @module
 */

import type { Instrumentation } from "../../lib/base/instrumentation.ts";
import {
  flag,
  nullable,
  observer,
  oneOf,
  seconds,
  text,
  wholeNumber,
} from "../../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../../lib/base/option_rules.ts";
import { formatValue } from "../../lib/base/options.ts";
import { MAX_TIMER_MS } from "../../lib/base/timer.ts";
import {
  CONNECTION_CHECKS,
  connectionOptionsOf,
  NAMES_ELSEWHERE,
  type RedisConnectionOptions,
} from "../../lib/base/redis_options.ts";
import type { QueueConfig } from "./types.ts";

/** A complete configuration. Durations are in milliseconds. */
export interface ResolvedConfig {
  readonly redisUrl: string;
  readonly connection: RedisConnectionOptions;
  readonly redisPrefix: string;
  readonly ttlMs: number | null;
  readonly maxItems: number;
  readonly whenFull: "dropOldest" | "reject" | "wait";
  readonly filterIndexes: boolean;
  readonly migrate: boolean;
  readonly namespace: string;
  readonly leaseMs: number;
  readonly maxAttempts: number;
  readonly partitions: number;
  readonly minReplicas: number;
  readonly commandTimeoutMs: number;
  readonly deadlineMs: number;
  readonly poolSize: number;
  readonly healthCheckMs: number;
  readonly instrumentation: Instrumentation | undefined;
}

/** The settings that decide what a store does with a message. */
export type EngineConfig = Pick<
  ResolvedConfig,
  "leaseMs" | "maxAttempts" | "maxItems" | "whenFull"
>;

const MAX_PARTITIONS = 1024;
/** A prefix of this form may be the prefix, namespace and partition of another queue. */
const LOOKS_NAMESPACED = /:[^:]+:\d+$/;

/** The checks of a configuration. */
export const CONFIG_CHECKS: OptionChecks<QueueConfig> = {
  redisUrl: text,
  ...CONNECTION_CHECKS,
  redisPrefix: checkPrefix,
  ttlSeconds: nullable(seconds()),
  maxItems: wholeNumber(1),
  whenFull: oneOf("dropOldest", "reject", "wait"),
  filterIndexes: flag,
  migrate: flag,
  namespace: checkNamespace,
  leaseSeconds: seconds(MAX_TIMER_MS),
  maxAttempts: wholeNumber(1),
  partitions: wholeNumber(1, MAX_PARTITIONS),
  minReplicas: wholeNumber(0),
  commandTimeoutMs: wholeNumber(1, MAX_TIMER_MS),
  deadlineMs: wholeNumber(1, MAX_TIMER_MS),
  poolSize: wholeNumber(1),
  healthCheckSeconds: seconds(MAX_TIMER_MS),
  instrumentation: observer,
};

/** The configuration of the queue class of a name. */
export function configRules(className: string): OptionRules<QueueConfig> {
  return new OptionRules(`new ${className}()`, CONFIG_CHECKS, NAMES_ELSEWHERE);
}

/** Adds the defaults to a configuration that was checked. */
export function resolveConfig(config: QueueConfig = {}): ResolvedConfig {
  return {
    redisUrl: config.redisUrl ?? "redis://localhost:6379/0",
    connection: connectionOptionsOf(config),
    redisPrefix: config.redisPrefix ?? "tinyllm",
    ttlMs: config.ttlSeconds == null ? null : toMs(config.ttlSeconds),
    maxItems: config.maxItems ?? 10_000,
    whenFull: config.whenFull ?? "dropOldest",
    filterIndexes: config.filterIndexes ?? false,
    migrate: config.migrate ?? false,
    namespace: config.namespace ?? "default",
    leaseMs: toMs(config.leaseSeconds ?? 30),
    maxAttempts: config.maxAttempts ?? 5,
    partitions: config.partitions ?? 1,
    minReplicas: config.minReplicas ?? 0,
    commandTimeoutMs: config.commandTimeoutMs ?? 5000,
    deadlineMs: config.deadlineMs ?? 30_000,
    poolSize: config.poolSize ?? 50,
    healthCheckMs: toMs(config.healthCheckSeconds ?? 30),
    instrumentation: config.instrumentation,
  };
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}

function checkPrefix(name: string, prefix: unknown): string {
  if (typeof prefix !== "string" || !/^[^{}\s]+$/.test(prefix) || LOOKS_NAMESPACED.test(prefix)) {
    throw new TypeError(
      `${name} must be text without braces and white space that does not end like ` +
        `":name:0", not ${formatValue(prefix)}`,
    );
  }
  return prefix;
}

function checkNamespace(name: string, namespace: unknown): string {
  if (typeof namespace !== "string" || !/^[^{}:\s]+$/.test(namespace)) {
    throw new TypeError(
      `${name} must be text without braces, colons and white space, not ${formatValue(namespace)}`,
    );
  }
  return namespace;
}
