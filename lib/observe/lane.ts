/**
 * The entries of the table of lanes.
 *
 * @module
 */

import { checksum } from "./checksum.ts";
import type { ByteSource } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** A lane's words. Positions count bytes from the beginning of time. */
export interface LaneWords {
  readonly index: number;
  /** Where the entry lies in the file. */
  readonly offset: number;
  readonly head: number;
  readonly tail: number;
  /** Messages ever committed; may be a commit behind. */
  readonly count: number;
  /** Position of the newest record. */
  readonly last: number;
  /** The participant that writes it, plus 1; 0 if nobody does. */
  readonly owner: number;
  /** Where its ring lies in the file; 0 if it has none yet. */
  readonly data: number;
  /** Messages ever overwritten, on a broadcast. */
  readonly tailCount: number;
  /** The check beside `data` is the right one. */
  readonly isDataValid: boolean;
}

/** Where things lie in a segment. */
export interface Geometry {
  /** Bytes of each lane's ring. */
  readonly capacity: number;
  /** Where the control block begins. */
  readonly control: number;
}

/** Where a lane's entry lies. */
export function laneOffset({ control }: Geometry, index: number): number {
  return control + layout.CONTROL_LANES + index * layout.LANE_BYTES;
}

/** The entries of the first lanes; fewer if the file is shorter. */
export function readLanes(source: ByteSource, geometry: Geometry, lanes: number): LaneWords[] {
  const bytes = source.read(laneOffset(geometry, 0), lanes * layout.LANE_BYTES);
  const view = new DataView(bytes.buffer, 0, bytes.length);
  const whole = Math.floor(bytes.length / layout.LANE_BYTES);
  return Array.from({ length: whole }, (_, index) => laneAt(view, index, geometry, index));
}

/** One entry; undefined if the file is shorter. */
export function readLane(
  source: ByteSource,
  geometry: Geometry,
  index: number,
): LaneWords | undefined {
  const bytes = source.read(laneOffset(geometry, index), layout.LANE_BYTES);
  if (bytes.length < layout.LANE_BYTES) return undefined;
  return laneAt(new DataView(bytes.buffer), 0, geometry, index);
}

function laneAt(view: DataView, entry: number, geometry: Geometry, index: number): LaneWords {
  const at = entry * layout.LANE_BYTES;
  const half = (field: number) => view.getUint32(at + field, true);
  const word = (field: number) => half(field) + half(field + 4) * 2 ** 32;
  const data = half(layout.LANE_DATA);
  return {
    index,
    offset: laneOffset(geometry, index),
    head: word(layout.LANE_HEAD),
    tail: word(layout.LANE_TAIL),
    count: word(layout.LANE_COUNT),
    last: word(layout.LANE_LAST),
    owner: half(layout.LANE_OWNER),
    data,
    tailCount: word(layout.LANE_TAIL_COUNT),
    isDataValid: half(layout.LANE_DATA_CHECK) === checksum(data, index),
  };
}

/** Why a lane that has a ring cannot be read; undefined if it can. */
export function laneProblem(
  lane: LaneWords,
  { capacity, control }: Geometry,
  size: number,
): string | undefined {
  const { data, head, tail, index, isDataValid } = lane;
  const first = index === 0 ? layout.HEADER_BYTES : control + layout.CONTROL_BYTES;
  if (!isDataValid) return `the check over its ring's place ${data} is wrong`;
  if (data < first) return `its ring is said to lie at ${data}, where other things lie`;
  if (data + capacity > size) {
    return `its ring ends at ${data + capacity}, behind the end of the file`;
  }
  if (head % 8 !== 0 || tail % 8 !== 0) {
    return `its head ${head} or tail ${tail} is no multiple of 8`;
  }
  if (head > Number.MAX_SAFE_INTEGER) return `its head ${head} is beyond anything ever written`;
  if (tail > head) return `its tail ${tail} is beyond its head ${head}`;
  if (head - tail > capacity) {
    return `its head ${head} is more than a ring ahead of its tail ${tail}`;
  }
  return undefined;
}

/** Lanes in use, as the header's word says; all there can be if that word cannot be right. */
export function laneCountOf(word: number): { count: number; isValid: boolean } {
  const count = word & 0xffff;
  const isValid = ((count | (~count << 16)) >>> 0) === word && count <= layout.MAX_LANES;
  return { count: isValid ? count : layout.MAX_LANES, isValid };
}
