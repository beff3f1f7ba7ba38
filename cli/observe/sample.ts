/**
 * A channel at two instants, and what happened between them.
 *
 * @module
 */

import type { SegmentFile } from "../../lib/observe/segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "../../lib/observe/snapshot.ts";
import { channelNames } from "../../lib/observe/registry.ts";
import { ShmError } from "../../lib/base/errors.ts";
import { channelDirectory, findUndeleted } from "./open.ts";

/** A channel at an instant. */
export interface Sample {
  readonly name: string;
  readonly atMs: number;
  readonly snapshot: SegmentSnapshot;
}

/** What happened in a second. */
export interface Rates {
  /** Messages committed. */
  readonly messages: number;
  /** Bytes committed, of records with their sizes and frames. */
  readonly bytes: number;
  /** Bytes taken, or overwritten. */
  readonly tailBytes: number;
  /** Messages refused or missed. */
  readonly dropped: number;
}

/** Looks at an open channel. */
export function sample(name: string, file: SegmentFile): Sample {
  return { name, atMs: performance.now(), snapshot: takeSnapshot(file, channelDirectory()) };
}

/** Looks at all channels; what is no file that we may read is passed over. */
export function sampleAll(): Sample[] {
  return channelNames(channelDirectory()).flatMap((name) => {
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

/** What happened between two samples of one channel, a second. */
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

/** Adds up what each item gives. */
export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** The state of a channel in a word. */
export function stateOf({ snapshot: { header, issues, participants } }: Sample): string {
  if (issues.length > 0) return "damaged";
  if (header?.status === "closed") return "closed";
  return participants.some(({ alive }) => alive !== false) ? "live" : "stale";
}

/**
 * How far the slowest receiver is behind, in messages: of a broadcast the subscriber with the largest
 * backlog, else what waits in the rings; undefined if it cannot be told.
 */
export function behindOf({ snapshot: { header, backlogs, lanes } }: Sample): number | undefined {
  if (header?.kind === "broadcast") {
    return backlogs.length === 0 ? undefined : Math.max(...backlogs.map(({ atLeast }) => atLeast));
  }
  const known = lanes.flatMap(({ pending }) => pending ?? []);
  return known.length < lanes.length ? undefined : sum(known, (messages) => messages);
}

/** Messages of a queue that are not done: in the rings, or held by a puller; undefined of others. */
export function waitingIn(sample: Sample): number | undefined {
  const { header, leaseTables } = sample.snapshot;
  const inRings = header?.kind === "queue" ? behindOf(sample) : undefined;
  return inRings === undefined ? undefined : inRings + leaseTables.leases.length;
}

/** How full the fullest ring is, from 0 to 1. A broadcast's is full after its first round, always. */
export function fillOf({ snapshot: { lanes } }: Sample): number {
  return Math.max(0, ...lanes.map(({ fill }) => fill));
}

/** The kind of a channel; `"damaged"` if no socket can open it. */
export function kindOf({ isOpenable, header }: SegmentSnapshot): string {
  return isOpenable ? `${header?.kind}` : "damaged";
}
