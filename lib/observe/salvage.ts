/**
 * Lists the records of a lane, also of a damaged one. Behind a corrupt record it searches for the next
 * intact one, which it can find because the check of a record covers its position.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { Issue } from "./issue.ts";
import { laneProblem } from "./lane.ts";
import { extendLow32, type RecordHeader } from "../segment/record.ts";
import {
  isBlockOf,
  isReference,
  readBlock,
  type Reference,
  RingWindow,
  SEARCH_BYTES,
} from "./ring.ts";
import { readTopic } from "../channel/topics.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type Geometry, type LaneRow, readLane } from "../segment/tables.ts";
import { RECORD_TOPIC, REQUEST_PREFIX_BYTES } from "../../wasm/layout.ts";

/** A record in a lane's ring. */
export interface RecordReport {
  readonly lane: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly position: number;
  /** The message's number on its lane. */
  readonly sequence: number;
  readonly flags: number;
  /** The topic that it was sent with. */
  readonly topic?: string | undefined;
  /** Bytes of the message, without its topic. */
  readonly length: number;
  /** `"committed"`: it can be received. `"unfinished"`: its sender has claimed it and not sent it. */
  readonly state: "committed" | "unfinished";
  /** The message, unless it is damaged, unfinished, or longer than `messageBytes`. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** The records of lanes. */
export interface SalvageResult {
  readonly records: RecordReport[];
  /** Number of committed records, listed or not. */
  committed: number;
  /** Number of records that were claimed and not committed. */
  unfinished: number;
  /** True if a limit ended the search. */
  isCut: boolean;
  readonly issues: Issue[];
}

/** What lies before a message: a request's origin, or a topic. */
interface Prefix {
  readonly bytes: number;
  readonly topic?: string | undefined;
  readonly isIntact: boolean;
}

/** Bounds of the work, over all lanes of a segment. */
export interface SalvageLimits {
  /** Most records that are listed. */
  readonly records: number;
  /** Longest message whose bytes are read. */
  readonly messageBytes: number;
}

/** Most records that are read, padding included: some seconds of work. */
const MAX_RECORDS = 16 * 1024 * 1024;
/** Most issues that are reported. */
const MAX_ISSUES = 1000;

/** Lists the records of one segment's lanes. */
export class LaneSalvager {
  readonly result: SalvageResult = {
    records: [],
    committed: 0,
    unfinished: 0,
    isCut: false,
    issues: [],
  };
  readonly #source: ByteSource;
  readonly #geometry: Geometry;
  readonly #skip: number;
  readonly #limits: SalvageLimits;
  /** Bytes that may be searched for intact records, over all lanes. */
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

  /** Lists a lane's records from its tail to its head, and the unfinished ones behind. */
  salvage(index: number): void {
    const lane = readLane(this.#source, this.#geometry, index);
    if (lane === undefined || lane.data === 0) return;
    if (laneProblem(lane, this.#geometry, this.#source.size()) !== undefined) return;
    const window = new RingWindow(this.#source, lane);
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

  /** The position of the next intact record, or the head. */
  #skipDamage(lane: LaneRow, window: RingWindow, from: number): number {
    const position = window.findRecord(from + 8, lane.head, this.#searchBytes);
    this.#searchBytes -= position - from - 8;
    if (this.#isTaken(lane, from)) return lane.head;
    const further = `${pluralize(position - from, "byte")} further`;
    const isStopped = this.#searchBytes <= 0;
    const rest = isStopped
      ? `no intact one was found in ${pluralize(position - from, "byte")}, where the search ended`
      : position < lane.head
      ? `the next intact one is ${further}`
      : `none is intact up to the head, ${further}`;
    this.#report(
      lane,
      window.offsetOf(from),
      `the record at position ${from} is corrupt; ${rest}`,
    );
    this.result.isCut ||= isStopped;
    return isStopped ? lane.head : position;
  }

  /** True if a receiver has taken the record meanwhile, on a live channel. */
  #isTaken(lane: LaneRow, position: number): boolean {
    return (readLane(this.#source, this.#geometry, lane.index)?.tail ?? 0) > position;
  }

  #report({ index }: LaneRow, offset: number, problem: string): void {
    const { issues } = this.result;
    if (issues.length < MAX_ISSUES) issues.push({ offset, part: `lane ${index}`, problem });
  }

  /** Claimed records that are not committed lie behind the head, one behind the other. */
  #addUnfinished(lane: LaneRow, window: RingWindow): void {
    for (
      let position = lane.head;
      position < lane.tail + lane.capacity && this.#recordsLeft-- > 0;
    ) {
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
    const prefix = this.#prefixOf(window, position, record);
    const reference = isReference(record)
      ? window.reference(position, record, prefix.bytes)
      : undefined;
    const length = Math.max(0, reference?.length ?? record.length - prefix.bytes);
    const isPresent = state === "unfinished" ||
      this.#isPresent(lane, window, position, record, prefix, reference);
    const { records, messageBytes } = this.#limits;
    if (this.result.records.length >= records) return;
    const isRead = state === "committed" && isPresent && length <= messageBytes;
    this.result.records.push({
      lane: lane.index,
      offset: window.offsetOf(position),
      position,
      sequence: extendLow32(lane.count, record.sequence),
      flags: record.flags & ~RECORD_TOPIC,
      topic: state === "committed" ? prefix.topic : undefined,
      length,
      state,
      bytes: isRead ? this.#bytesOf(window, position, prefix.bytes, length, reference) : undefined,
    });
  }

  /** What lies before a message or its reference. */
  #prefixOf(window: RingWindow, position: number, record: RecordHeader): Prefix {
    const topicBytes = Math.min(window.topicBytes(position, record, this.#skip), record.length);
    const bytes = this.#skip + topicBytes;
    if (topicBytes === 0) return { bytes, isIntact: record.length >= bytes };
    const topic = readTopic(window.payload(position, this.#skip, topicBytes))?.topic;
    return { bytes, topic, isIntact: topic !== undefined };
  }

  /** False, with a report, if a message is not where its record refers to. */
  #isPresent(
    lane: LaneRow,
    window: RingWindow,
    position: number,
    record: RecordHeader,
    prefix: Prefix,
    reference: Reference | undefined,
  ): boolean {
    const isThere = !isReference(record) ||
      reference !== undefined && isBlockOf(this.#source, position, reference);
    const isPresent = prefix.isIntact && isThere;
    if (!isPresent && !this.#isTaken(lane, position)) {
      const problem = prefix.isIntact
        ? `the message of the record at position ${position} is not where it refers to`
        : `what precedes the message of the record at position ${position} is damaged`;
      this.#report(lane, window.offsetOf(position), problem);
    }
    return isPresent;
  }

  #bytesOf(
    window: RingWindow,
    position: number,
    skip: number,
    length: number,
    reference: Reference | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    return reference === undefined
      ? window.payload(position, skip, length)
      : readBlock(this.#source, position, reference);
  }
}
