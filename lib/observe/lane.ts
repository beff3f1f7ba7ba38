/**
 * What is wrong with a lane's entry, if anything.
 *
 * @module
 */

import type { HeaderRow } from "../segment/format.ts";
import type { Geometry, LaneRow } from "../segment/tables.ts";
import * as layout from "../../wasm/layout.ts";

/** Why a lane that has a ring cannot be read; undefined if it can. */
export function laneProblem(
  lane: LaneRow,
  { control }: Geometry,
  size: number,
): string | undefined {
  const { data, capacity, head, tail, index, isDataIntact } = lane;
  const first = index === 0 ? layout.HEADER_BYTES : control + layout.CONTROL_BYTES;
  if (!isDataIntact) {
    return `the offset ${data} and the size ${capacity} of its ring do not match their check`;
  }
  if (data < first) return `its ring begins at ${data}, inside the tables`;
  if (data + capacity > size) {
    return `its ring ends at ${data + capacity}, behind the end of the file`;
  }
  if (head % 8 !== 0 || tail % 8 !== 0) {
    return `its head ${head} or tail ${tail} is no multiple of 8`;
  }
  if (head > Number.MAX_SAFE_INTEGER) return `its head ${head} is larger than any real position`;
  if (tail > head) return `its tail ${tail} is beyond its head ${head}`;
  if (head - tail > capacity) {
    return `its head ${head} is more than a ring ahead of its tail ${tail}`;
  }
  return undefined;
}

/** Lanes in use; as many as are possible if their number in the header is damaged. */
export function laneCount({ lanes }: HeaderRow): number {
  return lanes.isIntact ? lanes.value : layout.MAX_LANES;
}
