/**
 * What a lane holds, record by record, also where it is damaged: behind a record that is not whole the
 * next one is searched for, since every record's check tells its position.
 *
 * @module
 */

import type { Issue } from "./issue.ts";
import { laneProblem } from "./lane.ts";
import { extendLow32, type RecordHeader } from "./record.ts";
import { isBlockOf, isReference, readBlock, type Reference, RingWindow } from "./ring.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type Geometry, type LaneRow, readLane } from "../segment/tables.ts";
import { REQUEST_PREFIX_BYTES } from "../../wasm/layout.ts";

/** A record in a lane's ring. */
export interface RecordReport {
  readonly lane: number;
  /** Where it lies in the file. */
  readonly offset: number;
  readonly position: number;
  /** The message's number on its lane. */
  readonly sequence: number;
  readonly flags: number;
  /** Bytes of the message. */
  readonly length: number;
  /**
   * `"committed"` and there to be received, or `"unfinished"`: its sender had not sent it, and if it is
   * dead never will.
   */
  readonly state: "committed" | "unfinished";
  /** The message, unless it is damaged, longer than what is read at most, or unfinished. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** What was found on lanes. */
export interface SalvageResult {
  readonly records: RecordReport[];
  /** Committed records, those that were not listed included. */
  committed: number;
  /** Records that were begun and not committed. */
  unfinished: number;
  /** True if there is more than is looked at in one go. */
  isCut: boolean;
  readonly findings: Issue[];
}

/** Bounds of the work, over all lanes of a segment. */
export interface SalvageLimits {
  /** Records that are listed. */
  readonly records: number;
  /** Longest message whose bytes are read. */
  readonly messageBytes: number;
}

/** Bytes that are searched at most for the next record behind damage, over all lanes. */
const SEARCH_BYTES = 64 * 1024 * 1024;
/** Records, padding included, that are looked at in one go: some seconds' work. */
const MAX_RECORDS = 16 * 1024 * 1024;
/** Findings that are told at most. */
const MAX_ISSUES = 1000;

/** Looks through the lanes of one segment. */
export class LaneSalvager {
  readonly result: SalvageResult = {
    records: [],
    committed: 0,
    unfinished: 0,
    isCut: false,
    findings: [],
  };
  readonly #source: ByteSource;
  readonly #geometry: Geometry;
  readonly #skip: number;
  readonly #limits: SalvageLimits;
  #searchBytes = SEARCH_BYTES;
  #recordsLeft = MAX_RECORDS;

  constructor(
    source: ByteSource,
    geometry: Geometry,
    isRequest: boolean,
    limits: SalvageLimits,
  ) {
    this.#source = source;
    this.#geometry = geometry;
    this.#skip = isRequest ? REQUEST_PREFIX_BYTES : 0;
    this.#limits = limits;
  }

  /** Goes through a lane from its tail to its head, and on to what was never finished. */
  salvage(index: number): void {
    const lane = readLane(this.#source, this.#geometry, index);
    if (lane === undefined || lane.data === 0) return;
    if (laneProblem(lane, this.#geometry, this.#source.size()) !== undefined) return;
    const window = new RingWindow(this.#source, lane, this.#geometry.capacity);
    let position = lane.tail;
    while (position < lane.head) {
      if (--this.#recordsLeft < 0) {
        this.result.isCut = true;
        return;
      }
      const record = window.recordAt(position, lane.head - position);
      if (record === undefined) {
        position = this.#skipDamage(lane, window, position);
        continue;
      }
      this.#addRecord(lane, window, position, record, "committed");
      position += record.bytes;
    }
    this.#addUnfinished(lane, window);
  }

  /** The position of the next whole record, or the head. */
  #skipDamage(lane: LaneRow, window: RingWindow, from: number): number {
    let position = from + 8;
    while (position < lane.head && this.#searchBytes > 0) {
      const record = window.recordAt(position, lane.head - position);
      if (record !== undefined && !(record.isPadding && record.bytes === 8)) break;
      position += 8;
      this.#searchBytes -= 8;
    }
    if (this.#isTaken(lane, from)) return lane.head;
    const further = `${position - from} bytes further`;
    const isGivenUp = this.#searchBytes <= 0;
    const rest = isGivenUp
      ? `none was found ${further}, where the search was given up`
      : position < lane.head
      ? `the next whole one is ${further}`
      : `none is whole up to the head, ${further}`;
    this.#report(
      lane,
      window.offsetOf(from),
      `the record at position ${from} is not whole; ${rest}`,
    );
    this.result.isCut ||= isGivenUp;
    return isGivenUp ? lane.head : position;
  }

  /** On a live channel what we look at goes away. */
  #isTaken(lane: LaneRow, position: number): boolean {
    return (readLane(this.#source, this.#geometry, lane.index)?.tail ?? 0) > position;
  }

  #report({ index }: LaneRow, offset: number, problem: string): void {
    const { findings } = this.result;
    if (findings.length < MAX_ISSUES) findings.push({ offset, part: `lane ${index}`, problem });
  }

  /** What was claimed and not committed lies behind the head, one record behind the other. */
  #addUnfinished(lane: LaneRow, window: RingWindow): void {
    const { capacity } = this.#geometry;
    for (let position = lane.head; position < lane.tail + capacity && this.#recordsLeft-- > 0;) {
      const record = window.recordAt(position, window.bytesToEnd(position), true);
      if (record === undefined || record.isPadding && record.bytes === 8) return;
      this.#addRecord(lane, window, position, record, "unfinished");
      position += record.bytes;
    }
  }

  #addRecord(
    lane: LaneRow,
    window: RingWindow,
    position: number,
    record: RecordHeader,
    state: RecordReport["state"],
  ): void {
    if (record.isPadding) return;
    this.result[state]++;
    const reference = isReference(record)
      ? window.reference(position, record, this.#skip)
      : undefined;
    const length = Math.max(0, reference?.length ?? record.length - this.#skip);
    const isPresent = state === "unfinished" ||
      this.#isPresent(lane, window, position, record, reference);
    const { records, messageBytes } = this.#limits;
    if (this.result.records.length >= records) return;
    const isRead = state === "committed" && isPresent && length <= messageBytes;
    this.result.records.push({
      lane: lane.index,
      offset: window.offsetOf(position),
      position,
      sequence: extendLow32(lane.count, record.sequence),
      flags: record.flags,
      length,
      state,
      bytes: isRead ? this.#bytesOf(window, position, length, reference) : undefined,
    });
  }

  /** False, and told, if a message does not lie where its record says. */
  #isPresent(
    lane: LaneRow,
    window: RingWindow,
    position: number,
    record: RecordHeader,
    reference: Reference | undefined,
  ): boolean {
    const isPresent = isReference(record)
      ? reference !== undefined && isBlockOf(this.#source, position, reference)
      : record.length >= this.#skip;
    if (!isPresent && !this.#isTaken(lane, position)) {
      const problem = `the message of the record at position ${position} is not where it says`;
      this.#report(lane, window.offsetOf(position), problem);
    }
    return isPresent;
  }

  #bytesOf(
    window: RingWindow,
    position: number,
    length: number,
    reference: Reference | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    return reference === undefined
      ? window.payload(position, this.#skip, length)
      : readBlock(this.#source, position, reference);
  }
}
