/**
 * The failpoints by name: those of the ring, and one after each system call that others can see.
 *
 * @module
 */

import type { Platform } from "../../../lib/platform/platform.ts";
import * as numbers from "../../../wasm/failpoints.ts";

/** A failpoint of the ring. */
export type RingPoint = keyof typeof numbers;

/** System calls after which a process can be stopped. */
export const CALLS = [
  "makeFifo",
  "rename",
  "renameNew",
  "status",
  "open",
  "create",
  "reserve",
  "lock",
  "share",
  "unshare",
  "isSharedByOthers",
  "map",
  "link",
  "unlink",
  "unmap",
  "close",
  "openFifo",
  "openFifoToRing",
  "ring",
  "wake",
] as const satisfies (keyof Platform)[];

/** A failpoint: one of the ring, or a system call that has returned. */
export type PointName = RingPoint | typeof CALLS[number];

/** Failpoints of the ring, in the order of their numbers. */
export const RING_POINTS = Object.keys(numbers)
  .map((name) => name as RingPoint)
  .sort((a, b) => numbers[a] - numbers[b]);

/** Failpoints of pullers with `ack`. */
export const ACK_POINTS: readonly PointName[] = RING_POINTS.filter((name) =>
  /^(BUFFER|LEASE|RETURN)_/.test(name)
);

/** Failpoints of those who set latest values. */
export const LATEST_POINTS: readonly PointName[] = RING_POINTS.filter((name) =>
  /^(CELL|CHUNK)_/.test(name)
);

/**
 * Failpoints with tests of their own: those of the last participant that leaves, of pullers with and
 * without `ack` on one channel, of streams, of latest values, and of signals. No pattern here has them.
 */
export const OTHER_POINTS: readonly PointName[] = [
  "renameNew",
  "RETURN_TAKEN",
  "PARTS_RETURNED",
  "SIGNAL_COUNTED",
  ...LATEST_POINTS,
];

/** All failpoints by their numbers. */
export const POINTS: readonly PointName[] = [...RING_POINTS, ...CALLS];

/** The number of a failpoint. */
export function numberOf(name: PointName): number {
  return POINTS.indexOf(name);
}
