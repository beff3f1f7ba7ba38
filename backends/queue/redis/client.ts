/**
 * The scripts of a queue on a Redis server or cluster.
 *
 * @module
 */

import type { RedisAddress } from "../../redis/address.ts";
import { ClusterRouter } from "../../redis/cluster_router.ts";
import type { Reply } from "../../redis/connection.ts";
import { type ScriptCall, ScriptRunner } from "../../redis/script_runner.ts";
import type { ResolvedConfig } from "../config.ts";
import { logger } from "../log.ts";
import { toQueueError } from "./errors.ts";
import { type ScriptName, scripts } from "./scripts/mod.ts";

/** Runs the scripts of one queue. */
export class QueueClient {
  /** Finds the server of a partition. */
  readonly router: ClusterRouter;
  readonly #runner: ScriptRunner<ScriptName, Reply>;

  constructor(address: RedisAddress, config: ResolvedConfig, keys: readonly string[]) {
    const { isCluster, redactedUrl } = address;
    const timeoutMs = attemptMs(config);
    this.router = new ClusterRouter(address, keys, {
      timeoutMs,
      poolSize: config.poolSize,
      logger,
    });
    this.#runner = new ScriptRunner(this.router, {
      scripts,
      keys,
      commonArgs: [
        isCluster ? "SPUBLISH" : "PUBLISH",
        ...[2 * config.deadlineMs, config.maxAttempts, config.leaseMs].map(String),
      ],
      deadlineMs: config.deadlineMs,
      replication: {
        minReplicas: config.minReplicas,
        waitMs: Math.max(1, Math.floor(timeoutMs / 2)),
      },
      send: (connection, command) => connection.send(command),
      toError: (script, failure, cause, timeoutMs) =>
        toQueueError(script, redactedUrl, failure, cause, timeoutMs),
    });
  }

  /** Runs a script, and returns its reply. */
  run(script: ScriptName, partition: number, args: readonly string[]): Promise<Reply> {
    return this.call({ script, partition, args: () => args });
  }

  /** Runs a script that replicas must confirm, and returns its reply. */
  runDurably(script: ScriptName, partition: number, args: readonly string[]): Promise<Reply> {
    return this.call({ script, partition, args: () => args, isDurable: true });
  }

  /** Runs a script with all options, and returns its reply. */
  call(call: ScriptCall<ScriptName>): Promise<Reply> {
    return this.#runner.run(call);
  }

  /** Ends all repetitions: from now on each call has one attempt. */
  stopRetrying(): void {
    this.#runner.stopRetrying();
    this.router.stopRetrying();
  }

  /** Waits for pending calls, and closes all connections. */
  async close(): Promise<void> {
    await this.#runner.settled();
    await this.router.close();
  }
}

/** Milliseconds for one attempt: the first one must not use up the whole deadline. */
export function attemptMs({ commandTimeoutMs, deadlineMs }: ResolvedConfig): number {
  return Math.max(1, Math.min(commandTimeoutMs, Math.floor(deadlineMs / 2)));
}
