/**
 * The checks of a server when a queue opens, and at intervals while it is open.
 *
 * @module
 */

import { countFailures } from "../../../lib/base/failure_counts.ts";
import { formatValue } from "../../../lib/base/options.ts";
import type { ResolvedConfig } from "../config.ts";
import { QueueConfigurationError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Reply } from "../../redis/connection.ts";
import type { QueueClient } from "./client.ts";
import type { Notifications } from "./notifications.ts";

/** Checks that all queues of the namespace use the same number of partitions. */
export async function checkPartitions(
  client: QueueClient,
  { partitions, namespace }: ResolvedConfig,
  url: string,
): Promise<void> {
  const agreed = await client.run("agree", 0, [String(partitions)]);
  if (Number(agreed) === partitions) return;
  throw new QueueConfigurationError(
    `cannot use ${partitions} partitions for namespace ${formatValue(namespace)} on ` +
      `${url}: it has ${agreed}; use as many, or another namespace`,
  );
}

/** Logs a warning if the server may evict messages. A server may hide its policy. */
export async function warnOfEviction(client: QueueClient, url: string): Promise<void> {
  try {
    const pool = await client.router.poolOf(0, false);
    const connection = await pool.take();
    const info = String(await connection.send(["INFO", "memory"]));
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    if (policy !== undefined && policy !== "noeviction" && !policy.startsWith("volatile-")) {
      logger.warn("redis_may_evict_messages", { url, policy });
    }
  } catch (error) {
    logger.debug("redis_eviction_unknown", { error });
  }
}

/** What a health check needs to know. */
export interface HealthCheckOptions {
  readonly client: QueueClient;
  readonly notifications: readonly Notifications[];
  readonly partitions: readonly number[];
  readonly maxAttempts: number;
  readonly url: string;
}

/** Closes connections that are dead, and removes what is due while no client calls. */
export async function checkHealth(
  { client, notifications, partitions, maxAttempts, url }: HealthCheckOptions,
): Promise<void> {
  client.router.checkIdle();
  for (const each of notifications) each.check();
  try {
    const counts = await Promise.all(
      partitions.map((partition) => sweep(client, partition, maxAttempts)),
    );
    reportUnnotified(counts.reduce((sum, count) => sum + count, 0), url);
  } catch (error) {
    logger.warn("redis_health_check_failed", { url, error });
  }
}

/** Removes what is due. Resolves with the number of notifications that the server has refused. */
async function sweep(client: QueueClient, partition: number, maxAttempts: number): Promise<number> {
  for (let unnotified = 0;;) {
    const reply = await client.run("sweep", partition, [String(maxAttempts)]);
    const [more, refused] = (reply as Reply[]).map(Number);
    unnotified += refused;
    if (more === 0) return unnotified;
  }
}

/** Without notifications, subscriptions find messages when they poll. */
function reportUnnotified(count: number, url: string): void {
  if (count === 0) return;
  countFailures("notify", count);
  logger.warn("redis_refused_notifications", {
    url,
    count,
    advice:
      "give the user the right to PUBLISH (in a cluster SPUBLISH) on all channels of the queue",
  });
}
