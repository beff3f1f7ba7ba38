/**
 * The one description of a journal's bytes. All numbers are little-endian.
 *
 * ```text
 *   the root: a segment like that of any channel, with a header, participants and waiters; in place of
 *   the first ring's data it has the number of the newest generation
 *
 *   128 +------------------------------------------------------------+
 *       | identity: 8 | newest generation: 4 | last assigned id: 4   |
 *       | clock: 8, a double | hash of the boot id: 4                |
 *       +------------------------------------------------------------+
 *
 *   a generation: a file of its own
 *
 *     0 +------------------------------------------------------------+
 *       | magic: 8 | version: 4 | id: 4 | end: 4 | last index: 4     |
 *       | last record of the snapshot: 4 | end at that time: 4       |
 *       | compactor: 4 | 0 | held until, with its check: 8          |
 *       | empty after, with its check: 8                             |
 *    64 +------------------------------------------------------------+
 *       | record 0, empty                                            |
 *       +------------------------------------------------------------+
 *       | records in any order, each has the offset of the next      |
 *       +------------------------------------------------------------+ <- end
 *
 *   a record, 8-aligned
 *
 *     0 +-----------+-----------+-----------+-----------+
 *       | next: 4   | length: 4 | index: 4  | kind: 4   |  next is 0 in the last one
 *    16 +-----------+-----------+-----------+-----------+
 *       | sequence: 8           | time: 8               |  doubles
 *    32 +-----------+-----------+-----------+-----------+
 *       | check: 4  | check of payload: 4, 0 for none
 *    40 +-----------+-----------+-----------+-----------+
 *       | payload: length bytes, padded to 8            |
 *       +-----------------------------------------------+
 * ```
 *
 * @module
 */

import { HEADER_BYTES } from "../../wasm/layout.ts";

// The root's words, in place of the data of its first ring.
export const ROOT_IDENTITY = HEADER_BYTES;
export const ROOT_NEWEST = ROOT_IDENTITY + 8;
export const ROOT_LAST_ID = ROOT_NEWEST + 4;
/** Milliseconds of the Unix epoch when the machine was started, by the journal's clock. */
export const ROOT_CLOCK = ROOT_LAST_ID + 4;
export const ROOT_BOOT = ROOT_CLOCK + 8;

/** "RINGJRN1" read as two little-endian integers. */
export const MAGIC_LOW = 0x474e4952;
export const MAGIC_HIGH = 0x314e524a;
/** Layout version of generations; a member rejects any other. */
export const VERSION = 1;

export const GENERATION_MAGIC = 0;
export const GENERATION_VERSION = GENERATION_MAGIC + 8;
export const GENERATION_ID = GENERATION_VERSION + 4;
export const GENERATION_END = GENERATION_ID + 4;
export const GENERATION_LAST_INDEX = GENERATION_END + 4;
export const GENERATION_SNAPSHOT_RECORD = GENERATION_LAST_INDEX + 4;
export const GENERATION_SNAPSHOT_END = GENERATION_SNAPSHOT_RECORD + 4;
export const GENERATION_COMPACTOR = GENERATION_SNAPSHOT_END + 4;
/**
 * Seconds of the Unix epoch, rounded up, until which the records hold data at most; it is raised before a
 * record is appended. The upper half is a check over the lower, as in the next word.
 */
export const GENERATION_HELD_UNTIL = GENERATION_COMPACTOR + 8;
/** The offset of a record after which the state was empty, 0 if there was none. */
export const GENERATION_EMPTY_AFTER = GENERATION_HELD_UNTIL + 8;
/** In place of a time: what the records hold does not expire. */
export const HELD_FOR_EVER = 0xffff_ffff;
/** Record 0. */
export const FIRST_RECORD = 64;

export const RECORD_NEXT = 0;
export const RECORD_LENGTH = RECORD_NEXT + 4;
export const RECORD_INDEX = RECORD_LENGTH + 4;
export const RECORD_KIND = RECORD_INDEX + 4;
export const RECORD_SEQUENCE = RECORD_KIND + 4;
export const RECORD_TIME = RECORD_SEQUENCE + 8;
export const RECORD_CHECKSUM = RECORD_TIME + 8;
/** The CRC-32 of the payload, in a journal that is written to a disk; 0: not known. */
export const RECORD_PAYLOAD_CHECK = RECORD_CHECKSUM + 4;
/** Bytes before a payload. */
export const RECORD_BYTES = RECORD_CHECKSUM + 8;

/** Bytes that a record with a payload of this length takes. */
export function recordBytes(length: number): number {
  return RECORD_BYTES + Math.ceil(length / 8) * 8;
}

/** Record kind: appended data. */
export const KIND_DATA = 1;
/** Record kind: the last record of a generation; its payload is the id of the next generation. */
export const KIND_HANDOFF = 2;
/** Record kind: the end of the snapshot, before the appended data; empty. */
export const KIND_SNAPSHOT_END = 3;

/** The check over the header of the record at an offset; `at` is where it is among the words. */
export function recordCheck(words: Int32Array, offset: number, at = offset): number {
  let checksum = offset | 0;
  const end = at + RECORD_CHECKSUM >>> 2;
  for (let word = at + RECORD_LENGTH >>> 2; word < end; word++) {
    checksum = Math.imul(checksum ^ words[word], 0x9e3779b1);
    checksum ^= checksum >>> 15;
  }
  return checksum;
}
