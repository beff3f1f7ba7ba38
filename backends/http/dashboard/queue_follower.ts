/**
 * The numbers of message queues for the snapshots of a server.
 *
 * @module
 */

import type { QueueStats } from "../../queue/types.ts";
import { type NamedQueues, type QueueView, viewsOf } from "../metrics/queue_view.ts";
import type { QueueChannelRow, QueuesPart } from "./snapshot.ts";

/** Asks queues for their numbers while snapshots are taken, which do not wait for that. */
export class QueueFollower {
  readonly #queues: NamedQueues;
  readonly #isChangeable: boolean;
  #views: readonly QueueView[] | undefined;
  #isAsking = false;

  constructor(queues: NamedQueues, isChangeable: boolean) {
    this.#queues = queues;
    this.#isChangeable = isChangeable;
  }

  /** What the queues have said last, and asks them again for the next snapshot. */
  next(): QueuesPart | null {
    const views = this.#views;
    this.#ask();
    if (views === undefined) return null;
    return {
      isChangeable: this.#isChangeable,
      silent: views.filter(({ channels }) => channels === undefined).map(({ name }) => name),
      channels: views.flatMap(({ name, channels = [] }) =>
        channels.map((stats) => rowOf(name, stats))
      ),
    };
  }

  async #ask(): Promise<void> {
    if (this.#isAsking || Object.keys(this.#queues).length === 0) return;
    this.#isAsking = true;
    this.#views = await viewsOf(this.#queues);
    this.#isAsking = false;
  }
}

function rowOf(queue: string, stats: QueueStats): QueueChannelRow {
  const { channel, waiting, delayed, leased, dead, consumers, oldestSeconds, isPaused } = stats;
  return {
    queue,
    channel,
    waiting,
    delayed,
    leased,
    dead,
    consumers,
    oldestSeconds,
    isPaused,
    publishedPerSecond: stats.perSecond.published,
    acknowledgedPerSecond: stats.perSecond.acknowledged,
  };
}
