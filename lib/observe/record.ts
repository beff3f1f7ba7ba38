/**
 * Records as they stand in a ring, checked before anything in them is believed.
 *
 * @module
 */

import { frameHigh } from "../segment/checksum.ts";
import { RECORD_FRAME, RECORD_PADDING, RECORD_PAYLOAD, RECORD_SIZE } from "../../wasm/layout.ts";

/** What a record's size and frame say. */
export interface RecordHeader {
  /** Bytes that it takes in the ring, its size and frame included. */
  readonly bytes: number;
  /** Bytes of the payload. */
  readonly length: number;
  readonly flags: number;
  /** The low 32 bits of its number on its lane. */
  readonly sequence: number;
  /** It only fills the ring up to its end. */
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
 * The record at byte `at` of a copy of the ring, if it is whole: it belongs to `position`, and takes at
 * most `room` bytes. With `isHiddenAllowed` one that its writer hides while it is being written in
 * place counts, too.
 */
export function recordAt(
  ring: DataView,
  at: number,
  position: number,
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
  const isIntact = frameHigh(position, size, low, high & 0xff) === high;
  if (isIntact) return headerOf(size, low, high & 0xff);
  const isInvalidated = allowInvalidated &&
    frameHigh(position, size, ~low >>> 0, ~high & 0xff) === ~high >>> 0;
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
