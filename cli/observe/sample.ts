/**
 * Samples of channels, and the rates between two samples.
 *
 * @module
 */

import type { SegmentFile } from "../../lib/observe/segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "../../lib/observe/snapshot.ts";
import { ShmError } from "../../lib/base/errors.ts";
import { channelDirectory, findUndeleted, namesOfChannels } from "./open.ts";

/** The state of a channel at one time. */
export interface Sample {
  readonly name: string;
  readonly atMs: number;
  readonly snapshot: SegmentSnapshot;
}

/** Rates per second. */
export interface Rates {
  /** Messages committed. */
  readonly messages: number;
  /** Bytes committed, with the sizes and frame words of the records. */
  readonly bytes: number;
  /** Bytes taken, or overwritten. */
  readonly tailBytes: number;
  /** Messages rejected or missed. */
  readonly dropped: number;
}

/** Samples an open channel. */
export function sample(name: string, file: SegmentFile): Sample {
  return { name, atMs: performance.now(), snapshot: takeSnapshot(file, channelDirectory()) };
}

/** Samples all channels. Skips files that it may not read. */
export function sampleAll(): Sample[] {
  return namesOfChannels().flatMap((name) => {
    const file = findReadable(`${channelDirectory()}/${name}`);
    if (file === undefined) return [];
    using open = file;
    return [sample(name, open)];
  });
}

function findReadable(path: string): SegmentFile | undefined {
  try {
    return findUndeleted(path);
  } catch (error) {
    if (error instanceof ShmError) return undefined;
    throw error;
  }
}

/** The rates between two samples of one channel. */
export function ratesBetween(before: Sample, after: Sample): Rates {
  const seconds = Math.max(1e-3, (after.atMs - before.atMs) / 1000);
  const rate = (of: (snapshot: SegmentSnapshot) => number) =>
    Math.max(0, of(after.snapshot) - of(before.snapshot)) / seconds;
  return {
    messages: rate(({ lanes }) => sum(lanes, (lane) => lane.messages)),
    bytes: rate(({ lanes }) => sum(lanes, (lane) => lane.head)),
    tailBytes: rate(({ lanes }) => sum(lanes, (lane) => lane.tail)),
    dropped: rate(({ header }) => Number(header?.dropped ?? 0n)),
  };
}

/** Sums a number of each item. */
export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** The state of a channel as a word. */
export function stateOf({ snapshot: { header, issues, participants } }: Sample): string {
  if (issues.length > 0) return "damaged";
  if (header?.status === "closed") return "closed";
  return participants.some(({ alive }) => alive !== false) ? "live" : "stale";
}

/**
 * Backlog of the slowest receiver, in messages: for a broadcast the largest backlog of a subscriber,
 * otherwise the messages in the rings. Undefined if it is unknown.
 */
export function behindOf({ snapshot: { header, backlogs, lanes } }: Sample): number | undefined {
  if (header?.kind === "broadcast") {
    return backlogs.length === 0 ? undefined : Math.max(...backlogs.map(({ atLeast }) => atLeast));
  }
  const known = lanes.flatMap(({ pending }) => pending ?? []);
  return known.length < lanes.length ? undefined : sum(known, (messages) => messages);
}

/** Messages of a queue that are in the rings or leased to a puller. Undefined for other channels. */
export function waitingIn(sample: Sample): number | undefined {
  const { header, leaseTables } = sample.snapshot;
  const inRings = header?.kind === "queue" ? behindOf(sample) : undefined;
  return inRings === undefined ? undefined : inRings + leaseTables.leases.length;
}

/** Messages that a broadcast still has for subscribers that come late. */
export function historyIn({ lanes }: SegmentSnapshot): number {
  return sum(lanes, ({ pending }) => pending ?? 0);
}

/** What a channel keeps for those who come late: messages of a broadcast, keys of latest values. */
export function keptIn({ snapshot }: Sample): number | undefined {
  if (snapshot.latest !== undefined) return snapshot.latest.keys;
  return snapshot.header?.kind === "broadcast" ? historyIn(snapshot) : undefined;
}

/** Fill of the fullest ring, from 0 to 1. The ring of a broadcast stays full after its first round. */
export function fillOf({ snapshot: { lanes } }: Sample): number {
  return Math.max(0, ...lanes.map(({ fill }) => fill));
}

/** The kind of a channel; `"damaged"` if no socket can open it. */
export function kindOf({ isOpenable, header }: SegmentSnapshot): string {
  return isOpenable ? `${header?.kind}` : "damaged";
}
