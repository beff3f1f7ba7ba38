/**
 * The failpoints by name: those of the ring, and one behind each call of the system that others can see.
 *
 * @module
 */

import type { Platform } from "../../../lib/platform/platform.ts";
import * as numbers from "../../../wasm/failpoints.ts";

/** A failpoint of the ring. */
export type RingPoint = keyof typeof numbers;

/** Calls behind which a process may stand still. */
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

/** A failpoint: one of the ring, or a call of the system that has just returned. */
export type PointName = RingPoint | typeof CALLS[number];

/** Failpoints of the ring, in the order of their numbers. */
export const RING_POINTS = Object.keys(numbers)
  .map((name) => name as RingPoint)
  .sort((a, b) => numbers[a] - numbers[b]);

/** Failpoints of pullers that acknowledge. */
export const ACK_POINTS: readonly PointName[] = RING_POINTS.filter((name) =>
  /^(BUFFER|LEASE|RETURN)_/.test(name)
);

/**
 * Failpoints to which tests of their own go: those of the last one to leave, and of pullers of both
 * kinds on one channel, neither of which a pattern here has.
 */
export const OTHER_POINTS: readonly PointName[] = ["renameNew", "RETURN_TAKEN"];

/** All failpoints by their numbers. */
export const POINTS: readonly PointName[] = [...RING_POINTS, ...CALLS];

/** The number of a failpoint. */
export function numberOf(name: PointName): number {
  return POINTS.indexOf(name);
}
