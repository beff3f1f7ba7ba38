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
import type { Connection, Reply } from "../../redis/connection.ts";
import { evictionPolicy } from "../../redis/eviction.ts";
import type { ScriptCall } from "../../redis/script_runner.ts";
import type { QueueClient } from "./client.ts";
import { foreignKeys } from "./foreign_keys.ts";
import type { Notifications } from "./notifications.ts";
import { LAYOUT } from "./scripts/setup.ts";
import type { ScriptName } from "./scripts/mod.ts";

/** Keys of other programs that a warning names. */
const SHOWN_KEYS = 5;

/**
 * Checks that all queues of the namespace use the same number of partitions, and the same layout. Converts an older
 * layout, and makes the indexes for filters, if the queue is to do so.
 *
 * @param wait how long to wait for the server
 */
export async function prepare(
  client: QueueClient,
  config: ResolvedConfig,
  url: string,
  wait: Pick<ScriptCall<ScriptName>, "timeoutMs" | "unreachableMs">,
): Promise<void> {
  const { partitions } = config;
  const args = () => [String(partitions)];
  const reply = await client.call({ script: "agree", partition: 0, args, ...wait });
  const [agreed, layout] = (reply as Reply[]).map(Number);
  if (agreed !== partitions) {
    throw new QueueConfigurationError(
      `cannot use ${partitions} partitions for ${place(config, url)}: it has ${agreed}; use as ` +
        `many, or another namespace`,
    );
  }
  if (layout !== LAYOUT) await migrate(client, config, layout, url);
  if (config.filterIndexes) await walkAll(client, "index", partitions);
}

async function migrate(
  client: QueueClient,
  config: ResolvedConfig,
  layout: number,
  url: string,
): Promise<void> {
  if (layout > LAYOUT || !config.migrate) {
    const remedy = layout > LAYOUT
      ? "use that version"
      : "stop all clients of that version, and initialize one queue with { migrate: true }";
    throw new QueueConfigurationError(
      `cannot use ${
        place(config, url)
      }: another version has stored messages in layout ${layout}, ` +
        `and this one uses layout ${LAYOUT}; ${remedy}, or use another namespace`,
    );
  }
  logger.info("redis_migration_started", { url, layout });
  await walkAll(client, "migrate", config.partitions);
  await client.runDurably("setLayout", 0, []);
  logger.info("redis_migration_ended", { url, layout: LAYOUT });
}

/** Runs a script on all messages, step by step. */
async function walkAll(
  client: QueueClient,
  script: "index" | "migrate",
  partitions: number,
): Promise<void> {
  const walk = async (partition: number) => {
    for (let cursor = ""; cursor !== "done";) {
      cursor = String(await client.runDurably(script, partition, [cursor]));
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => walk(partition)));
}

function place({ namespace }: ResolvedConfig, url: string): string {
  return `namespace ${formatValue(namespace)} on ${url}`;
}

/**
 * Logs warnings if the server may evict messages, or if another program uses the prefix. A server may hide
 * either from the user.
 */
export async function warnOfLoss(client: QueueClient, prefix: string, url: string): Promise<void> {
  await lookFor(client, async (connection) => {
    const policy = await evictionPolicy(connection);
    if (policy !== undefined) logger.warn("redis_may_evict_messages", { url, policy });
  });
  await lookFor(client, async (connection) => {
    const keys = (await foreignKeys(connection, prefix)).slice(0, SHOWN_KEYS);
    const advice = "use another redisPrefix for this queue";
    if (keys.length > 0) logger.warn("redis_foreign_keys", { url, keys, advice });
  });
}

async function lookFor(
  client: QueueClient,
  look: (connection: Connection) => Promise<void>,
): Promise<void> {
  try {
    const pool = await client.router.poolOf(0, false);
    await look(await pool.take());
  } catch (error) {
    logger.debug("redis_look_refused", { error });
  }
}

/** What a health check needs to know. */
export interface HealthCheckOptions {
  readonly client: QueueClient;
  readonly notifications: readonly Notifications[];
  readonly partitions: readonly number[];
  /** Where the check of the messages of each partition continues. */
  readonly cursors: readonly string[][];
  readonly url: string;
}

/** Closes connections that are dead, and removes what is due while no client calls. */
export async function checkHealth(
  { client, notifications, partitions, cursors, url }: HealthCheckOptions,
): Promise<void> {
  client.router.checkIdle();
  for (const each of notifications) each.check();
  try {
    const counts = await Promise.all(
      partitions.map((partition) => sweep(client, partition, cursors[partition])),
    );
    reportUnnotified(sumOf(counts.map(({ unnotified }) => unnotified)), url);
    reportLost(sumOf(counts.map(({ lost }) => lost)), url);
  } catch (error) {
    logger.warn("redis_health_check_failed", { url, error });
  }
}

/** What a health check has found in a partition. */
interface SweepCounts {
  /** Notifications that the server has refused. */
  readonly unnotified: number;
  /** Messages whose hash another program has deleted, or the server has evicted. */
  readonly lost: number;
}

/** Removes what is due, and checks some of the messages. */
async function sweep(
  client: QueueClient,
  partition: number,
  cursors: string[],
): Promise<SweepCounts> {
  for (let unnotified = 0, lost = 0;;) {
    const reply = await client.run("sweep", partition, cursors) as Reply[];
    const [more, refused, gone, ...next] = reply;
    unnotified += Number(refused);
    lost += Number(gone);
    cursors.splice(0, cursors.length, ...next.map(String));
    if (more === 0) return { unnotified, lost };
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

function reportLost(count: number, url: string): void {
  if (count === 0) return;
  logger.error("redis_lost_messages", {
    url,
    count,
    advice: "set maxmemory-policy noeviction, and let no other program delete keys of the queue",
  });
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
