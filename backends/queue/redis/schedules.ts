/**
 * The schedules of a queue. A schedule lies in the partition of its message, so that one script publishes the
 * message and sets the next time.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import type { Reply } from "../../redis/connection.ts";
import type { StoredSchedule } from "../store.ts";
import type { PublishOptions } from "../types.ts";
import type { QueueClient } from "./client.ts";
import type { Partitions } from "./partitions.ts";

/** The schedules of one queue. */
export class Schedules {
  readonly #client: QueueClient;
  readonly #partitions: Partitions;

  constructor(client: QueueClient, partitions: Partitions) {
    this.#client = client;
    this.#partitions = partitions;
  }

  /** Stores a schedule, if the one with its key has a next time. */
  async put(schedule: StoredSchedule, replacedMs: number | null | undefined): Promise<boolean> {
    const { key, rule, message, nextMs, count } = schedule;
    const { channel, targetAgent } = parsePlainJson(message) as PublishOptions;
    const partition = this.#partitions.of(targetAgent ?? null, channel);
    const others = this.#partitions.all.filter((each) => each !== partition);
    const expected = replacedMs === undefined ? "" : scoreOf(replacedMs);
    if (others.length > 0 && replacedMs === undefined && await this.#exists(key)) return false;
    const moved = replacedMs !== undefined && await this.#removeFrom(others, key, expected);
    const args = [key, rule, message, scoreOf(nextMs), String(count), moved ? "" : expected];
    return await this.#run("putSchedule", partition, args);
  }

  async #exists(key: string): Promise<boolean> {
    const { schedules } = await this.list();
    return schedules.some((schedule) => schedule.key === key);
  }

  /** Removes a schedule. */
  remove(key: string): Promise<boolean> {
    return this.#removeFrom(this.#partitions.all, key, "");
  }

  async #removeFrom(
    partitions: readonly number[],
    key: string,
    expected: string,
  ): Promise<boolean> {
    const removing = partitions.map((each) => this.#run("removeSchedule", each, [key, expected]));
    return (await Promise.all(removing)).includes(true);
  }

  async #run(
    script: "putSchedule" | "removeSchedule",
    partition: number,
    args: string[],
  ): Promise<boolean> {
    const operation = crypto.randomUUID();
    return await this.#client.runDurably(script, partition, [operation, ...args]) === 1;
  }

  /** All schedules by key, and the time of a server. */
  async list(): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    const lists = await Promise.all(this.#partitions.all.map((each) => this.#listIn(each)));
    const schedules = lists.flatMap((list) => list.schedules);
    return {
      nowMs: lists[0].nowMs,
      schedules: schedules.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
    };
  }

  async #listIn(partition: number): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    const schedules: StoredSchedule[] = [];
    let nowMs = 0;
    for (let cursor = "0"; cursor !== "done";) {
      const reply = await this.#client.run("schedules", partition, [cursor]) as Reply[];
      const [now, next, ...found] = reply;
      nowMs = Number(now);
      cursor = String(next);
      schedules.push(...found.map(toSchedule));
    }
    return { nowMs, schedules };
  }

  /**
   * Sets the next time of a schedule whose next time is `dueMs`, and publishes its message, unless `message` is
   * empty.
   */
  async fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    sharedArgs: readonly string[],
    message: { partition: number; args: string[] } | undefined,
  ): Promise<boolean> {
    const partitions = message === undefined ? this.#partitions.all : [message.partition];
    const operation = crypto.randomUUID();
    const own = [operation, key, scoreOf(dueMs), scoreOf(nextMs), ...message?.args ?? []];
    const replies = await Promise.all(
      partitions.map((each) => this.#client.runDurably("fire", each, [...sharedArgs, ...own])),
    );
    return replies.includes(1);
  }
}

/** A time as Redis returns the score of a sorted set. */
function scoreOf(timeMs: number | null): string {
  return timeMs === null ? "inf" : String(timeMs);
}

function toSchedule(reply: Reply): StoredSchedule {
  const [key, rule, message, next, count] = reply as string[];
  return { key, rule, message, nextMs: next === "inf" ? null : Number(next), count: Number(count) };
}
