/**
 * What the metrics show of message queues.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import type { MessageQueue, QueueStats } from "../../queue/types.ts";

/** Number of channels of a queue with series of their own: the first ones by name. */
export const MAX_CHANNEL_SERIES = 100;
/** Milliseconds that a scrape waits for the server of a queue. */
const MAX_WAIT_MS = 2000;

/** Queues by the names that the metrics have for them. */
export type NamedQueues = Readonly<Record<string, MessageQueue>>;

/** A queue at one moment. */
export interface QueueView {
  readonly name: string;
  /** Numbers of its channels. Undefined if it did not say them in time. */
  readonly channels: readonly QueueStats[] | undefined;
}

/** Asks all queues at the same time. One that cannot say is told as such. */
export function viewsOf(queues: NamedQueues): Promise<QueueView[]> {
  return Promise.all(
    Object.entries(queues).map(async ([name, queue]) => ({
      name,
      channels: await inTime(name, statsOf(queue)),
    })),
  );
}

async function statsOf(queue: MessageQueue): Promise<QueueStats[]> {
  const channels = (await queue.channels()).slice(0, MAX_CHANNEL_SERIES);
  return await Promise.all(channels.map((channel) => queue.stats(channel)));
}

async function inTime<T>(queue: string, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(MAX_WAIT_MS, timer.signal).then(() => undefined)]);
  } catch (error) {
    logger.warn("cannot read the numbers of queue {queue}: {error}", { queue, error });
    return undefined;
  } finally {
    timer.abort();
    work.catch(() => {});
  }
}
