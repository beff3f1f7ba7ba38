/**
 * The store of a queue on Redis or Redis Cluster.
 *
 * @module
 */

import { reportFailure } from "../../../lib/base/after_commit.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { parseRedisUrl, type RedisAddress } from "../../redis/address.ts";
import type { Reply } from "../../redis/connection.ts";
import { type QueueClock, systemClock } from "../clock.ts";
import type { ResolvedConfig } from "../config.ts";
import { logger } from "../log.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type DeliveryTarget,
  type Failure,
  type LeaseOutcome,
  type MessageToPut,
  type NewMessage,
  type PublishOutcome,
  type QueueDeadLetter,
  type QueueDelivery,
  type QueueReceiver,
  type QueueRecord,
  type QueueStore,
  type StoredResult,
  type StoredSchedule,
  type StoreStats,
} from "../store.ts";
import type { InitializeOptions, MessageFilters, PurgedState, QueueEvent } from "../types.ts";
import { Channels } from "./channels.ts";
import { attemptMs, QueueClient } from "./client.ts";
import { ConsumerGroup } from "./consumer_group.ts";
import { Deduplication } from "./deduplication.ts";
import { toEvents } from "./events.ts";
import { Handover } from "./handover.ts";
import { LateRemovals } from "./late_removals.ts";
import { countMessages, listMessages } from "./listing.ts";
import { checkHealth, prepare, warnOfLoss } from "./maintenance.ts";
import { ALL, Notifications } from "./notifications.ts";
import { firstThatCounts } from "./outcomes.ts";
import { escapeGlob, Partitions } from "./partitions.ts";
import { readPending } from "./pending.ts";
import { RedisReceiver } from "./receiver.ts";
import { failureOf, toDeadLetter, toRecord } from "./replies.ts";
import { Schedules } from "./schedules.ts";
import type { ScriptName } from "./scripts/mod.ts";
import { HANDED_OVER } from "./scripts/plain.ts";
import { settingsText } from "./settings.ts";

/** Messages that one step of `clear` removes. */
const CLEAR_STEP = 200;
/** The cursor of the first message of the first channel. */
const FIRST_ENTRY = "- -";
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

/** How a new message is stored. */
interface StoredMessage {
  readonly partition: number;
  readonly id: string;
  readonly args: string[];
}

/** What a message has that is not plain, as `storeOne` of the scripts reads it. */
interface Particulars {
  readonly operation: string;
  readonly put?: { readonly created: string; readonly expires: string; readonly acked: string };
  readonly settings: string;
  readonly due: string;
  readonly unique?: { readonly id: string; readonly ms: string } | undefined;
}

/** The last argument of a message. Empty for a plain one. */
function particularsText({ operation, put, settings, due, unique }: Particulars): string {
  if (put === undefined && settings === "" && due === "" && unique === undefined) return "";
  const { created = "", expires = "", acked = "0" } = put ?? {};
  const { id = "", ms = "" } = unique ?? {};
  const isPut = put === undefined ? "0" : "1";
  return JSON.stringify([operation, isPut, created, expires, acked, settings, due, id, ms]);
}

/** The name of the group of the consumers of an agent. */
function groupKey(partition: number, channel: string, agent: string): string {
  return `${partition}\0${channel}\0${agent}`;
}

/** Microseconds since 1970, as messages have them in their sequence numbers. */
function nowMicroseconds(): string {
  return String(Date.now() * 1000);
}

/** The store on a single server or a cluster. */
export class RedisStore implements QueueStore {
  readonly pollMs: number = POLL_MS;
  readonly #config: ResolvedConfig;
  readonly #clock: QueueClock;
  readonly #address: RedisAddress;
  readonly #partitions: Partitions;
  readonly #client: QueueClient;
  readonly #notifications: readonly Notifications[];
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #schedules: Schedules;
  readonly #channels: Channels;
  readonly #deduplication: Deduplication;
  readonly #sweepCursors: readonly string[][];
  readonly #lateRemovals = new LateRemovals(({ partition, id, storedBefore }) =>
    this.#removeFrom(partition, id, storedBefore)
  );
  #healthTimer: ReturnType<typeof setInterval> | undefined;

  constructor(config: ResolvedConfig, clock: QueueClock = systemClock) {
    this.#config = config;
    this.#clock = clock;
    this.#address = parseRedisUrl(config.redisUrl, config.connection);
    this.#partitions = new Partitions(config, this.#address.isCluster);
    this.#sweepCursors = this.#partitions.all.map(() => [FIRST_ENTRY]);
    this.#client = new QueueClient(this.#address, config, this.#partitions.keys);
    this.#deduplication = new Deduplication(this.#client, config, this.#address.redactedUrl);
    this.#schedules = new Schedules(this.#client, this.#partitions);
    this.#channels = new Channels(this.#client, this.#partitions);
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
      await prepare(this.#client, this.#config, url, wait);
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

  async publish(message: NewMessage): Promise<PublishOutcome> {
    const stored = this.#newMessage(message);
    const { id } = stored;
    const handover = this.#beginHandover(message, stored);
    const reply = message.deduplicationId !== null
      ? await this.#storeUnique(message, message.deduplicationId, stored)
      : handover === undefined
      ? String(await this.#storeIn(stored.partition, stored.args))
      : await this.#storeHandedOver(handover, stored);
    if (reply === "full") {
      handover?.cancel();
      return "full";
    }
    const [created, expires, sequence, dueOrLease, former] = reply.split(" ");
    const isLeased = dueOrLease.startsWith(HANDED_OVER);
    const due = isLeased ? "-" : dueOrLease;
    const { ttlMs: _ttl, delayMs: _delay, deduplicationMs: _window, ...rest } = message;
    const record = {
      ...rest,
      id: former ?? id,
      createdMs: Number(created),
      updatedMs: Number(created),
      expiresMs: expires === "-" ? null : Number(expires),
      dueMs: due === "-" ? null : Number(due),
      acknowledged: false,
      sequence: Number(sequence),
    };
    if (isLeased) handover?.complete(record, Number(dueOrLease.slice(HANDED_OVER.length)));
    else handover?.cancel();
    if (former === undefined) return { record, isNew: true };
    return { record: await this.get(former, undefined) ?? record, isNew: false };
  }

  /** A plain message may be handed over to a consumer of this process. */
  #beginHandover(
    { channel, target }: NewMessage,
    { partition, id, args }: StoredMessage,
  ): Handover | undefined {
    if (target === null || args.at(-1) !== "") return undefined;
    const group = this.#groups.get(groupKey(partition, channel, target));
    if (group === undefined) return undefined;
    return new Handover({ client: this.#client, group, partition, id, channel, agent: target });
  }

  async #storeHandedOver(
    handover: Handover,
    { partition, args }: StoredMessage,
  ): Promise<string> {
    const others = args.slice(0, -1);
    try {
      return String(
        await this.#storeIn(partition, (isRetry) => [...others, handover.mark(isRetry)]),
      );
    } catch (error) {
      handover.fail();
      throw error;
    }
  }

  #storeUnique(
    message: NewMessage,
    deduplicationId: string,
    { partition, id, args }: StoredMessage,
  ): Promise<string> {
    const { channel, deduplicationMs } = message;
    const home = this.#partitions.of(null, channel);
    if (home === partition) {
      return this.#deduplication.storeAtHome(async () =>
        String(await this.#storeIn(partition, args))
      );
    }
    const unique = { home, channel, deduplicationId, deduplicationMs, id };
    const others = this.#argsOf(message, id, false);
    return this.#deduplication.store(
      unique,
      async () => String(await this.#storeIn(partition, others)),
    );
  }

  /** The arguments that store a new message, and where. */
  #newMessage(message: NewMessage): StoredMessage {
    const partition = this.#partitions.of(message.target, message.channel);
    const id = this.#partitions.newId(partition);
    return { partition, id, args: this.#argsOf(message, id, true) };
  }

  /** The arguments of a new message, with its deduplication id if the script is to remember that. */
  #argsOf(message: NewMessage, id: string, isUnique: boolean): string[] {
    const { dueMs, delayMs, ttlMs, deduplicationId, deduplicationMs } = message;
    const particulars = particularsText({
      operation: id,
      settings: settingsText(message),
      due: delayMs !== null ? `+${delayMs}` : dueMs === null ? "" : String(dueMs),
      unique: isUnique && deduplicationId !== null
        ? { id: deduplicationId, ms: String(deduplicationMs) }
        : undefined,
    });
    return [
      id,
      message.channel,
      message.source,
      message.target ?? "",
      message.payload,
      message.metadata,
      String(message.priority),
      ttlMs === null ? "" : String(ttlMs),
      particulars,
    ];
  }

  /** What the scripts that store messages need to know of the queue. */
  get #storeArgs(): string[] {
    const { maxItems, whenFull } = this.#config;
    return [String(maxItems), whenFull === "dropOldest" ? "0" : "1"];
  }

  #storeIn(
    partition: number,
    args: string[] | ((isRetry: boolean) => string[]),
  ): Promise<Reply> {
    return this.#client.call({
      script: "store",
      partition,
      args: typeof args === "function" ? args : () => args,
      sharedArgs: this.#storeArgs,
      isDurable: true,
    });
  }

  async put(message: MessageToPut): Promise<void> {
    const partition = this.#partitions.of(message.target, message.channel);
    this.#checkPartition(message, partition);
    const particulars = particularsText({
      operation: crypto.randomUUID(),
      put: {
        created: String(message.createdMs),
        expires: message.expiresMs === null ? "" : String(message.expiresMs),
        acked: message.acknowledged ? "1" : "0",
      },
      settings: settingsText(message),
      due: message.dueMs === null ? "" : String(message.dueMs),
    });
    const reply = await this.#storeIn(partition, [
      message.id,
      message.channel,
      message.source,
      message.target ?? "",
      message.payload,
      message.metadata,
      String(message.priority),
      "",
      particulars,
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
      new RedisReceiver(this.#client, this.#groupOf(partition, channel, agent), {
        partition,
        channel,
        agent,
        hasBroadcasts: partition === broadcasts,
        ratePartition: broadcasts,
      })
    );
  }

  /** The group of the consumers of an agent in this process. It stays as long as one of them lives. */
  #groupOf(partition: number, channel: string, agent: string): ConsumerGroup {
    const key = groupKey(partition, channel, agent);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const notifyChannel = `${this.#partitions.prefixes[partition]}:notify:${channel}`;
    const group = new ConsumerGroup({
      notifications: this.#notifications[partition],
      notifyChannel,
      agent,
      clock: this.#clock,
      leaseMs: this.#config.leaseMs,
      onEmpty: () => this.#groups.delete(key),
    });
    this.#groups.set(key, group);
    return group;
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

  async acknowledge(
    { id, agent, token }: DeliveryTarget,
    result: string | undefined,
  ): Promise<AcknowledgeOutcome> {
    const args = [id, agent ?? "", token ?? "", result ?? "null"];
    return await this.#settle("acknowledge", id, args, []);
  }

  async extend(
    { id, agent, token }: DeliveryTarget,
    leaseMs: number | undefined,
  ): Promise<LeaseOutcome> {
    const args = [id, agent ?? "", token ?? "", leaseMs === undefined ? "" : String(leaseMs)];
    return await this.#settle("extend", id, args);
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): Promise<LeaseOutcome> {
    return this.#giveBack(target, String(delayMs), failure);
  }

  reject(target: DeliveryTarget, failure: Failure): Promise<LeaseOutcome> {
    return this.#giveBack(target, "", failure);
  }

  async #giveBack(
    { id, agent, token }: DeliveryTarget,
    delayMs: string,
    failure: Failure,
  ): Promise<LeaseOutcome> {
    const why = JSON.stringify(failure);
    const args = [crypto.randomUUID(), id, agent ?? "", token ?? "", delayMs, why];
    return await this.#settle("giveBack", id, args);
  }

  async progress({ id, agent, token }: DeliveryTarget, value: string): Promise<LeaseOutcome> {
    return await this.#settle("progress", id, [id, agent ?? "", token ?? "", value]);
  }

  async requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    const args = [crypto.randomUUID(), id, agent ?? ""];
    return await this.#settle("requeue", id, args);
  }

  async #settle<Outcome extends AcknowledgeOutcome | LeaseOutcome>(
    script: ScriptName,
    id: string,
    args: string[],
    sharedArgs?: string[],
  ): Promise<Outcome> {
    const call = async (partition: number): Promise<Outcome> => {
      for (;;) {
        const outcome = await this.#client.call({
          script,
          partition,
          args: () => args,
          sharedArgs,
          isDurable: true,
        });
        if (outcome !== null) return outcome as Outcome;
      }
    };
    const calls = this.#partitions.ofId(id).map(call);
    return await firstThatCounts(calls, (outcome) => outcome !== "absent") ?? "absent" as Outcome;
  }

  async result(id: string): Promise<StoredResult | undefined> {
    const calls = this.#partitions.ofId(id).map((each) => this.#client.run("result", each, [id]));
    const found = await firstThatCounts(calls, (reply) => reply !== null);
    return found == null ? undefined : toResult(String(found));
  }

  async pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    const found = await Promise.all(
      this.#ofReceiver(agent, channel).map((each) =>
        readPending(this.#client, each, agent, channel, limit)
      ),
    );
    return found.flat().sort(byPriority).slice(0, limit);
  }

  async deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]> {
    const found = await Promise.all(
      this.#ofReceiver(agent, channel).map((each) =>
        this.#readSteps("deadLetters", each, limit, [agent, channel ?? ""])
      ),
    );
    return found.flat().slice(0, limit).map(toDeadLetter);
  }

  async delayed(channel: string | undefined, limit: number): Promise<QueueRecord[]> {
    const pages = await Promise.all(
      this.#partitions.all.map((each) => this.#readSteps("delayed", each, limit, [channel ?? ""])),
    );
    const found = pages.flat().map(toRecord);
    found.sort((a, b) => a.dueMs! - b.dueMs! || a.sequence - b.sequence);
    return found.slice(0, limit);
  }

  /** The partitions of what an agent receives. */
  #ofReceiver(agent: string, channel: string | undefined): readonly number[] {
    if (channel === undefined) return this.#partitions.all;
    return this.#partitions.ofReceiver(agent, channel);
  }

  /** Runs a script step by step, each from where the last one has stopped. */
  async #readSteps(
    script: ScriptName,
    partition: number,
    limit: number,
    args: readonly string[],
  ): Promise<Reply[]> {
    const found: Reply[] = [];
    for (let cursor = "0"; cursor !== "done";) {
      const rest = [String(limit - found.length), cursor];
      const reply = await this.#client.run(script, partition, [...args, ...rest]);
      if (reply === null) continue;
      const [next, ...step] = reply as Reply[];
      found.push(...step);
      cursor = String(next);
    }
    return found;
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
    for (let cursor: string = FIRST_ENTRY; cursor !== "done";) {
      const args = [crypto.randomUUID(), String(CLEAR_STEP), cursor];
      const reply = await this.#client.runDurably("clear", partition, args);
      const [next, removed, orphans] = reply as Reply[];
      sum += Number(removed);
      lost += Number(orphans);
      cursor = String(next);
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

  setPaused(channel: string, isPaused: boolean): Promise<void> {
    return this.#channels.setPaused(channel, isPaused);
  }

  channels(): Promise<string[]> {
    return this.#channels.list();
  }

  stats(channel: string): Promise<StoreStats> {
    return this.#channels.stats(channel);
  }

  purge(channel: string, states: readonly PurgedState[]): Promise<number> {
    return this.#channels.purge(channel, states);
  }

  async listenToEvents(onEvent: (event: QueueEvent) => void): Promise<() => void> {
    const stops = await Promise.all(this.#partitions.all.map((partition) => {
      const name = `${this.#partitions.prefixes[partition]}:events`;
      return this.#notifications[partition].listen(name, (text) => {
        if (text !== ALL) toEvents(text).forEach(onEvent);
      });
    }));
    return () => stops.forEach((stop) => stop());
  }

  putSchedule(
    schedule: StoredSchedule,
    replacedMs: number | null | undefined,
  ): Promise<boolean> {
    return this.#schedules.put(schedule, replacedMs);
  }

  removeSchedule(key: string): Promise<boolean> {
    return this.#schedules.remove(key);
  }

  schedules(): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    return this.#schedules.list();
  }

  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
  ): Promise<boolean> {
    const stored = message === null ? undefined : this.#newMessage(message);
    return this.#schedules.fire(key, dueMs, nextMs, this.#storeArgs, stored);
  }
}

/** The result of a text: `r` and JSON, or `d`, the number of attempts, and why it is dead. */
function toResult(text: string): StoredResult {
  if (text.startsWith("r")) return { type: "result", json: text.slice(1) };
  const space = text.indexOf(" ");
  const attempts = Number(text.slice(1, space));
  return { type: "dead", ...failureOf(text.slice(space + 1), attempts) };
}
