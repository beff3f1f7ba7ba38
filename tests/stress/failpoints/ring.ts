/**
 * The build of the ring with failpoints.
 *
 * @module
 */

import { compileRing } from "../../../wasm/compile.ts";

let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** Compiles that build, which takes some seconds, once in a process. */
export function failpointRing(): Promise<Uint8Array<ArrayBuffer>> {
  return compiled ??= compileRing("failpoints");
}
