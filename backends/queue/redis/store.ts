/**
 * The store of a queue on Redis or Redis Cluster.
 *
 * @module
 */

import { reportFailure } from "../../../lib/base/after_commit.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { parseRedisUrl, type RedisAddress } from "../../redis/address.ts";
import type { Reply } from "../../redis/connection.ts";
import type { ResolvedConfig } from "../config.ts";
import { logger } from "../log.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type MessageToPut,
  type NewMessage,
  type QueueDelivery,
  type QueueReceiver,
  type QueueRecord,
  type QueueStore,
} from "../store.ts";
import type { InitializeOptions, MessageFilters } from "../types.ts";
import { attemptMs, QueueClient } from "./client.ts";
import { LateRemovals } from "./late_removals.ts";
import { countMessages, listMessages } from "./listing.ts";
import { checkHealth, checkPartitions, warnOfLoss } from "./maintenance.ts";
import { Notifications } from "./notifications.ts";
import { firstThatCounts } from "./outcomes.ts";
import { escapeGlob, Partitions } from "./partitions.ts";
import { RedisReceiver } from "./receiver.ts";
import { toDelivery, toRecord } from "./replies.ts";
import type { ScriptName } from "./scripts/mod.ts";

/** Messages that one step of `clear` removes. */
const CLEAR_STEP = 200;
/** The first of the sets from which `unsubscribe` removes deliveries, and the cursor of `ZSCAN`. */
const FIRST_CURSOR = "1 0";
/** Milliseconds after which an idle subscription claims without a wakeup. */
const POLL_MS = 2000;

/** The event that the log has first, for each kind of address. */
const INITIALIZING = {
  server: "initializing_redis_single",
  cluster: "initializing_redis_cluster",
  sentinel: "initializing_redis_sentinel",
} as const;

/** Microseconds since 1970, as messages have them in their sequence numbers. */
function nowMicroseconds(): string {
  return String(Date.now() * 1000);
}

/** The store on a single server or a cluster. */
export class RedisStore implements QueueStore {
  readonly pollMs: number = POLL_MS;
  readonly #config: ResolvedConfig;
  readonly #address: RedisAddress;
  readonly #partitions: Partitions;
  readonly #client: QueueClient;
  readonly #notifications: readonly Notifications[];
  readonly #sweepCursors: readonly string[][];
  readonly #lateRemovals = new LateRemovals(({ partition, id, storedBefore }) =>
    this.#removeFrom(partition, id, storedBefore)
  );
  #healthTimer: ReturnType<typeof setInterval> | undefined;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    this.#address = parseRedisUrl(config.redisUrl, config.connection);
    this.#partitions = new Partitions(config, this.#address.isCluster);
    this.#sweepCursors = this.#partitions.all.map(() => ["0", "0"]);
    this.#client = new QueueClient(this.#address, config, this.#partitions.keys);
    this.#notifications = this.#partitions.all.map((partition) =>
      new Notifications(this.#client.router, partition, attemptMs(config))
    );
  }

  async open({ timeoutMs }: InitializeOptions = {}): Promise<void> {
    const { kind, isCluster, redactedUrl: url } = this.#address;
    logger.info(INITIALIZING[kind], { url });
    try {
      // A failover may be going on; a single server that refuses is down, or the URL is wrong.
      const patienceMs = kind === "server" ? attemptMs(this.#config) : undefined;
      const wait = { timeoutMs, unreachableMs: timeoutMs ?? patienceMs };
      await checkPartitions(this.#client, this.#config, url, wait);
      await warnOfLoss(this.#client, this.#partitions.prefixes[0], url);
    } catch (error) {
      logger.error("redis_initialization_failed", { url, error });
      await this.#client.router.close();
      throw error;
    }
    this.#healthTimer = setInterval(() => void this.#checkHealth(), this.#config.healthCheckMs);
    logger.info("redis_initialized", { isCluster });
  }

  async #checkHealth(): Promise<void> {
    await this.#lateRemovals.retry();
    await checkHealth({
      client: this.#client,
      notifications: this.#notifications,
      partitions: this.#partitions.all,
      cursors: this.#sweepCursors,
      maxAttempts: this.#config.maxAttempts,
      url: this.#address.redactedUrl,
    });
  }

  stopRetrying(): void {
    this.#client.stopRetrying();
  }

  async close(): Promise<void> {
    const { redactedUrl: url } = this.#address;
    logger.info("closing_redis_connection", { url });
    clearInterval(this.#healthTimer);
    await this.#lateRemovals.retry();
    await Promise.all(this.#notifications.map((notifications) => notifications.close()));
    await this.#client.close();
    logger.info("redis_connection_closed", { url });
  }

  async publish(message: NewMessage): Promise<QueueRecord> {
    const { channel, source, target, payload, metadata, priority, ttlMs } = message;
    const partition = this.#partitions.of(target, channel);
    const id = this.#partitions.newId(partition);
    const reply = await this.#storeIn(partition, [
      id,
      id,
      channel,
      source,
      target ?? "",
      payload,
      metadata,
      String(priority),
      ttlMs === null ? "" : String(ttlMs),
      "0",
      "",
      "",
      "0",
    ]);
    const [created, expires, sequence] = String(reply).split(" ");
    const { ttlMs: _, ...rest } = message;
    return {
      ...rest,
      id,
      createdMs: Number(created),
      updatedMs: Number(created),
      expiresMs: expires === "-" ? null : Number(expires),
      acknowledged: false,
      sequence: Number(sequence),
    };
  }

  #storeIn(partition: number, args: string[]): Promise<Reply> {
    const sharedArgs = [this.#config.maxItems, this.#config.maxAttempts].map(String);
    return this.#client.call({
      script: "store",
      partition,
      args: () => args,
      sharedArgs,
      isDurable: true,
    });
  }

  async put(message: MessageToPut): Promise<void> {
    const partition = this.#partitions.of(message.target, message.channel);
    this.#checkPartition(message, partition);
    const reply = await this.#storeIn(partition, [
      crypto.randomUUID(),
      message.id,
      message.channel,
      message.source,
      message.target ?? "",
      message.payload,
      message.metadata,
      String(message.priority),
      "",
      "1",
      String(message.createdMs),
      message.expiresMs === null ? "" : String(message.expiresMs),
      message.acknowledged ? "1" : "0",
    ]);
    // A message whose id the queue has not made may have been in another partition.
    const others = this.#partitions.ofId(message.id).filter((other) => other !== partition);
    const [, , sequence] = String(reply).split(" ");
    const storedBefore = sequence === "0" ? nowMicroseconds() : sequence;
    await Promise.all(others.map((other) => this.#removeCopy(other, message.id, storedBefore)));
  }

  /** Removes what is left of a message elsewhere, now or later. Never rejects. */
  async #removeCopy(partition: number, id: string, storedBefore: string): Promise<void> {
    try {
      await this.#removeFrom(partition, id);
    } catch (error) {
      this.#lateRemovals.add({ partition, id, storedBefore }, error);
    }
  }

  #checkPartition({ id, target, channel }: MessageToPut, partition: number): void {
    const named = this.#partitions.namedBy(id);
    if (named === undefined || named === partition) return;
    throw new TypeError(
      `cannot put message ${formatValue(id)}: its id names partition ${named}, and messages for ` +
        `${
          formatValue(target ?? channel)
        } are in partition ${partition}; publish it as a new message`,
    );
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    const broadcasts = this.#partitions.of(null, channel);
    return this.#partitions.ofReceiver(agent, channel).map((partition) =>
      new RedisReceiver(this.#client, this.#notifications[partition], this.#config, {
        partition,
        channel,
        agent,
        hasBroadcasts: partition === broadcasts,
        notifyChannel: `${this.#partitions.prefixes[partition]}:notify:${channel}`,
      })
    );
  }

  async unsubscribe(channel: string, agent: string): Promise<boolean> {
    const partition = this.#partitions.of(null, channel);
    const operation = crypto.randomUUID();
    for (let cursor = FIRST_CURSOR;;) {
      const args = [operation, channel, agent, cursor];
      const reply = await this.#client.runDurably("unsubscribe", partition, args) as Reply[];
      if (reply[1] === "done") return reply[0] === 1;
      cursor = String(reply[1]);
    }
  }

  async acknowledge(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#settle("acknowledge", id, [id, agent ?? ""], []);
  }

  async requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    const args = [crypto.randomUUID(), id, agent ?? "", String(this.#config.maxAttempts)];
    return await this.#settle("requeue", id, args);
  }

  async #settle(
    script: ScriptName,
    id: string,
    args: string[],
    sharedArgs?: string[],
  ): Promise<AcknowledgeOutcome> {
    const call = async (partition: number): Promise<AcknowledgeOutcome> => {
      for (;;) {
        const outcome = await this.#client.call({
          script,
          partition,
          args: () => args,
          sharedArgs,
          isDurable: true,
        });
        if (outcome !== null) return outcome as AcknowledgeOutcome;
      }
    };
    const calls = this.#partitions.ofId(id).map(call);
    return await firstThatCounts(calls, (outcome) => outcome !== "absent") ?? "absent";
  }

  async pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    const found = await this.#readDeliveries("pending", agent, channel, limit);
    return found.sort(byPriority).slice(0, limit);
  }

  async deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return (await this.#readDeliveries("deadLetters", agent, channel, limit)).slice(0, limit);
  }

  async #readDeliveries(
    script: ScriptName,
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    const partitions = channel === undefined
      ? this.#partitions.all
      : this.#partitions.ofReceiver(agent, channel);
    const found = await Promise.all(partitions.map(async (partition) => {
      const deliveries: QueueDelivery[] = [];
      for (let cursor = "0"; cursor !== "done";) {
        const numbers = [limit - deliveries.length, this.#config.maxAttempts].map(String);
        const args = [agent, channel ?? "", ...numbers, cursor];
        const reply = await this.#client.run(script, partition, args);
        if (reply === null) continue;
        const [next, ...step] = reply as Reply[];
        deliveries.push(...step.map(toDelivery));
        cursor = String(next);
      }
      return deliveries;
    }));
    return found.flat();
  }

  async get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    const calls = this.#partitions.ofId(id).map((partition) =>
      this.#client.run("get", partition, [id, agent ?? ""])
    );
    const found = await firstThatCounts(calls, (reply) => reply !== null);
    return found === undefined ? undefined : toRecord(found);
  }

  async delete(id: string): Promise<boolean> {
    const storedBefore = nowMicroseconds();
    const partitions = this.#partitions.ofId(id);
    const results = await Promise.allSettled(
      partitions.map((partition) => this.#removeFrom(partition, id)),
    );
    const wasThere = results.some((result) => result.status === "fulfilled" && result.value);
    results.forEach((result, index) => {
      if (result.status === "fulfilled") return;
      if (!wasThere) throw result.reason;
      this.#lateRemovals.add({ partition: partitions[index], id, storedBefore }, result.reason);
    });
    return wasThere;
  }

  /** Removes a message; with `storedBefore`, only one that was stored before that time. */
  async #removeFrom(partition: number, id: string, storedBefore = ""): Promise<boolean> {
    const args = [crypto.randomUUID(), id, storedBefore];
    return await this.#client.runDurably("remove", partition, args) === 1;
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return listMessages(this.#client, this.#partitions.all, filters, { limit, offset, agent });
  }

  count(filters: MessageFilters): Promise<number> {
    return countMessages(this.#client, this.#partitions.all, filters);
  }

  async clear(): Promise<number> {
    const counts = await Promise.all(
      this.#partitions.all.map((partition) => this.#clearPartition(partition)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #clearPartition(partition: number): Promise<number> {
    let sum = 0;
    let lost = 0;
    for (let isDone = false; !isDone;) {
      const args = [crypto.randomUUID(), String(CLEAR_STEP)];
      const reply = await this.#client.runDurably("clear", partition, args);
      const [more, removed, orphans] = (reply as Reply[]).map(Number);
      sum += removed;
      lost += orphans;
      isDone = more === 0;
    }
    if (lost > 0) await this.#scrubAfterClear(partition);
    return sum;
  }

  /** All messages are gone by now; health checks drop what a failure leaves in the indexes. */
  async #scrubAfterClear(partition: number): Promise<void> {
    try {
      await this.#scrub(partition);
    } catch (error) {
      reportFailure("removal", `cleaning the indexes of partition ${partition}`, error);
    }
  }

  /** Drops what messages that are lost have left in the indexes. */
  async #scrub(partition: number): Promise<void> {
    const pattern = `${escapeGlob(this.#partitions.prefixes[partition])}:*`;
    let cursor = "0";
    do {
      cursor = String(await this.#client.run("scrub", partition, [pattern, cursor]));
    } while (cursor !== "0");
  }
}
