/**
 * What a snapshot says of a channel in one number or word.
 *
 * @module
 */

import type { LaneReport, SegmentSnapshot } from "./snapshot.ts";

/** Sums a number of each item. */
export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** The kind of a channel; `"damaged"` if no socket can open it. */
export function kindIn({ isOpenable, header }: SegmentSnapshot): string {
  return isOpenable ? `${header?.kind}` : "damaged";
}

/** The state of a channel as a word. */
export function stateIn({ header, issues, participants }: SegmentSnapshot): string {
  if (issues.length > 0) return "damaged";
  if (header?.status === "closed") return "closed";
  return participants.some(({ alive }) => alive !== false) ? "live" : "stale";
}

/** Messages in the rings that are not taken, or not overwritten yet; undefined if that is unknown. */
export function pendingIn(lanes: readonly LaneReport[]): number | undefined {
  const known = lanes.flatMap(({ pending }) => pending ?? []);
  return known.length < lanes.length ? undefined : sum(known, (messages) => messages);
}

/**
 * Backlog of the slowest receiver, in messages: for a broadcast the largest backlog of a subscriber,
 * otherwise the messages in the rings. Undefined if it is unknown.
 */
export function behindIn({ header, backlogs, lanes }: SegmentSnapshot): number | undefined {
  if (header?.kind !== "broadcast") return pendingIn(lanes);
  return backlogs.length === 0 ? undefined : Math.max(...backlogs.map(({ atLeast }) => atLeast));
}

/** Messages of a queue that are in the rings or leased to a puller. Undefined for other channels. */
export function waitingIn({ header, lanes, leaseTables }: SegmentSnapshot): number | undefined {
  const inRings = header?.kind === "queue" ? pendingIn(lanes) : undefined;
  return inRings === undefined ? undefined : inRings + leaseTables.leases.length;
}

/** Messages that a broadcast still has for subscribers that come late. */
export function historyIn({ lanes }: SegmentSnapshot): number {
  return sum(lanes, ({ pending }) => pending ?? 0);
}

/** What a channel keeps for those who come late: messages of a broadcast, keys of latest values. */
export function keptIn(snapshot: SegmentSnapshot): number | undefined {
  if (snapshot.latest !== undefined) return snapshot.latest.keys;
  return snapshot.header?.kind === "broadcast" ? historyIn(snapshot) : undefined;
}

/** Fill of the fullest ring, from 0 to 1. The ring of a broadcast stays full after its first round. */
export function fillIn({ lanes }: SegmentSnapshot): number {
  return Math.max(0, ...lanes.map(({ fill }) => fill));
}
