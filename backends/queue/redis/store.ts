/**
 * Messages on Redis. A partition is a set of keys that share a hash tag: a targeted message lies in its
 * agent's partition, a broadcast in its channel's, and an id of ours says in which.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import type { ResolvedConfig } from "../config.ts";
import { QueueConfigurationError } from "../errors.ts";
import { logger } from "../log.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type Claim,
  type MessageToPut,
  type NewMessage,
  type QueueDelivery,
  type QueueReceiver,
  type QueueRecord,
  type QueueStore,
} from "../store.ts";
import type { MessageFilters } from "../types.ts";
import { parseRedisUrl, type RedisAddress } from "../../redis/address.ts";
import type { Reply } from "../../redis/connection.ts";
import { Notifications } from "./notifications.ts";
import { ClusterRouter } from "../../redis/cluster_router.ts";
import { ScriptRunner } from "../../redis/script_runner.ts";
import { toQueueError } from "./errors.ts";
import { type ScriptName, scripts } from "./scripts/mod.ts";

/** Messages that one step of `clear` removes. */
const CLEAR_STEP = 200;
/** Idle subscribers look so often without a hint, in milliseconds. */
const POLL_MS = 2000;
/** Fields of a message in a reply. */
const LEASED_UNTIL = 13;
const OWN_ID = /^(\d+)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The store on a single server or a cluster. */
export class RedisStore implements QueueStore {
  readonly pollMs: number = POLL_MS;
  readonly #config: ResolvedConfig;
  readonly #address: RedisAddress;
  readonly #prefixes: readonly string[];
  readonly #router: ClusterRouter;
  readonly #runner: ScriptRunner<ScriptName, Reply>;
  readonly #notifications: readonly Notifications[];
  readonly #partitions: readonly number[];
  #health: ReturnType<typeof setInterval> | undefined;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    this.#address = parseRedisUrl(config.redisUrl);
    this.#partitions = Array.from({ length: config.partitions }, (_, i) => i);
    this.#prefixes = this.#partitions.map((partition) =>
      prefixOf(config, partition, this.#address.isCluster)
    );
    const keys = this.#prefixes.map((prefix) => `${prefix}:seq`);
    const timeoutMs = attemptMs(config);
    this.#router = new ClusterRouter(this.#address, keys, { timeoutMs, poolSize: config.poolSize });
    this.#runner = new ScriptRunner(this.#router, {
      scripts,
      keys,
      commonArgs: commonArgs(config, this.#address.isCluster),
      deadlineMs: config.deadlineMs,
      replication: {
        minReplicas: config.minReplicas,
        waitMs: Math.max(1, Math.floor(timeoutMs / 2)),
      },
      send: (connection, command) => connection.send(command),
      toError: (script, failure, cause) =>
        toQueueError(script, this.#address.redactedUrl, failure, cause),
    });
    this.#notifications = this.#partitions.map((partition) =>
      new Notifications(this.#router, partition, timeoutMs)
    );
  }

  async open(): Promise<void> {
    const { isCluster, redactedUrl } = this.#address;
    logger.info(isCluster ? "initializing_redis_cluster" : "initializing_redis_single", {
      url: redactedUrl,
    });
    try {
      await this.#agreeOnPartitions();
      await this.#warnOfEviction();
    } catch (error) {
      logger.error("redis_initialization_failed", { url: redactedUrl, error });
      await this.#router.close();
      throw error;
    }
    this.#health = setInterval(() => void this.#checkHealth(), this.#config.healthCheckMs);
    logger.info("redis_initialized", { isCluster });
  }

  async #agreeOnPartitions(): Promise<void> {
    const { partitions, namespace } = this.#config;
    const agreed = await this.#run("agree", 0, [String(partitions)]);
    if (Number(agreed) === partitions) return;
    throw new QueueConfigurationError(
      `cannot use ${partitions} partitions for namespace ${formatValue(namespace)} on ` +
        `${this.#address.redactedUrl}: it has ${agreed}; use as many, or another namespace`,
    );
  }

  /** Asks once, and does without an answer: a server need not tell. */
  async #warnOfEviction(): Promise<void> {
    try {
      const pool = await this.#router.poolOf(0, false);
      const connection = await pool.take();
      const info = String(await connection.send(["INFO", "memory"]));
      const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
      if (policy !== undefined && policy !== "noeviction" && !policy.startsWith("volatile-")) {
        logger.warn("redis_may_evict_messages", { url: this.#address.redactedUrl, policy });
      }
    } catch (error) {
      logger.debug("redis_eviction_unknown", { error });
    }
  }

  stopRetrying(): void {
    this.#runner.stopRetrying();
    this.#router.stopRetrying();
  }

  async close(): Promise<void> {
    logger.info("closing_redis_connection", { url: this.#address.redactedUrl });
    clearInterval(this.#health);
    await Promise.all(this.#notifications.map((notifications) => notifications.close()));
    await this.#runner.settled();
    await this.#router.close();
    logger.info("redis_connection_closed", { url: this.#address.redactedUrl });
  }

  /** Finds connections that died silently, and removes what is due while nobody calls. */
  async #checkHealth(): Promise<void> {
    this.#router.checkIdle();
    for (const notifications of this.#notifications) notifications.check();
    try {
      await Promise.all(this.#partitions.map((partition) => this.#sweep(partition)));
    } catch (error) {
      logger.warn("redis_health_check_failed", { url: this.#address.redactedUrl, error });
    }
  }

  async #sweep(partition: number): Promise<void> {
    while (await this.#run("sweep", partition, [String(this.#config.maxAttempts)]) === 1) continue;
  }

  #run(script: ScriptName, partition: number, args: string[]): Promise<Reply> {
    return this.#runner.run({ script, partition, args: () => args });
  }

  #runDurably(script: ScriptName, partition: number, args: string[]): Promise<Reply> {
    return this.#runner.run({ script, partition, args: () => args, isDurable: true });
  }

  /** The partition of messages to an agent, or to all of a channel. */
  #partitionOf(target: string | null, channel: string): number {
    return hash(target ?? channel) % this.#partitions.length;
  }

  /** Where a message of this id may be: one place for an id of ours, any for another. */
  #partitionsOf(id: string): readonly number[] {
    const partition = this.#partitionFromId(id);
    return partition === undefined ? this.#partitions : [partition];
  }

  #partitionFromId(id: string): number | undefined {
    if (this.#partitions.length === 1) return 0;
    const partition = Number(OWN_ID.exec(id)?.[1] ?? NaN);
    return partition < this.#partitions.length ? partition : undefined;
  }

  async publish(message: NewMessage): Promise<QueueRecord> {
    const { channel, source, target, payload, metadata, priority, ttlMs } = message;
    const home = this.#partitionOf(target, channel);
    const id = this.#partitions.length === 1
      ? crypto.randomUUID()
      : `${home}.${crypto.randomUUID()}`;
    const reply = await this.#storeIn(home, [
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
    const sharedArgs = [String(this.#config.maxItems)];
    return this.#runner.run({
      script: "store",
      partition,
      args: () => args,
      sharedArgs,
      isDurable: true,
    });
  }

  async put(message: MessageToPut): Promise<void> {
    const home = this.#partitionOf(message.target, message.channel);
    const named = this.#partitionFromId(message.id);
    if (named !== undefined && named !== home) {
      throw new TypeError(
        `cannot put message ${
          formatValue(message.id)
        }: its id says partition ${named}, and messages for ` +
          `${
            formatValue(message.target ?? message.channel)
          } lie in partition ${home}; publish it anew`,
      );
    }
    await this.#storeIn(home, [
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
    // Only an id that is not of ours can have been elsewhere before.
    const others = this.#partitionsOf(message.id).filter((partition) => partition !== home);
    await Promise.all(others.map((partition) => this.#removeFrom(partition, message.id)));
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    const ofAgent = this.#partitionOf(agent, channel);
    const ofChannel = this.#partitionOf(null, channel);
    const partitions = [...new Set([ofAgent, ofChannel])];
    return partitions.map((partition) =>
      this.#receiverAt(partition, channel, agent, partition === ofChannel)
    );
  }

  #receiverAt(
    partition: number,
    channel: string,
    agent: string,
    hasBroadcasts: boolean,
  ): QueueReceiver {
    const notifyChannel = `${this.#prefixes[partition]}:notify:${channel}`;
    return {
      register: async (from) => {
        if (!hasBroadcasts) return;
        const isFromOldest = from === "oldest" ? "1" : "0";
        await this.#runDurably("register", partition, [channel, agent, isFromOldest]);
      },
      claim: (limit, reported) => this.#claim(partition, channel, agent, limit, reported),
      release: async (claimed) => {
        const members = claimed.flatMap(({ id, sequence, leasedUntilMs }) => [
          `${sequence}${id}`,
          String(leasedUntilMs),
        ]);
        await this.#run("release", partition, [channel, agent, ...members]);
      },
      listen: (onWakeup) =>
        this.#notifications[partition].listen(notifyChannel, (target) => {
          if (target === "" || target === agent) onWakeup();
        }),
    };
  }

  async #claim(
    partition: number,
    channel: string,
    agent: string,
    limit: number,
    reported: number,
  ): Promise<Claim> {
    const { leaseMs, maxAttempts } = this.#config;
    const operation = crypto.randomUUID();
    const numbers = [limit, leaseMs, maxAttempts, reported].map(String);
    const reply = await this.#runner.run({
      script: "claim",
      partition,
      args: (isRetry) => [operation, isRetry ? "1" : "0", channel, agent, ...numbers],
    });
    const [missed, due, ...found] = reply as Reply[];
    return {
      deliveries: found.map(toDelivery),
      missed: Number(missed),
      nextDueMs: Number(due) < 0 ? null : Number(due),
    };
  }

  async unsubscribe(channel: string, agent: string): Promise<boolean> {
    const partition = this.#partitionOf(null, channel);
    const args = [crypto.randomUUID(), channel, agent];
    return await this.#runDurably("unsubscribe", partition, args) === 1;
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
    const outcomes = await Promise.all(
      this.#partitionsOf(id).map((partition) =>
        this.#runner.run({ script, partition, args: () => args, sharedArgs, isDurable: true })
      ),
    ) as AcknowledgeOutcome[];
    return outcomes.find((outcome) => outcome !== "absent") ?? "absent";
  }

  async pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return (await this.#readDeliveries("pending", agent, channel, limit)).sort(byPriority).slice(
      0,
      limit,
    );
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
      ? this.#partitions
      : new Set([this.#partitionOf(agent, channel), this.#partitionOf(null, channel)]);
    const args = [agent, channel ?? "", String(limit), String(this.#config.maxAttempts)];
    const found = await Promise.all([...partitions].map(async (partition) => {
      let reply: Reply;
      do reply = await this.#run(script, partition, args); while (reply === null);
      return (reply as Reply[]).map(toDelivery);
    }));
    return found.flat();
  }

  async get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    const replies = await Promise.all(
      this.#partitionsOf(id).map((partition) => this.#run("get", partition, [id, agent ?? ""])),
    );
    const found = replies.find((reply) => reply !== null);
    return found == null ? undefined : toRecord(found);
  }

  async delete(id: string): Promise<boolean> {
    const outcomes = await Promise.all(
      this.#partitionsOf(id).map((partition) => this.#removeFrom(partition, id)),
    );
    return outcomes.includes(true);
  }

  async #removeFrom(partition: number, id: string): Promise<boolean> {
    return await this.#runDurably("remove", partition, [crypto.randomUUID(), id]) === 1;
  }

  async list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    if (limit === 0) return [];
    if (this.#partitions.length === 1) return await this.#listIn(0, filters, limit, offset, agent);
    const pages = await Promise.all(
      this.#partitions.map((partition) =>
        this.#listIn(partition, filters, offset + limit, 0, agent)
      ),
    );
    return pages.flat().sort((a, b) => b.sequence - a.sequence).slice(offset, offset + limit);
  }

  async #listIn(
    partition: number,
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    const found: QueueRecord[] = [];
    let left = offset;
    for await (
      const [skipped, ...messages] of this.#walk("list", partition, filters, () => [
        String(left),
        String(limit - found.length),
        agent ?? "",
      ])
    ) {
      left -= Number(skipped);
      found.push(...messages.map(toRecord));
    }
    return found;
  }

  async count(filters: MessageFilters): Promise<number> {
    const counts = await Promise.all(
      this.#partitions.map((partition) => this.#countIn(partition, filters)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #countIn(partition: number, filters: MessageFilters): Promise<number> {
    let sum = 0;
    for await (const [count] of this.#walk("count", partition, filters, () => [])) {
      sum += Number(count);
    }
    return sum;
  }

  /** The steps of a walk over an index. */
  async *#walk(
    script: ScriptName,
    partition: number,
    filters: MessageFilters,
    rest: () => string[],
  ): AsyncGenerator<Reply[]> {
    const wanted = filterArgs(filters);
    for (let cursor = ""; cursor !== "done";) {
      const reply = await this.#run(script, partition, [...wanted, cursor, ...rest()]);
      const [next, ...step] = reply as Reply[];
      if (next === "again") continue;
      cursor = String(next);
      yield step;
    }
  }

  async clear(): Promise<number> {
    const counts = await Promise.all(
      this.#partitions.map((partition) => this.#clearIn(partition)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #clearIn(partition: number): Promise<number> {
    for (let sum = 0;;) {
      const args = [crypto.randomUUID(), String(CLEAR_STEP)];
      const count = Number(await this.#runDurably("clear", partition, args));
      sum += count;
      if (count === 0) return sum;
    }
  }
}

/** Milliseconds for one attempt: the first one must not use up the whole deadline. */
function attemptMs({ commandTimeoutMs, deadlineMs }: ResolvedConfig): number {
  return Math.max(1, Math.min(commandTimeoutMs, Math.floor(deadlineMs / 2)));
}

/** How scripts publish wakeups, and for how many milliseconds they recognize a repeated call. */
function commonArgs({ deadlineMs }: ResolvedConfig, isCluster: boolean): string[] {
  return [isCluster ? "SPUBLISH" : "PUBLISH", String(2 * deadlineMs)];
}

/** The documented prefix, or a tag that no other queue has. */
function prefixOf(config: ResolvedConfig, partition: number, isCluster: boolean): string {
  const { redisPrefix, namespace, partitions } = config;
  if (namespace !== "default" || partitions > 1) {
    return `{${redisPrefix}:${namespace}:${partition}}`;
  }
  return isCluster ? `{${redisPrefix}}` : redisPrefix;
}

/** FNV-1a of the characters: the same on every machine and in every version. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

function filterArgs({ channel, sourceAgent, targetAgent, acknowledged }: MessageFilters): string[] {
  const target = targetAgent === undefined ? "" : targetAgent === null ? "*" : `=${targetAgent}`;
  const isDone = acknowledged === undefined ? "" : acknowledged ? "1" : "0";
  return [channel ?? "", sourceAgent ?? "", target, isDone];
}

function toRecord(reply: Reply): QueueRecord {
  const [id, channel, source, target, payload, metadata, priority, ...rest] = reply as string[];
  const [created, updated, expires, sequence, acknowledged] = rest;
  return {
    id,
    channel,
    source,
    target: target === "" ? null : target,
    payload,
    metadata,
    priority: Number(priority),
    createdMs: Number(created),
    updatedMs: Number(updated),
    expiresMs: expires === "" ? null : Number(expires),
    acknowledged: Number(acknowledged) === 1,
    sequence: Number(sequence),
  };
}

function toDelivery(reply: Reply): QueueDelivery {
  const fields = reply as string[];
  const leasedUntil = fields[LEASED_UNTIL];
  return {
    ...toRecord(reply),
    attempts: Number(fields[LEASED_UNTIL - 1]),
    leasedUntilMs: leasedUntil === "" ? null : Number(leasedUntil),
  };
}
