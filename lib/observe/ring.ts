/**
 * A lane's ring, read in parts.
 *
 * @module
 */

import { blockTag } from "../segment/checksum.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import type { LaneRow } from "../segment/tables.ts";
import { recordAt, type RecordHeader } from "../segment/record.ts";
import { paddedTopicBytes } from "../channel/topics.ts";
import { MAX_MESSAGE_BYTES } from "../channel/block_allocator.ts";
import {
  BLOCK_HEADER_BYTES,
  RECORD_BLOCK,
  RECORD_PAYLOAD,
  RECORD_TOPIC,
  REFERENCE_BYTES,
  TOPIC_LENGTH,
  TOPIC_TEXT,
} from "../../wasm/layout.ts";

/** Most bytes that are searched for an intact record behind damage. */
export const SEARCH_BYTES = 64 * 1024 * 1024;

/** Bytes of the ring that are read at once. */
const WINDOW_BYTES = 64 * 1024;

/** The block of a big message. */
export interface Reference {
  /** Byte offset of the block in the file. */
  readonly offset: number;
  /** Bytes of the message. */
  readonly length: number;
}

/** A copy of a part of a ring, which follows the positions that are read. */
export class RingWindow {
  readonly #source: ByteSource;
  readonly #data: number;
  readonly #capacity: number;
  readonly #windowBytes: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** The position of the copy's first byte. */
  #start = 0;

  constructor(
    source: ByteSource,
    lane: LaneRow,
    windowBytes: number = WINDOW_BYTES,
  ) {
    this.#source = source;
    this.#data = lane.data;
    this.#capacity = lane.capacity;
    this.#windowBytes = windowBytes;
  }

  /** Byte offset of a position in the file. */
  offsetOf(position: number): number {
    return this.#data + position % this.#capacity;
  }

  /** Bytes from a position to the end of the ring. */
  bytesToEnd(position: number): number {
    return this.#capacity - position % this.#capacity;
  }

  /** The record at a position, if it is intact and has at most `available` bytes. */
  recordAt(
    position: number,
    available: number,
    allowInvalidated = false,
  ): RecordHeader | undefined {
    const limit = Math.min(available, this.bytesToEnd(position));
    this.#load(position, Math.min(RECORD_PAYLOAD, this.bytesToEnd(position)));
    const place = { offset: this.offsetOf(position), position };
    return recordAt(this.#view, position - this.#start, place, limit, allowInvalidated);
  }

  /** The position of the first intact record from `from` on, or the head; searches `limit` bytes at most. */
  findRecord(from: number, head: number, limit: number): number {
    const end = Math.min(head, from + limit);
    for (let position = from; position < end; position += 8) {
      const record = this.recordAt(position, head - position);
      // Eight zero bytes at the end of the ring may be anything.
      if (record !== undefined && !(record.isPadding && record.bytes === 8)) return position;
    }
    return end;
  }

  /** The first record from the tail on that is no padding; undefined if it is corrupt. */
  oldest({ head, tail }: LaneRow): RecordHeader | undefined {
    const record = this.recordAt(tail, head - tail);
    if (!record?.isPadding) return record;
    const next = tail + record.bytes;
    return next < head ? this.recordAt(next, head - next) : undefined;
  }

  /** Bytes of a payload whose record is at a position; fewer if the file is shorter. */
  payload(position: number, skip: number, length: number): Uint8Array<ArrayBuffer> {
    this.#load(position, RECORD_PAYLOAD + skip + length);
    const at = position - this.#start + RECORD_PAYLOAD + skip;
    return this.#bytes.slice(at, at + length);
  }

  /** Bytes of the topic behind the first `skip` bytes of a record; more than the record has if it is damaged. */
  topicBytes(position: number, { flags }: RecordHeader, skip: number): number {
    if ((flags & RECORD_TOPIC) === 0) return 0;
    const head = this.payload(position, skip, TOPIC_TEXT);
    if (head.length < TOPIC_TEXT) return Infinity;
    return paddedTopicBytes(new DataView(head.buffer).getUint32(TOPIC_LENGTH, true));
  }

  /** The reference in a record that is flagged as a block; undefined if it is invalid. */
  reference(position: number, record: RecordHeader, skip: number): Reference | undefined {
    if (record.length !== skip + REFERENCE_BYTES) return undefined;
    const bytes = this.payload(position, skip, REFERENCE_BYTES);
    if (bytes.length < REFERENCE_BYTES) return undefined;
    const view = new DataView(bytes.buffer);
    const reference = { offset: view.getUint32(0, true), length: view.getUint32(8, true) };
    const isValid = view.getUint32(4, true) === 0 && view.getUint32(12, true) === 0 &&
      reference.offset % 8 === 0 && reference.length <= MAX_MESSAGE_BYTES;
    return isValid ? reference : undefined;
  }

  /** Discards the copy, because the ring may have been overwritten. */
  invalidate(): void {
    this.#bytes = new Uint8Array(0);
  }

  #load(position: number, bytes: number): void {
    const at = position - this.#start;
    if (at >= 0 && at + bytes <= this.#bytes.length) return;
    const limit = Math.min(Math.max(bytes, this.#windowBytes), this.bytesToEnd(position));
    this.#bytes = this.#source.read(this.offsetOf(position), limit);
    this.#view = new DataView(this.#bytes.buffer, 0, this.#bytes.length);
    this.#start = position;
  }
}

/** True for a record whose payload is a reference to a block. */
export function isReference({ flags }: RecordHeader): boolean {
  return (flags & RECORD_BLOCK) !== 0;
}

/** True if a block lies inside the file, and its tag is that of the record at a position. */
export function isBlockOf(
  source: ByteSource,
  position: number,
  { offset, length }: Reference,
): boolean {
  if (offset + BLOCK_HEADER_BYTES + length > source.size()) return false;
  const word = source.read(offset, 4);
  return word.length === 4 &&
    new DataView(word.buffer).getUint32(0, true) === blockTag(position, offset, length);
}

/**
 * The bytes of a big message whose record is at a position; undefined unless the tag of the block is that
 * of the record before and after the copy. Of a longer one, only the first `maxBytes` are copied.
 */
export function readBlock(
  source: ByteSource,
  position: number,
  reference: Reference,
  maxBytes: number = Infinity,
): Uint8Array<ArrayBuffer> | undefined {
  if (!isBlockOf(source, position, reference)) return undefined;
  const length = Math.min(reference.length, maxBytes);
  const bytes = source.read(reference.offset + BLOCK_HEADER_BYTES, length);
  return bytes.length === length && isBlockOf(source, position, reference) ? bytes : undefined;
}
