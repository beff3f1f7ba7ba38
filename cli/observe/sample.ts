/**
 * Samples of channels, and the rates between two samples.
 *
 * @module
 */

import { sum } from "../../lib/observe/figures.ts";
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
