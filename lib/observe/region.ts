/**
 * Words that name a part of a segment, each with its check.
 *
 * @module
 */

import { checksum } from "./checksum.ts";
import type { Geometry } from "./lane.ts";
import { CONTROL_BYTES } from "../../wasm/layout.ts";

/** A part of the segment behind its tables. */
export interface RegionReport {
  /** Where it lies in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A region named by words, or why it cannot be one; neither if there is none. */
export function readRegion(
  view: DataView,
  at: number,
  checksumOffset: number,
  { control }: Geometry,
  size: number,
): { region?: RegionReport; problem?: string } {
  const offset = view.getUint32(at, true);
  const bytes = view.getUint32(at + 4, true);
  if (offset === 0) return {};
  const named = `the region of ${bytes} bytes at ${offset}`;
  if (view.getUint32(checksumOffset, true) !== checksum(offset, bytes)) {
    return { problem: `${named} does not match its check` };
  }
  if (offset < control + CONTROL_BYTES || offset % 8 !== 0) {
    return { problem: `${named} lies where other things lie` };
  }
  if (offset + bytes > size) return { problem: `${named} ends behind the end of the file` };
  return { region: { offset, bytes } };
}
