/**
 * The build of the ring that asks at failpoints.
 *
 * @module
 */

import { compileRing } from "../../../wasm/compile.ts";

let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** That build; compiling it takes some seconds, once a process. */
export function failpointRing(): Promise<Uint8Array<ArrayBuffer>> {
  return compiled ??= compileRing("failpoints");
}
