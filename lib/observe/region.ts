/**
 * The region of a participant: a part of the segment behind its tables.
 *
 * @module
 */

import type { Row } from "../base/structure.ts";
import { checksum } from "../segment/checksum.ts";
import type { PARTICIPANT } from "../segment/structures.ts";
import type { Geometry } from "../segment/tables.ts";
import { CONTROL_BYTES } from "../../wasm/layout.ts";

/** A part of the segment behind its tables. */
export interface RegionReport {
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A participant's region, or what is wrong with it; neither if it has none. */
export function readRegion(
  { region: offset, regionBytes: bytes, regionCheck }: Row<typeof PARTICIPANT>,
  { control }: Geometry,
  size: number,
): { region?: RegionReport; problem?: string } {
  if (offset === 0) return {};
  const named = `the region of ${bytes} bytes at ${offset}`;
  if (regionCheck !== checksum(offset, bytes)) {
    return { problem: `${named} does not match its check` };
  }
  if (offset < control + CONTROL_BYTES || offset % 8 !== 0) {
    return { problem: `${named} overlaps the tables or is not aligned` };
  }
  if (offset + bytes > size) return { problem: `${named} ends behind the end of the file` };
  return { region: { offset, bytes } };
}
