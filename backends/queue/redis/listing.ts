/**
 * Lists and counts over the partitions of a queue.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import type { QueueRecord } from "../store.ts";
import type { MessageFilters } from "../types.ts";
import type { QueueClient } from "./client.ts";
import { toRecord } from "./replies.ts";
import type { ScriptName } from "./scripts/mod.ts";

/** Messages that match all filters, the newest first. */
export async function listMessages(
  client: QueueClient,
  partitions: readonly number[],
  filters: MessageFilters,
  { limit, offset, agent }: { limit: number; offset: number; agent: string | undefined },
): Promise<QueueRecord[]> {
  if (limit === 0) return [];
  const list = (partition: number, offset: number, limit: number) =>
    listPartition(client, partition, filters, offset, limit, agent);
  if (partitions.length === 1) return await list(partitions[0], offset, limit);
  const pages = await Promise.all(
    partitions.map((partition) => list(partition, 0, offset + limit)),
  );
  return pages.flat().sort((a, b) => b.sequence - a.sequence).slice(offset, offset + limit);
}

/** Messages of one partition. Those of many channels are found a group of channels after the other. */
async function listPartition(
  client: QueueClient,
  partition: number,
  filters: MessageFilters,
  offset: number,
  limit: number,
  agent: string | undefined,
): Promise<QueueRecord[]> {
  const list = (group: string, offset: number, limit: number) =>
    listGroup(client, partition, filters, { group, offset, limit, agent });
  const first = await list("", offset, limit);
  if (first.following === "") return first.found;
  const found: QueueRecord[] = [];
  let group = "";
  do {
    const page = await list(group, 0, offset + limit);
    found.push(...page.found);
    group = page.following;
  } while (group !== "");
  return found.sort((a, b) => b.sequence - a.sequence).slice(offset, offset + limit);
}

/** Where a group of channels begins, and which of its messages are wanted. */
interface GroupPage {
  /** The last channel of the group before it. */
  readonly group: string;
  readonly offset: number;
  readonly limit: number;
  readonly agent: string | undefined;
}

/** Messages of a group of channels, and its last channel if there are more. */
async function listGroup(
  client: QueueClient,
  partition: number,
  filters: MessageFilters,
  { group, offset, limit, agent }: GroupPage,
): Promise<{ found: QueueRecord[]; following: string }> {
  const found: QueueRecord[] = [];
  let toSkip = offset;
  let following = "";
  const restOfArgs = () => [group, String(toSkip), String(limit - found.length), agent ?? ""];
  for await (const step of walk(client, "list", partition, filters, restOfArgs)) {
    const [last, skipped, ...messages] = step;
    following = String(last);
    toSkip -= Number(skipped);
    found.push(...messages.map(toRecord));
  }
  return { found, following };
}

/** Number of messages that match all filters. */
export async function countMessages(
  client: QueueClient,
  partitions: readonly number[],
  filters: MessageFilters,
): Promise<number> {
  const counts = await Promise.all(partitions.map(async (partition) => {
    let sum = 0;
    let group = "";
    do {
      const args = [group];
      let following = "";
      for await (const [last, count] of walk(client, "count", partition, filters, () => args)) {
        following = String(last);
        sum += Number(count);
      }
      group = following;
    } while (group !== "");
    return sum;
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Runs a script step by step, each from where the last one has stopped. */
async function* walk(
  client: QueueClient,
  script: ScriptName,
  partition: number,
  filters: MessageFilters,
  restOfArgs: () => string[],
): AsyncGenerator<Reply[]> {
  const wanted = filterArgs(filters);
  for (let cursor = ""; cursor !== "done";) {
    const reply = await client.run(script, partition, [...wanted, cursor, ...restOfArgs()]);
    const [next, ...step] = reply as Reply[];
    if (next === "again") continue;
    cursor = String(next);
    yield step;
  }
}

function filterArgs({ channel, sourceAgent, targetAgent, acknowledged }: MessageFilters): string[] {
  const target = targetAgent === undefined ? "" : targetAgent === null ? "*" : `=${targetAgent}`;
  const isAcknowledged = acknowledged === undefined ? "" : acknowledged ? "1" : "0";
  return [channel ?? "", sourceAgent ?? "", target, isAcknowledged];
}
