/**
 * One generation of a journal: a file to which records are only added. A writer claims space for a
 * record and writes it there. Then it links the record to the last one with a single compare-and-swap,
 * which publishes the complete record to all members. No writer waits for another, and a writer that
 * dies leaves no partial record.
 *
 * @module
 */

import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import { crc32 } from "../base/crc32.ts";
import { FileMemory } from "../segment/file_memory.ts";
import type { JournalFiles } from "./files.ts";
import { bytesToLeave, type Purpose } from "./reserve.ts";
import { checkedWord, valueOfChecked } from "../segment/checksum.ts";
import * as layout from "../segment/journal_layout.ts";

/** Bytes of a new file; it grows by a quarter, within these limits. */
const NEW_BYTES = 256 * 1024;
const MIN_STEP_BYTES = 256 * 1024;
const MAX_STEP_BYTES = 16 * 1024 * 1024;
/** Largest size of a file, since offsets have 32 bits. The rest is reserved for the handoff record. */
const MAX_BYTES = 0xfffe_0000;
const HANDOFF_RESERVE_BYTES = 4096;
/** Payloads up to this size are copied into a buffer that is reused. */
const SCRATCH_BYTES = 64 * 1024;

/** The offset and the header of a record. */
export interface RecordRef {
  readonly offset: number;
  readonly index: number;
  readonly kind: number;
  readonly length: number;
  readonly sequence: number;
  /** Milliseconds of the Unix epoch. */
  readonly timeMs: number;
}

/** The number and the time of a record. */
export interface Stamp {
  readonly sequence: number;
  readonly timeMs: number;
}

/** One member's view of a generation, with a cursor. */
export class Generation {
  readonly id: number;
  readonly #file: FileMemory;
  readonly #journal: string;
  /** True if payloads have a check, which tells what the disk has after the end of the machine. */
  readonly #hasChecks: boolean;
  #bytes!: Uint8Array<ArrayBufferLike>;
  #words!: Int32Array;
  #words64!: BigInt64Array;
  #doubles!: Float64Array;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** The record that was read last. */
  #cursor: RecordRef;
  /** The last known record, at or behind the cursor. */
  #tail: RecordRef;
  /** End of the farthest record that was read: the end of the used space cannot be before. */
  #maxEnd = 0;
  #handoffOffset = 0;
  /** What this member knows of the time until which the records hold data, in seconds. */
  #heldUntil = 0;
  /** Falls when the disk is nearly full. */
  #maxStepBytes = MAX_STEP_BYTES;

  private constructor(file: FileMemory, id: number, journal: string, hasChecks: boolean) {
    this.#file = file;
    this.#hasChecks = hasChecks;
    this.id = id;
    this.#journal = journal;
    try {
      this.#updateViews();
      this.#checkHeader();
      this.#cursor = this.#tail = this.#readRecord(layout.FIRST_RECORD, 0);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Creates an empty generation; the next record is numbered after `last`.
   *
   * @param sparedBytes this many bytes are reserved behind its header, and the spare file is used for them
   */
  static create(
    files: JournalFiles,
    id: number,
    journal: string,
    last: Stamp,
    sparedBytes?: number,
  ): Generation {
    const file = FileMemory.open(
      files.nameOf(id),
      files.directory,
      sparedBytes === undefined ? NEW_BYTES : bytesFor(sparedBytes),
      (memory) => format(memory, id, last),
      sparedBytes === undefined ? undefined : files.sparePath,
    );
    const generation = new Generation(file, id, journal, files.isDurable);
    if (generation.peek() === undefined) return generation;
    generation.close();
    throw generation.#corruption(`its generation ${id} exists already`);
  }

  /** Opens a generation, its cursor before the first record; undefined if it was deleted. */
  static find(files: JournalFiles, id: number, journal: string): Generation | undefined {
    const file = FileMemory.find(files.nameOf(id), files.directory);
    return file && new Generation(file, id, journal, files.isDurable);
  }

  #checkHeader(): void {
    const word = (offset: number) => this.#words[offset >>> 2];
    if (this.#bytes.length < layout.FIRST_RECORD + layout.RECORD_BYTES) {
      throw this.#corruption("a generation is too short");
    }
    if (
      word(layout.GENERATION_MAGIC) !== layout.MAGIC_LOW ||
      word(layout.GENERATION_MAGIC + 4) !== layout.MAGIC_HIGH ||
      word(layout.GENERATION_VERSION) !== layout.VERSION ||
      word(layout.GENERATION_ID) !== this.id
    ) {
      throw this.#corruption("the header of a generation is invalid, or has another version");
    }
  }

  #corruption(what: string): ShmCorruptionError {
    return new ShmCorruptionError(
      `journal "${this.#journal}" is damaged: ${what}; some process wrote where it should not; ` +
        `close all members and delete the journal with removeStale()`,
    );
  }

  #updateViews(): void {
    const { buffer } = this.#file.wasmMemory;
    this.#bytes = new Uint8Array(buffer, 0, this.#file.mappedBytes);
    this.#words = new Int32Array(buffer);
    this.#words64 = new BigInt64Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Maps what other members have added; false if the file ends before `end`. */
  #tryMap(end: number): boolean {
    if (end <= this.#file.mappedBytes) return true;
    this.#file.remap();
    this.#updateViews();
    return end <= this.#file.mappedBytes;
  }

  #reserve(end: number): void {
    if (this.#tryMap(end)) return;
    const mapped = this.#file.mappedBytes;
    const step = Math.min(Math.max(mapped / 4, MIN_STEP_BYTES), MAX_STEP_BYTES, this.#maxStepBytes);
    try {
      this.#extend(Math.max(end, mapped + step));
      this.#maxStepBytes *= 2;
    } catch (error) {
      if (end > mapped + step || !(error instanceof ShmConnectionError)) throw error;
      // To reserve storage in vain takes time: it is first reserved, and then released.
      this.#maxStepBytes = step / 4;
      this.#reserve(end);
    }
  }

  #extend(end: number): void {
    const target = Math.min(roundUp(end, PAGE_BYTES), MAX_BYTES);
    this.#file.extend(target, target - this.#file.mappedBytes);
    this.#updateViews();
  }

  /** Reads and checks the record at an offset, which must have the given index. */
  #readRecord(offset: number, index: number): RecordRef {
    if (offset < layout.FIRST_RECORD || (offset & 7) !== 0) {
      throw this.#corruption(`record ${index} cannot begin at ${offset}`);
    }
    if (!this.#tryMap(offset + layout.RECORD_BYTES)) {
      throw this.#corruption(`record ${index} is outside the file`);
    }
    const length = this.#words[offset + layout.RECORD_LENGTH >>> 2] >>> 0;
    const end = offset + layout.recordBytes(length);
    if (!this.#tryMap(end)) throw this.#corruption(`record ${index} ends outside the file`);
    const isIntact = this.#words[offset + layout.RECORD_CHECKSUM >>> 2] ===
        layout.recordCheck(this.#words, offset) &&
      this.#words[offset + layout.RECORD_INDEX >>> 2] >>> 0 === index;
    if (!isIntact) throw this.#corruption(`record ${index} at ${offset} was overwritten`);
    this.#maxEnd = Math.max(this.#maxEnd, end);
    return {
      offset,
      index,
      kind: this.#words[offset + layout.RECORD_KIND >>> 2],
      length,
      sequence: this.#doubles[offset + layout.RECORD_SEQUENCE >>> 3],
      timeMs: this.#doubles[offset + layout.RECORD_TIME >>> 3],
    };
  }

  #nextRecord(record: RecordRef): RecordRef | undefined {
    const next = Atomics.load(this.#words, record.offset + layout.RECORD_NEXT >>> 2) >>> 0;
    return next === 0 ? undefined : this.#readRecord(next, record.index + 1);
  }

  /** The record that was read last. */
  get cursor(): RecordRef {
    return this.#cursor;
  }

  /** The record behind the cursor, if there is one. */
  peek(): RecordRef | undefined {
    return this.#nextRecord(this.#cursor);
  }

  /** Moves the cursor to the record that `peek` returned. */
  advance(record: RecordRef): void {
    this.#cursor = record;
    if (this.#tail.index < record.index) this.#tail = record;
  }

  /**
   * Ends this generation behind its last intact record. The machine has ended, and a disk may have the link
   * to a record without the record.
   */
  cut(): void {
    for (let last = this.#cursor;;) {
      const link = last.offset + layout.RECORD_NEXT >>> 2;
      const offset = Atomics.load(this.#words, link) >>> 0;
      const next = offset === 0 ? undefined : this.#intactRecord(offset, last.index + 1);
      if (next === undefined) {
        this.#raiseEnd(Math.max(this.#maxEnd, offset + layout.RECORD_BYTES));
        this.#raiseLastIndex(last.index);
        // Another member may have done the same, and then appended a record.
        if (offset !== 0) Atomics.compareExchange(this.#words, link, offset | 0, 0);
        return;
      }
      last = next;
    }
  }

  #intactRecord(offset: number, index: number): RecordRef | undefined {
    let record: RecordRef;
    try {
      record = this.#readRecord(offset, index);
    } catch (error) {
      if (!(error instanceof ShmCorruptionError)) throw error;
      return undefined;
    }
    const check = this.#words[offset + layout.RECORD_PAYLOAD_CHECK >>> 2];
    return check === 0 || check === checkOf(this.payload(record)) ? record : undefined;
  }

  /** No record may begin where a lost one began. */
  #raiseEnd(end: number): void {
    const word = layout.GENERATION_END >>> 2;
    const least = roundUp(end, 8);
    for (let found = Atomics.load(this.#words, word); found >>> 0 < least;) {
      const seen = Atomics.compareExchange(this.#words, word, found, least | 0);
      if (seen === found) return;
      found = seen;
    }
  }

  /** Moves the cursor to the end of the snapshot; later records were appended to it. */
  skipSnapshot(): void {
    const offset = this.#words[layout.GENERATION_SNAPSHOT_RECORD >>> 2] >>> 0;
    if (offset < layout.FIRST_RECORD || !this.#tryMap(offset + layout.RECORD_BYTES)) {
      throw this.#corruption(`its snapshot cannot end at ${offset}`);
    }
    this.advance(this.#readRecord(offset, this.#words[offset + layout.RECORD_INDEX >>> 2] >>> 0));
  }

  /** An index up to which all records are appended; there may be later ones. */
  get lastIndex(): number {
    return Atomics.load(this.#words, layout.GENERATION_LAST_INDEX >>> 2) >>> 0;
  }

  /** A record's payload, in a buffer that the next call may reuse. */
  payload(record: RecordRef): Uint8Array<ArrayBuffer> {
    const start = record.offset + layout.RECORD_BYTES;
    const target = record.length <= SCRATCH_BYTES
      ? this.#scratch.subarray(0, record.length)
      : new Uint8Array(record.length);
    target.set(this.#bytes.subarray(start, start + record.length));
    return target;
  }

  /** The id of the next generation, from the handoff record of this one. */
  successor(handoff: RecordRef): number {
    if (handoff.length !== 4) throw this.#corruption("its handoff record names no successor");
    return this.#words[handoff.offset + layout.RECORD_BYTES >>> 2] >>> 0;
  }

  /**
   * Claims space for a record; 0 if no offset is left for it. Records leave the space that is reserved
   * for others.
   *
   * @param removalBytes what the records take that remove all entries one by one
   * @throws {ShmConnectionError} if storage is exhausted
   */
  claim(length: number, purpose: Purpose, removalBytes: number): number {
    const word = layout.GENERATION_END >>> 2;
    const maxBytes = purpose === "handoff" ? MAX_BYTES : MAX_BYTES - HANDOFF_RESERVE_BYTES;
    while (true) {
      const end = Atomics.load(this.#words, word) >>> 0;
      if (end < this.#maxEnd || (end & 7) !== 0) {
        throw this.#corruption(`its end ${end} is invalid`);
      }
      const next = end + layout.recordBytes(length);
      if (next > maxBytes) return 0;
      this.#reserve(Math.min(next + bytesToLeave(purpose, length, removalBytes), MAX_BYTES));
      if (Atomics.compareExchange(this.#words, word, end | 0, next | 0) === (end | 0)) return end;
    }
  }

  /** True if the file must grow for data of this length, as far as this member knows. */
  mustGrow(length: number, removalBytes: number): boolean {
    const end = this.usedBytes + layout.recordBytes(length);
    return end + bytesToLeave("data", length, removalBytes) > this.#file.mappedBytes;
  }

  /** Writes a payload into claimed space. */
  fill(offset: number, payload: Uint8Array): void {
    this.#bytes.set(payload, offset + layout.RECORD_BYTES);
    this.#words[offset + layout.RECORD_NEXT >>> 2] = 0;
    this.#words[offset + layout.RECORD_LENGTH >>> 2] = payload.length;
    const check = this.#hasChecks ? checkOf(payload) : 0;
    this.#words[offset + layout.RECORD_PAYLOAD_CHECK >>> 2] = check;
  }

  /** Links a record behind the last one; undefined if the generation has a handoff record. */
  link(offset: number, kind: number, nowMs: number): RecordRef | undefined {
    while (true) {
      this.#followTail();
      const last = this.#tail;
      if (last.kind === layout.KIND_HANDOFF) return undefined;
      const stamp = { sequence: last.sequence + 1, timeMs: Math.max(nowMs, last.timeMs) };
      if (this.#linkAfter(last, offset, kind, stamp)) return this.#tail;
    }
  }

  #followTail(): void {
    for (let next = this.#nextRecord(this.#tail); next; next = this.#nextRecord(next)) {
      this.#tail = next;
    }
  }

  #linkAfter(last: RecordRef, offset: number, kind: number, stamp: Stamp): boolean {
    const index = last.index + 1;
    this.#words[offset + layout.RECORD_INDEX >>> 2] = index;
    this.#words[offset + layout.RECORD_KIND >>> 2] = kind;
    this.#doubles[offset + layout.RECORD_SEQUENCE >>> 3] = stamp.sequence;
    this.#doubles[offset + layout.RECORD_TIME >>> 3] = stamp.timeMs;
    this.#words[offset + layout.RECORD_CHECKSUM >>> 2] = layout.recordCheck(this.#words, offset);
    const next = last.offset + layout.RECORD_NEXT >>> 2;
    if (Atomics.compareExchange(this.#words, next, 0, offset | 0) !== 0) return false;
    this.#tail = this.#readRecord(offset, index);
    this.#raiseLastIndex(index);
    return true;
  }

  #raiseLastIndex(index: number): void {
    const word = layout.GENERATION_LAST_INDEX >>> 2;
    for (let seen = Atomics.load(this.#words, word); seen >>> 0 < index;) {
      const found = Atomics.compareExchange(this.#words, word, seen, index | 0);
      if (found === seen) return;
      seen = found;
    }
  }

  /**
   * Adds a record with a given number to a generation that no other member knows yet, and moves the
   * cursor to it.
   */
  write(payload: Uint8Array, kind: number, stamp: Stamp, removalBytes: number): void {
    const offset = this.claim(payload.length, "data", removalBytes);
    if (offset === 0) {
      throw new ShmConnectionError(
        `cannot write a snapshot of journal "${this.#journal}": a generation ends at 4 GiB`,
      );
    }
    this.fill(offset, payload);
    this.#linkAfter(this.#tail, offset, kind, stamp);
    this.#cursor = this.#tail;
  }

  /**
   * Announces a record that holds data until a time. What is raised once stays: a process that finds the
   * journal deserted deletes it when that time has passed.
   */
  hold(untilMs: number): void {
    const seconds = secondsUntil(untilMs);
    if (seconds <= this.#heldUntil) return;
    const at = layout.GENERATION_HELD_UNTIL >>> 3;
    while (true) {
      const word = Atomics.load(this.#words64, at);
      const found = valueOfChecked(word);
      // A word that was overwritten stays: nobody knows any more what the records hold.
      this.#heldUntil = found ?? layout.HELD_FOR_EVER;
      if (seconds <= this.#heldUntil) return;
      Atomics.compareExchange(this.#words64, at, word, checkedWord(seconds));
    }
  }

  /** Announces what the records of another generation hold. */
  holdAsIn(other: Generation): void {
    const word = Atomics.load(other.#words64, layout.GENERATION_HELD_UNTIL >>> 3);
    const seconds = valueOfChecked(word) ?? layout.HELD_FOR_EVER;
    this.hold(seconds === layout.HELD_FOR_EVER ? Infinity : seconds * 1000);
  }

  /** Marks a record after which the state was empty, unless the records hold nothing anyway. */
  markEmptyAfter({ offset }: RecordRef): void {
    if (this.#words[layout.GENERATION_HELD_UNTIL >>> 2] === 0) return;
    Atomics.store(this.#words64, layout.GENERATION_EMPTY_AFTER >>> 3, checkedWord(offset));
  }

  /** Marks all records so far as the snapshot. */
  endSnapshot(): void {
    this.#words[layout.GENERATION_SNAPSHOT_END >>> 2] = this.usedBytes;
    this.#words[layout.GENERATION_SNAPSHOT_RECORD >>> 2] = this.#tail.offset;
  }

  /** Ends this generation at the cursor; false if there is a record behind it. */
  handOff(successor: number): boolean {
    this.#handoffOffset ||= this.claim(4, "handoff", 0);
    if (this.#handoffOffset === 0) {
      throw this.#corruption("no space is left for its handoff record");
    }
    this.fill(this.#handoffOffset, new Uint8Array(Uint32Array.of(successor).buffer));
    const { cursor } = this;
    return this.#linkAfter(cursor, this.#handoffOffset, layout.KIND_HANDOFF, cursor);
  }

  /** Used bytes of the file, with those that dead writers have claimed. */
  get usedBytes(): number {
    return Atomics.load(this.#words, layout.GENERATION_END >>> 2) >>> 0;
  }

  /** Used bytes when the snapshot was complete. */
  get snapshotBytes(): number {
    return this.#words[layout.GENERATION_SNAPSHOT_END >>> 2] >>> 0;
  }

  /** Makes a member the compactor of this generation; false if there is one already. */
  claimCompaction(member: number): boolean {
    const word = layout.GENERATION_COMPACTOR >>> 2;
    return Atomics.compareExchange(this.#words, word, 0, member + 1) === 0;
  }

  /** Closes the file, which stays. */
  close(): void {
    this.#file.close();
  }
}

/** Writes the header and record 0 into a file that may have been used before. */
function format(memory: WebAssembly.Memory, id: number, last: Stamp): void {
  const words = new Int32Array(memory.buffer);
  const doubles = new Float64Array(memory.buffer);
  words.fill(0, 0, (layout.FIRST_RECORD + layout.RECORD_BYTES) >>> 2);
  words[layout.GENERATION_VERSION >>> 2] = layout.VERSION;
  words[layout.GENERATION_ID >>> 2] = id;
  words[layout.GENERATION_END >>> 2] = layout.FIRST_RECORD + layout.RECORD_BYTES;
  words[layout.GENERATION_SNAPSHOT_RECORD >>> 2] = layout.FIRST_RECORD;
  words[layout.FIRST_RECORD + layout.RECORD_KIND >>> 2] = layout.KIND_SNAPSHOT_END;
  doubles[layout.FIRST_RECORD + layout.RECORD_SEQUENCE >>> 3] = last.sequence;
  doubles[layout.FIRST_RECORD + layout.RECORD_TIME >>> 3] = last.timeMs;
  words[layout.FIRST_RECORD + layout.RECORD_CHECKSUM >>> 2] = layout.recordCheck(
    words,
    layout.FIRST_RECORD,
  );
  new BigInt64Array(memory.buffer)[layout.GENERATION_HELD_UNTIL >>> 3] = checkedWord(0);
  words[layout.GENERATION_MAGIC >>> 2] = layout.MAGIC_LOW;
  words[(layout.GENERATION_MAGIC >>> 2) + 1] = layout.MAGIC_HIGH;
}

/** The check of a payload, which is never 0. */
function checkOf(payload: Uint8Array): number {
  return (crc32(payload) | 0) || 1;
}

/** Size of a file with this many bytes behind its header. */
function bytesFor(bytes: number): number {
  const end = layout.FIRST_RECORD + layout.RECORD_BYTES + bytes;
  return Math.max(NEW_BYTES, roundUp(end, PAGE_BYTES));
}

/** The second at which a time has passed, of a clock that may be a little behind that of the writer. */
function secondsUntil(untilMs: number): number {
  if (untilMs <= 0) return 0;
  return Math.min(Math.ceil(untilMs / 1000) + 1, layout.HELD_FOR_EVER);
}
