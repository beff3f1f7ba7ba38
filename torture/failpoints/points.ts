/**
 * The failpoints by name, and the module that stops at them.
 *
 * @module
 */

import { compileRing } from "../../wasm/compile.ts";
import * as numbers from "../../wasm/failpoints.ts";

/** A failpoint of the ring. */
export type PointName = keyof typeof numbers;

/** All of them, in the order of their numbers. */
export const POINTS = Object.keys(numbers)
  .map((name) => name as PointName)
  .sort((a, b) => numbers[a] - numbers[b]);

/** The number by which the ring names a failpoint. */
export function numberOf(name: PointName): number {
  return numbers[name];
}

let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The build of the ring that stops at failpoints; compiling it takes some seconds, once a process. */
export function failpointRing(): Promise<Uint8Array<ArrayBuffer>> {
  return compiled ??= compileRing("failpoints");
}
