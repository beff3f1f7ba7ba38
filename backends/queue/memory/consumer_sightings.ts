/**
 * The consumers that ask for messages.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import { DefaultMap } from "./default_map.ts";

/** Milliseconds for which a consumer counts after it has asked for messages. */
const SEEN_MS = 10_000;

/** When each consumer of a channel has last asked for messages. */
export class ConsumerSightings {
  readonly #channels = new DefaultMap(() => new TextMap<number>());

  /** A consumer asks for messages. */
  add(channel: string, consumer: string, nowMs: number): void {
    const consumers = this.#channels.getOrCreate(channel);
    // The latest come last.
    consumers.delete(consumer);
    consumers.set(consumer, nowMs);
    this.#dropOld(consumers, nowMs);
  }

  #dropOld(consumers: TextMap<number>, nowMs: number): void {
    for (const [consumer, seenMs] of consumers) {
      if (nowMs - seenMs < SEEN_MS) return;
      consumers.delete(consumer);
    }
  }

  /** Number of consumers that have asked lately. */
  count(channel: string, nowMs: number): number {
    const consumers = this.#channels.get(channel);
    if (consumers === undefined) return 0;
    this.#dropOld(consumers, nowMs);
    return consumers.size;
  }
}
