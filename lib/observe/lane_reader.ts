/**
 * Reads one lane without taking part. No process waits for the reader, so that records may be
 * overwritten while it copies them. After each copy it checks what the writer has claimed meanwhile,
 * and discards the copies that the claim covers.
 *
 * - On a broadcast, the writer moves the lane's tail before it overwrites: records from the tail on,
 *   read after the copy, are intact.
 * - On a queue, records from the tail on are intact as well. Records that were taken before the copy
 *   stay until the writer has gone round the ring. A writer claims records one behind the other, and
 *   writes the size and the frame of each before its payload. So the claimed records that can be
 *   followed from the head on, after the copy, are all that may have overwritten it.
 *
 * The check misses one case: a loan of bytes (codec `"raw"`) that was partly written over taken
 * messages, and was then released unsent, leaves no trace.
 *
 * @module
 */

import type { Issue } from "./issue.ts";
import { laneProblem } from "./lane.ts";
import { extendLow32, type RecordHeader } from "../segment/record.ts";
import { isReference, readBlock, type Reference, RingWindow, SEARCH_BYTES } from "./ring.ts";
import { readTopic } from "../channel/topics.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type Geometry, type LaneRow, readLane } from "../segment/tables.ts";
import {
  BLOCK_HEADER_BYTES,
  PREFIX_SLOT_SHIFT,
  RECORD_PAYLOAD,
  RECORD_TOPIC,
  REQUEST_PREFIX_BYTES,
} from "../../wasm/layout.ts";

/** Where reading begins: with messages that arrive from now on, or with the oldest that exists. */
export type Since = "now" | "oldest";

/** A message in a channel. */
export interface ObservedMessage {
  /** The sender's lane; messages of one lane arrive in order. */
  readonly lane: number;
  /** Its number on the lane, from 0. */
  readonly sequence: number;
  /** Record flags, which mark a tensor and a header. */
  readonly flags: number;
  /** The topic that it was sent with. */
  readonly topic?: string;
  /** The payload behind the topic, a copy. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of a big message that were not copied, behind the others; undefined: none. */
  readonly cutBytes?: number;
  /** The requester and its slot that wait for the reply, on a request channel. */
  readonly request?: { readonly requester: number; readonly slot: number };
}

/** The result of one read. */
export interface ReadResult {
  readonly messages: ObservedMessage[];
  readonly issues: Issue[];
  /** Messages that were overwritten, or lost behind damage, before they could be read. */
  missed: number;
}

/** The kind of a lane's channel. */
export interface LaneKind extends Geometry {
  readonly isBroadcast: boolean;
  readonly isRequest: boolean;
  /** Bytes of a big message that are copied. Default: all. */
  readonly maxBlockBytes?: number | undefined;
}

/** A read ends when it has copied this much, which bounds its memory. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
const MAX_READ_MESSAGES = 4096;
/** How often an inconsistent entry is read again before it counts as damaged. */
const MAX_LANE_READS = 64;
/** How often a corrupt record is read again before it counts as damaged. */
const MAX_CORRUPT_READS = 4;

/** A copy of a record, which is still to be verified. */
interface RecordCopy {
  readonly position: number;
  readonly record: RecordHeader;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Its block outside the ring. */
  readonly reference?: Reference | undefined;
  readonly cutBytes?: number;
}

/** Reads one lane, and remembers its position. */
export class LaneReader {
  readonly #source: ByteSource;
  readonly #kind: LaneKind;
  readonly #index: number;
  readonly #skip: number;
  /** Next position to read; undefined until the lane has a ring. */
  #position: number | undefined;
  /** Number of the message expected there, if it is known. */
  #sequence: number | undefined;
  /** Messages were skipped; the number of the next one gives their count. */
  #hasGap = false;
  /** The last problem of the lane's entry, which is reported once. */
  #problem: string | undefined;
  /** Reads in a row of a corrupt record. */
  #corruptReads = 0;

  constructor(source: ByteSource, kind: LaneKind, index: number) {
    this.#source = source;
    this.#kind = kind;
    this.#index = index;
    this.#skip = kind.isRequest ? REQUEST_PREFIX_BYTES : 0;
  }

  /** Begins at the head, or at the oldest record; a lane without a ring is read from its beginning. */
  begin(lane: LaneRow, since: Since): void {
    if (lane.data === 0) {
      this.#position = this.#sequence = 0;
    } else if (laneProblem(lane, this.#kind, this.#source.size()) === undefined) {
      this.#moveTo(since === "oldest" ? "tail" : "head");
    }
    this.#hasGap = false;
  }

  /** Continues to read; returns true if there may be more already. */
  read(lane: LaneRow, result: ReadResult): boolean {
    if (lane.data === 0 || lane.isDataIntact && this.#position === lane.head && !this.#hasGap) {
      return false;
    }
    const valid = this.#validLane(lane, result);
    if (valid === undefined) return false;
    if (this.#position === undefined) this.#moveTo("head");
    if (this.#position! > valid.head) return this.#handleRewind(valid, result);
    if (this.#isOverwritten(this.#position!, valid)) {
      this.#moveTo("tail");
      this.#hasGap = true;
      return true;
    }
    return this.#position === valid.head
      ? this.#closeGap(valid, result)
      : this.#copyAndVerify(valid, result);
  }

  /** The lane's entry once it is consistent; undefined, with one report, if it stays damaged. */
  #validLane(lane: LaneRow, result: ReadResult): LaneRow | undefined {
    let latest: LaneRow | undefined = lane;
    let problem: string | undefined;
    for (let attempt = 0; attempt < MAX_LANE_READS && latest !== undefined; attempt++) {
      problem = laneProblem(latest, this.#kind, this.#source.size());
      if (problem === undefined) {
        this.#problem = undefined;
        return latest;
      }
      if (problem === this.#problem) return undefined;
      latest = this.#readLane();
    }
    problem ??= "the file ends before it";
    if (problem !== this.#problem) this.#report(result, lane.offset, problem);
    this.#problem = problem;
    return undefined;
  }

  #report(result: ReadResult, offset: number, problem: string): void {
    result.issues.push({ offset, part: `lane ${this.#index}`, problem });
  }

  #readLane(): LaneRow | undefined {
    return readLane(this.#source, this.#kind, this.#index);
  }

  #handleRewind(lane: LaneRow, result: ReadResult): boolean {
    this.#report(result, lane.offset, `its head went back to ${lane.head} from ${this.#position}`);
    this.#moveTo("head");
    return false;
  }

  /** True if a position was overwritten for certain. */
  #isOverwritten(position: number, { head, tail, capacity }: LaneRow): boolean {
    return this.#kind.isBroadcast ? tail > position : head - position > capacity;
  }

  /** Copies the records, and keeps the intact copies. */
  #copyAndVerify(lane: LaneRow, result: ReadResult): boolean {
    const window = new RingWindow(this.#source, lane);
    const copies = this.#copyRecords(window, lane);
    const after = this.#readLane() ?? lane;
    if (copies.length === 0) return this.#handleCorrupt(after, result);
    const intactFrom = this.#intactFrom(copies[0].position, after, window);
    for (const copy of copies) {
      const end = copy.position + copy.record.bytes;
      if (end > after.head) return true;
      if (copy.position < intactFrom) this.#hasGap = true;
      else if (!this.#accept(copy, after, window, result)) {
        return this.#handleCorrupt(after, result);
      }
      this.#position = end;
      this.#corruptReads = 0;
    }
    return true;
  }

  /** Ends a gap behind which there is nothing to read. */
  #closeGap(lane: LaneRow, result: ReadResult): boolean {
    const count = this.#countAt(lane);
    if (count === undefined) return true;
    this.#countMissed(count, result);
    this.#sequence = count;
    return false;
  }

  /** Counts the skipped messages before the one with number `next`. */
  #countMissed(next: number, result: ReadResult): void {
    const missed = next - (this.#sequence ?? next);
    // A count that was overwritten is no safe integer.
    if (this.#hasGap && Number.isSafeInteger(next)) result.missed += Math.max(0, missed);
    this.#hasGap = false;
  }

  /** Copies intact records from the current position on, padding included, up to the limits. */
  #copyRecords(window: RingWindow, { head }: LaneRow): RecordCopy[] {
    const copies: RecordCopy[] = [];
    let position = this.#position!;
    let bytes = 0;
    while (position < head && copies.length < MAX_READ_MESSAGES && bytes < MAX_READ_BYTES) {
      const record = window.recordAt(position, head - position);
      if (record === undefined) break;
      const copy = this.#copyRecord(window, position, record);
      copies.push(copy);
      bytes += copy.payload.length;
      position += record.bytes;
    }
    return copies;
  }

  #copyRecord(window: RingWindow, position: number, record: RecordHeader): RecordCopy {
    if (record.isPadding || !isReference(record)) {
      const length = record.isPadding ? 0 : record.length;
      return { position, record, payload: window.payload(position, 0, length) };
    }
    const prefixBytes = this.#prefixBytes(window, position, record);
    const reference = window.reference(position, record, prefixBytes);
    const prefix = window.payload(position, 0, Math.min(prefixBytes, record.length));
    const block = reference &&
      readBlock(this.#source, position, reference, this.#kind.maxBlockBytes);
    if (block === undefined) return { position, record, payload: prefix };
    const payload = new Uint8Array(prefix.length + block.length);
    payload.set(prefix);
    payload.set(block, prefix.length);
    return { position, record, payload, reference, cutBytes: reference!.length - block.length };
  }

  /** Bytes before a message or its reference. */
  #prefixBytes(window: RingWindow, position: number, record: RecordHeader): number {
    return this.#skip + window.topicBytes(position, record, this.#skip);
  }

  /** The position from which on the copies are intact. */
  #intactFrom(first: number, after: LaneRow, window: RingWindow): number {
    if (this.#kind.isBroadcast || after.tail <= first) return after.tail;
    const claimed = this.#claimedEnd(window, after);
    // The size of the next record may be written, and its frame not yet.
    return Math.min(after.tail, claimed + RECORD_PAYLOAD - after.capacity);
  }

  /** The end of what the writer has claimed, as far as claimed records can be followed. */
  #claimedEnd(window: RingWindow, { head, capacity }: LaneRow): number {
    window.invalidate();
    let end = head;
    while (end < head + capacity) {
      const available = window.bytesToEnd(end);
      const record = window.recordAt(end, available, true);
      if (record === undefined) break;
      const isLastWord = record.isPadding && record.bytes === 8;
      // Eight zero bytes at the end may be anything, if no record follows at the beginning.
      if (isLastWord && !window.recordAt(end + 8, window.bytesToEnd(end + 8), true)) break;
      end += record.bytes;
    }
    // If the writer has lapped meanwhile, its claims are committed.
    return Math.max(end, this.#readLane()?.head ?? head);
  }

  /** Adds an intact copy to the result; false if the record is corrupt. */
  #accept(copy: RecordCopy, after: LaneRow, window: RingWindow, result: ReadResult): boolean {
    const { position, record, payload, reference, cutBytes = 0 } = copy;
    if (record.isPadding) return true;
    const isBlock = isReference(record);
    if (isBlock && (reference === undefined || this.#isReused(copy, after, window))) {
      if (position >= after.tail) return false;
      this.#hasGap = true;
      return true;
    }
    if (payload.length < this.#skip || !isBlock && payload.length < record.length) return false;
    const message = this.#message(copy);
    if (message === undefined) return false;
    const sequence = extendLow32(this.#sequence ?? after.count, record.sequence);
    this.#countMissed(sequence, result);
    this.#sequence = sequence + 1;
    const cut = cutBytes > 0 ? { cutBytes } : {};
    result.messages.push({ lane: this.#index, sequence, ...message, ...cut });
    return true;
  }

  /** True if a big message's block may be reused by now, which needs its record to be taken. */
  #isReused(
    { position, record, reference }: RecordCopy,
    after: LaneRow,
    window: RingWindow,
  ): boolean {
    if (this.#kind.isBroadcast || position >= after.tail) return false;
    const end = this.#claimedEnd(window, after);
    window.invalidate();
    const { offset, length } = reference!;
    for (let at = position + record.bytes; at < end;) {
      const later = window.recordAt(at, window.bytesToEnd(at), true);
      if (later === undefined) return true;
      if (isReference(later)) {
        const other = window.reference(at, later, this.#prefixBytes(window, at, later));
        if (other === undefined) return true;
        const isDisjoint = other.offset >= offset + BLOCK_HEADER_BYTES + length ||
          other.offset + BLOCK_HEADER_BYTES + other.length <= offset;
        if (!isDisjoint) return true;
      }
      at += later.bytes;
    }
    return false;
  }

  /** What a record holds; undefined if its topic is damaged. */
  #message(
    { record, payload }: RecordCopy,
  ): Omit<ObservedMessage, "lane" | "sequence"> | undefined {
    const { flags } = record;
    if (this.#kind.isRequest) return { flags, ...requestOf(payload) };
    if ((flags & RECORD_TOPIC) === 0) return { flags, bytes: payload };
    const parts = readTopic(payload);
    if (parts === undefined) return undefined;
    const { topic, bytes } = parts;
    return { flags: flags & ~RECORD_TOPIC, topic, bytes: payload.subarray(bytes) };
  }

  /** Handles a corrupt record: it was overwritten meanwhile, or is damage, behind which the next one is searched for. */
  #handleCorrupt(after: LaneRow, result: ReadResult): boolean {
    const position = this.#position!;
    const latest = this.#readLane() ?? after;
    if (latest.tail > position) {
      this.#moveTo("tail");
    } else if (++this.#corruptReads < MAX_CORRUPT_READS) {
      return true;
    } else {
      const offset = latest.data + position % latest.capacity;
      this.#report(result, offset, `the record at position ${position} is corrupt`);
      this.#moveBehindDamage(position, latest);
    }
    this.#corruptReads = 0;
    this.#hasGap = true;
    return true;
  }

  #moveBehindDamage(position: number, lane: LaneRow): void {
    const window = new RingWindow(this.#source, lane);
    const record = window.recordAt(position, lane.head - position);
    const from = position + (record?.bytes ?? 8);
    const next = window.findRecord(from, lane.head, SEARCH_BYTES);
    if (next === lane.head || next === from + SEARCH_BYTES) this.#moveTo("head");
    else this.#position = next;
  }

  /** Moves to one end of the lane's records, and sets the number of the first message. */
  #moveTo(end: "head" | "tail"): void {
    const isFirst = this.#position === undefined;
    for (let attempt = 0; attempt < MAX_LANE_READS; attempt++) {
      const lane = this.#readLane();
      if (lane === undefined || laneProblem(lane, this.#kind, this.#source.size())) continue;
      this.#position = lane[end];
      const number = lane[end] === lane.head ? this.#countAt(lane) : this.#numberAt(lane);
      if (number === undefined) continue;
      if (isFirst) this.#sequence = number;
      return;
    }
    this.#position ??= 0;
  }

  /** Messages before a lane's head; undefined if the head has moved. */
  #countAt(lane: LaneRow): number | undefined {
    const window = new RingWindow(this.#source, lane);
    const record = lane.last < lane.head
      ? window.recordAt(lane.last, lane.head - lane.last)
      : undefined;
    const isNewest = record !== undefined && lane.last + record.bytes === lane.head;
    const latest = this.#readLane();
    if (latest?.head !== lane.head) return undefined;
    return isNewest ? extendLow32(latest.count, record.sequence + 1) : latest.count;
  }

  /** The number of the message at a lane's tail; undefined if the tail has moved. */
  #numberAt(lane: LaneRow): number | undefined {
    const window = new RingWindow(this.#source, lane);
    const record = window.oldest(lane);
    if (record === undefined || this.#readLane()?.tail !== lane.tail) return undefined;
    return extendLow32(lane.count, record.sequence);
  }
}

/** A request's payload, and who waits for the reply. */
function requestOf(
  payload: Uint8Array<ArrayBuffer>,
): Required<Pick<ObservedMessage, "bytes" | "request">> {
  const origin = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  const request = { requester: origin & 0xffff, slot: (origin >>> PREFIX_SLOT_SHIFT) & 0xff };
  return { bytes: payload.subarray(REQUEST_PREFIX_BYTES), request };
}
