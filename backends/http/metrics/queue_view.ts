/**
 * What the metrics show of message queues.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { withTimer } from "../../../lib/base/timer.ts";
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

/** Queues that could not say their numbers the last time: the log has that once. */
const silent = new WeakSet<MessageQueue>();

/** Asks all queues at the same time. One that cannot say is told as such. */
export function viewsOf(queues: NamedQueues): Promise<QueueView[]> {
  return Promise.all(
    Object.entries(queues).map(async ([name, queue]) => ({
      name,
      channels: await inTime(name, queue),
    })),
  );
}

/** What queues were asked and have not answered. One that hangs is not asked again meanwhile. */
const asked = new WeakMap<MessageQueue, Promise<QueueStats[]>>();

function statsOf(queue: MessageQueue): Promise<QueueStats[]> {
  const pending = asked.get(queue);
  if (pending !== undefined) return pending;
  const work = readStats(queue).finally(() => asked.delete(queue));
  asked.set(queue, work);
  return work;
}

async function readStats(queue: MessageQueue): Promise<QueueStats[]> {
  const channels = (await queue.channels()).slice(0, MAX_CHANNEL_SERIES);
  return await Promise.all(channels.map((channel) => queue.stats(channel)));
}

async function inTime(name: string, queue: MessageQueue): Promise<QueueStats[] | undefined> {
  const work = statsOf(queue);
  work.catch(() => {});
  const { promise: late, resolve: give } = Promise.withResolvers<undefined>();
  try {
    const stats = await withTimer(Promise.race([work, late]), MAX_WAIT_MS, () => give(undefined));
    if (stats !== undefined) silent.delete(queue);
    return stats;
  } catch (error) {
    if (!silent.has(queue)) {
      logger.warn("cannot read the numbers of queue {name}: {error}", { name, error });
    }
    silent.add(queue);
    return undefined;
  }
}
