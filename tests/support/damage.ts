/**
 * Writing into a segment's file as a process gone astray would.
 *
 * @module
 */

import { controlOffset } from "../../lib/segment/format.ts";
import * as layout from "../../wasm/layout.ts";

/** Overwrites bytes of a file. */
export function poke(path: string, offset: number, bytes: Uint8Array): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(offset, Deno.SeekMode.Start);
  file.writeSync(bytes);
}

/** Eight bytes. */
export function word(value: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}

/** Four bytes. */
export function half(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** A file's 32-bit word. */
export function halfAt(path: string, offset: number): number {
  return new DataView(Deno.readFileSync(path).buffer).getUint32(offset, true);
}

/** Where a lane's entry lies in a segment of a capacity. */
export function laneAt(capacity: number, index: number): number {
  return controlOffset(capacity) + layout.CONTROL_LANES + index * layout.LANE_BYTES;
}

/** Where a participant's slot lies in a segment of a capacity. */
export function participantAt(capacity: number, index: number): number {
  return controlOffset(capacity) + layout.CONTROL_PARTICIPANTS + index * layout.PARTICIPANT_BYTES;
}
