/**
 * How often each thing has happened to the messages of channels.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { CountedEvent } from "../types.ts";

type Counts = Record<CountedEvent, number>;

const BUCKET_MS = 10_000;
const BUCKETS = 6;

/** The names of what is counted. */
export const COUNTED_EVENTS: readonly CountedEvent[] = [
  "published",
  "delivered",
  "acknowledged",
  "released",
  "expired",
  "dead",
];

interface ChannelCount {
  readonly totals: Counts;
  /** The counts of the last minute, the latest last. */
  readonly buckets: { readonly number: number; readonly counts: Counts }[];
}

/** Counts by channel: totals, and a rate over the last minute. */
export class ChannelCounts {
  readonly #channels = new TextMap<ChannelCount>();

  /** Counts one event. */
  add(channel: string, type: CountedEvent, nowMs: number): void {
    const { totals, buckets } = this.#channels.getOrMake(channel, () => ({
      totals: noCounts(),
      buckets: [],
    }));
    totals[type]++;
    const number = Math.floor(nowMs / BUCKET_MS);
    if (buckets.at(-1)?.number !== number) buckets.push({ number, counts: noCounts() });
    if (buckets.length > BUCKETS) buckets.shift();
    buckets.at(-1)!.counts[type]++;
  }

  /** How often each thing has happened. */
  totals(channel: string): Counts {
    return { ...this.#channels.get(channel)?.totals ?? noCounts() };
  }

  /** How often each thing happened a second. */
  perSecond(channel: string, nowMs: number): Counts {
    const first = Math.floor(nowMs / BUCKET_MS) - BUCKETS;
    const rates = noCounts();
    for (const { number, counts } of this.#channels.get(channel)?.buckets ?? []) {
      if (number <= first) continue;
      for (const type of COUNTED_EVENTS) rates[type] += counts[type];
    }
    const seconds = BUCKETS * BUCKET_MS / 1000;
    for (const type of COUNTED_EVENTS) rates[type] /= seconds;
    return rates;
  }

  /** The channels that have counts. */
  channels(): IteratorObject<string> {
    return this.#channels.keys();
  }

  /** The counts by channel, and back. */
  export(): [string, ChannelCount][] {
    return [...this.#channels];
  }

  import(channels: readonly [string, ChannelCount][]): void {
    for (const [channel, count] of channels) this.#channels.set(channel, structuredClone(count));
  }
}

function noCounts(): Counts {
  return { published: 0, delivered: 0, acknowledged: 0, released: 0, expired: 0, dead: 0 };
}
