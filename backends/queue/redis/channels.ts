/**
 * Calls that concern whole channels, over the partitions of a queue.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import type { StoreStats } from "../store.ts";
import type { CountedEvent, PurgedState } from "../types.ts";
import type { QueueClient } from "./client.ts";
import type { Partitions } from "./partitions.ts";

/** The letters of what is counted. */
const LETTERS: Record<CountedEvent, string> = {
  published: "p",
  delivered: "d",
  acknowledged: "a",
  released: "r",
  expired: "x",
  dead: "f",
};
/** What happens in as many milliseconds is counted together. */
const EPOCH_MS = 10_000;
/** As many of these times are the last minute. */
const EPOCHS = 6;

/** Numbers of one agent of a channel in one partition. */
interface AgentNumbers {
  readonly waiting: number;
  readonly leased: number;
  readonly later: number;
  readonly dead: number;
  readonly oldestMs: number;
}

/** Numbers of a channel in one partition. */
interface PartitionStats {
  nowMs: number;
  delayed: number;
  consumers: number;
  isPaused: boolean;
  counts: ReadonlyMap<string, number>;
  /** A cursor may meet an agent twice. */
  readonly agents: Map<string, AgentNumbers>;
}

/** The channels of one queue. */
export class Channels {
  readonly #client: QueueClient;
  readonly #partitions: Partitions;

  constructor(client: QueueClient, partitions: Partitions) {
    this.#client = client;
    this.#partitions = partitions;
  }

  /** Pauses a channel, or ends its pause. */
  async setPaused(channel: string, isPaused: boolean): Promise<void> {
    const args = [channel, isPaused ? "1" : "0"];
    await Promise.all(
      this.#partitions.all.map((each) => this.#client.runDurably("setPaused", each, args)),
    );
  }

  /** All channels, by name. */
  async list(): Promise<string[]> {
    const lists = await Promise.all(this.#partitions.all.map((each) => this.#listIn(each)));
    return [...new Set(lists.flat())].sort();
  }

  async #listIn(partition: number): Promise<string[]> {
    const found: string[] = [];
    for (let cursor = "-"; cursor !== "";) {
      const [next, ...names] = await this.#client.run("channels", partition, [cursor]) as Reply[];
      found.push(...names.map(String));
      cursor = String(next);
    }
    return found;
  }

  /** Numbers of a channel. */
  async stats(channel: string): Promise<StoreStats> {
    const all = await Promise.all(
      this.#partitions.all.map((each) => this.#statsIn(each, channel)),
    );
    const agents = all.flatMap(({ agents }) => [...agents.values()]);
    const delayed = sumOf(all, ({ delayed }) => delayed) + sumOf(agents, ({ later }) => later);
    const oldestMs = Math.min(...agents.map(({ oldestMs }) => oldestMs));
    const nowMs = Math.max(...all.map(({ nowMs }) => nowMs));
    return {
      waiting: sumOf(agents, ({ waiting }) => waiting),
      delayed,
      leased: sumOf(agents, ({ leased }) => leased),
      dead: sumOf(agents, ({ dead }) => dead),
      consumers: sumOf(all, ({ consumers }) => consumers),
      oldestMs: oldestMs === Infinity ? null : Math.max(0, nowMs - oldestMs),
      isPaused: all.some(({ isPaused }) => isPaused),
      totals: countsOf((letter) => sumOf(all, ({ counts }) => totalOf(counts, letter))),
      perSecond: countsOf((letter) => sumOf(all, (each) => rateOf(each, letter))),
    };
  }

  async #statsIn(partition: number, channel: string): Promise<PartitionStats> {
    const stats: PartitionStats = {
      nowMs: 0,
      delayed: 0,
      consumers: 0,
      isPaused: false,
      counts: new Map(),
      agents: new Map(),
    };
    let cursor = "0";
    do {
      const reply = await this.#client.run("stats", partition, [channel, cursor]) as Reply[];
      if (reply[0] === "again") continue;
      const [next, nowMs, delayed, consumers, isPaused, counts, ...agents] = reply;
      stats.nowMs = Number(nowMs);
      stats.delayed = Number(delayed);
      stats.consumers = Number(consumers);
      stats.isPaused = Number(isPaused) === 1;
      stats.counts = toCounts(counts as string[]);
      for (const agent of agents) addAgent(stats, agent);
      cursor = String(next);
      if (cursor === "0") break;
    } while (true);
    return stats;
  }

  /** Removes messages of a channel that nobody holds. Returns their number. */
  async purge(channel: string, states: readonly PurgedState[]): Promise<number> {
    return sumOf(
      await Promise.all(
        this.#partitions.all.map((each) => this.#purgeIn(each, channel, states.join(" "))),
      ),
      (count) => count,
    );
  }

  async #purgeIn(partition: number, channel: string, states: string): Promise<number> {
    let sum = 0;
    for (let cursor = ""; cursor !== "done";) {
      const args = [crypto.randomUUID(), channel, cursor, states];
      const [next, removed] = await this.#client.runDurably("purge", partition, args) as Reply[];
      cursor = String(next);
      sum += Number(removed);
    }
    return sum;
  }
}

function addAgent(stats: PartitionStats, reply: Reply): void {
  const [agent, waiting, leased, later, dead, oldest] = reply as Reply[];
  stats.agents.set(String(agent), {
    waiting: Number(waiting),
    leased: Number(leased),
    later: Number(later),
    dead: Number(dead),
    oldestMs: oldest === "" ? Infinity : Number(oldest),
  });
}

function toCounts(fields: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < fields.length; i += 2) counts.set(fields[i], Number(fields[i + 1]));
  return counts;
}

function countsOf(count: (letter: string) => number): Record<CountedEvent, number> {
  return Object.fromEntries(
    Object.entries(LETTERS).map(([name, letter]) => [name, count(letter)]),
  ) as Record<CountedEvent, number>;
}

/** Counts of the past are in the field of the letter, and newer ones in fields of the letter and the time. */
function totalOf(counts: ReadonlyMap<string, number>, letter: string): number {
  return sumOf([...counts], ([field, count]) => field[0] === letter ? count : 0);
}

function rateOf({ counts, nowMs }: PartitionStats, letter: string): number {
  const epoch = Math.floor(nowMs / EPOCH_MS);
  const last = Array.from({ length: EPOCHS }, (_, i) => counts.get(`${letter}${epoch - i}`) ?? 0);
  return sumOf(last, (count) => count) * 1000 / (EPOCHS * EPOCH_MS);
}

function sumOf<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + numberOf(item), 0);
}
