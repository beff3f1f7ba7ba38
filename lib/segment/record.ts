/**
 * Records in a ring, which are checked before anything in them is used.
 *
 * @module
 */

import { frameHigh, type RecordPlace } from "./checksum.ts";
import { RECORD_FRAME, RECORD_PADDING, RECORD_PAYLOAD, RECORD_SIZE } from "../../wasm/layout.ts";

/** The size and the frame of a record. */
export interface RecordHeader {
  /** Bytes of the record in the ring, with its size and frame. */
  readonly bytes: number;
  /** Bytes of the payload. */
  readonly length: number;
  readonly flags: number;
  /** The low 32 bits of its number on its lane. */
  readonly sequence: number;
  /** True for padding up to the end of the ring. */
  readonly isPadding: boolean;
}

/** Padding without a frame. */
const LAST_WORD: RecordHeader = {
  bytes: 8,
  length: 0,
  flags: RECORD_PADDING,
  sequence: 0,
  isPadding: true,
};

/**
 * The record at byte `at` of a copy of the ring, if it is intact: its check is for its place, and it has
 * at most `available` bytes. With `allowInvalidated`, a record that its writer has invalidated while it
 * writes in place is returned, too.
 */
export function recordAt(
  ring: DataView,
  at: number,
  place: RecordPlace,
  available: number,
  allowInvalidated = false,
): RecordHeader | undefined {
  if (at + RECORD_FRAME > ring.byteLength) return undefined;
  const size = ring.getUint32(at + RECORD_SIZE, true);
  const isLong = ring.getUint32(at + RECORD_SIZE + 4, true) !== 0;
  if (isLong || size < 8 || size + 8 > available) {
    return size === 0 && !isLong && available === 8 ? LAST_WORD : undefined;
  }
  if (at + RECORD_PAYLOAD > ring.byteLength) return undefined;
  const low = ring.getUint32(at + RECORD_FRAME, true);
  const high = ring.getUint32(at + RECORD_FRAME + 4, true);
  const isIntact = frameHigh(place, size, low, high & 0xff) === high;
  if (isIntact) return headerOf(size, low, high & 0xff);
  const isInvalidated = allowInvalidated &&
    frameHigh(place, size, ~low >>> 0, ~high & 0xff) === ~high >>> 0;
  return isInvalidated ? headerOf(size, ~low >>> 0, ~high & 0xff) : undefined;
}

function headerOf(size: number, sequence: number, flags: number): RecordHeader {
  const isPadding = (flags & RECORD_PADDING) !== 0;
  return { bytes: Math.ceil((size + 8) / 8) * 8, length: size - 8, flags, sequence, isPadding };
}

/** The number closest to `about` whose low 32 bits are `low`. */
export function extendLow32(about: number, low: number): number {
  return about + ((low - (about >>> 0)) | 0);
}
