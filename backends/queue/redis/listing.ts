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

async function listPartition(
  client: QueueClient,
  partition: number,
  filters: MessageFilters,
  offset: number,
  limit: number,
  agent: string | undefined,
): Promise<QueueRecord[]> {
  const found: QueueRecord[] = [];
  let toSkip = offset;
  const restOfArgs = () => [String(toSkip), String(limit - found.length), agent ?? ""];
  for await (
    const [skipped, ...messages] of walk(client, "list", partition, filters, restOfArgs)
  ) {
    toSkip -= Number(skipped);
    found.push(...messages.map(toRecord));
  }
  return found;
}

/** Number of messages that match all filters. */
export async function countMessages(
  client: QueueClient,
  partitions: readonly number[],
  filters: MessageFilters,
): Promise<number> {
  const counts = await Promise.all(partitions.map(async (partition) => {
    let sum = 0;
    for await (const [count] of walk(client, "count", partition, filters, () => [])) {
      sum += Number(count);
    }
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
