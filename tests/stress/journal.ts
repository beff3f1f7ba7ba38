/**
 * The journal of one process, in a file that is mapped into memory, so that it survives the process. An
 * operation is recorded before it begins and again when it has ended: at most one operation of a killed
 * process is in doubt. The file also has the orders to the process.
 *
 * ```text
 * 0     order, acknowledged order, entries, limit of the receive in flight, ...
 * 128   counters of the failpoints
 * 1024  entries of 32 bytes: kind and deliveries (16 bits each), stream, a, b, begin (f64),
 *       end (f64; 0 while it is in flight)
 * ```
 *
 * @module
 */

import { platform } from "../../lib/platform/mod.ts";
import { now } from "./clock.ts";

const PAGE_BYTES = 65536;
const JOURNAL_BYTES = 32 * 1024 * 1024;
const HEADER_BYTES = 1024;
const ENTRY_BYTES = 32;
/** Most entries of a journal. */
export const MAX_ENTRIES = (JOURNAL_BYTES - HEADER_BYTES) / ENTRY_BYTES;

// Words of the header.
const ORDER = 0;
const ACKNOWLEDGED = 1;
const LENGTH = 2;
const LIMIT = 3;
const LIMIT_FROM = 4;
const IS_ATTACHING = 5;
const OPEN_STREAM = 6;
const IS_WORKING = 7;
// Doubles of the header.
const RECEIVE_BEGAN = 8;
const MISSED = 9;
// Words again.
const ARMED = 24;
const PASSES_LEFT = 25;
const PAUSED_AT = 26;
const PASSES = 32;
/** Failpoints that a journal counts. */
const MAX_POINTS = HEADER_BYTES / 4 - PASSES;

/** Order: work. */
export const RUN = 0;
/** Order: close everything and exit. */
export const END = -1;

/** Kinds of entries. */
export const OPENED = 1;
/** `a`: missed messages. */
export const CLOSED = 2;
/** `a`: first sequence; `b`: number of messages, and of accepted messages at the end. */
export const SENT = 3;
/** `a`: stream of the sender; `b`: sequence; and the number of deliveries, if it is known. */
export const RECEIVED = 4;
/** `a`: sequence; `b`: outcome. */
export const REQUESTED = 5;
/** `a`: stream of the requester; `b`: sequence. */
export const HANDLED = 6;
/** `a`: stream of the sender; `b`: sequence. */
export const DONE = 7;
/** Returned; `a`: stream of the sender; `b`: sequence. */
export const RETURNED = 8;

/** One entry. */
export interface Entry {
  kind: number;
  /** Number of deliveries, as the receiver reports it; 0 if it does not. */
  deliveries: number;
  stream: number;
  a: number;
  b: number;
  begin: number;
  /** 0 for an operation in flight. */
  end: number;
}

/** A receive that was in flight. */
export interface InFlight {
  /** Most messages that it may have taken. */
  limit: number;
  /** Its start. */
  began: number;
}

/** One process's journal. */
export class Journal implements Disposable {
  readonly path: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  private constructor(path: string, fd: number) {
    this.path = path;
    const pages = JOURNAL_BYTES / PAGE_BYTES;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const buffer = memory.buffer as unknown as ArrayBuffer;
    this.#bytes = new Uint8Array(buffer);
    platform().map(this.#bytes, fd, 0);
    platform().close(fd);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  static create(path: string): Journal {
    const fd = platform().create(path);
    platform().reserve(fd, 0, JOURNAL_BYTES);
    return new Journal(path, fd);
  }

  static open(path: string): Journal {
    return new Journal(path, platform().open(path));
  }

  get order(): number {
    return Atomics.load(this.#words, ORDER);
  }

  set order(order: number) {
    Atomics.store(this.#words, ORDER, order);
  }

  /** The last order that the process has executed. */
  get acknowledged(): number {
    return Atomics.load(this.#words, ACKNOWLEDGED);
  }

  set acknowledged(order: number) {
    Atomics.store(this.#words, ACKNOWLEDGED, order);
  }

  /** True from just before the process attaches. */
  get isAttaching(): boolean {
    return Atomics.load(this.#words, IS_ATTACHING) === 1;
  }

  /** True once the process has sent or received something. */
  get isWorking(): boolean {
    return Atomics.load(this.#words, IS_WORKING) === 1;
  }

  /** The stream of the open socket, -1 if there is none. */
  get openStream(): number {
    return Atomics.load(this.#words, OPEN_STREAM) - 1;
  }

  /** Records that a socket is about to open. Returns the entry to finish when it is open. */
  beginOpening(stream: number): number {
    this.#doubles[MISSED] = 0;
    Atomics.store(this.#words, OPEN_STREAM, stream + 1);
    Atomics.store(this.#words, IS_ATTACHING, 1);
    return this.add(OPENED, stream, 0, 0, now(), 0);
  }

  /** Records that a socket is about to close. Returns the entry to finish when it is closed. */
  beginClosing(stream: number, missed: number): number {
    const entry = this.add(CLOSED, stream, missed, 0, now(), 0);
    Atomics.store(this.#words, OPEN_STREAM, 0);
    return entry;
  }

  /** Makes the process stop at the `nth` next pass of a failpoint. */
  arm(point: number, nth: number): void {
    Atomics.store(this.#words, PASSES_LEFT, nth);
    Atomics.store(this.#words, ARMED, point + 1);
  }

  /**
   * Lets the process pass all failpoints, and resumes it if it is stopped at one. It may be about to stop:
   * once it has told so, it looks whether it is still to stop.
   */
  release(): void {
    Atomics.store(this.#words, ARMED, 0);
    this.pausedAt = -1;
  }

  /** True until the process is released from the failpoint at which it has stopped. */
  isHeldAt(point: number): boolean {
    return Atomics.load(this.#words, ARMED) === point + 1 && this.pausedAt === point;
  }

  /** Counts a pass of a failpoint. True if the process has to stop there. */
  pass(point: number): boolean {
    if (point >= MAX_POINTS) {
      throw new RangeError(`the journal has no counter of failpoint ${point}`);
    }
    Atomics.add(this.#words, PASSES + point, 1);
    if (Atomics.load(this.#words, ARMED) !== point + 1) return false;
    return Atomics.sub(this.#words, PASSES_LEFT, 1) === 1;
  }

  /** Number of passes of a failpoint. */
  passesOf(point: number): number {
    return Atomics.load(this.#words, PASSES + point);
  }

  /** The failpoint at which the process is stopped, -1 if at none. */
  get pausedAt(): number {
    return Atomics.load(this.#words, PAUSED_AT) - 1;
  }

  set pausedAt(point: number) {
    Atomics.store(this.#words, PAUSED_AT, point + 1);
  }

  get length(): number {
    return Atomics.load(this.#words, LENGTH);
  }

  /** Messages that the open subscriber has missed. */
  get missed(): number {
    return this.#doubles[MISSED];
  }

  set missed(messages: number) {
    this.#doubles[MISSED] = messages;
  }

  /** Writes an entry, and returns its number. */
  add(
    kind: number,
    stream: number,
    a: number,
    b: number,
    begin: number,
    end: number,
    deliveries = 0,
  ): number {
    const index = this.#words[LENGTH];
    if (kind !== OPENED) this.#words[IS_WORKING] = 1;
    if (index >= MAX_ENTRIES) throw new Error(`the journal ${this.path} is full`);
    const word = (HEADER_BYTES + index * ENTRY_BYTES) / 4;
    this.#words[word] = kind | (deliveries << 16);
    this.#words[word + 1] = stream;
    this.#words[word + 2] = a;
    this.#words[word + 3] = b;
    this.#doubles[word / 2 + 2] = begin;
    this.#doubles[word / 2 + 3] = end;
    Atomics.store(this.#words, LENGTH, index + 1);
    return index;
  }

  /** Records the result of an entry's operation. */
  finish(index: number, b: number): void {
    const word = (HEADER_BYTES + index * ENTRY_BYTES) / 4;
    Atomics.store(this.#words, word + 3, b);
    this.#doubles[word / 2 + 3] = now();
  }

  /** Records that up to `limit` messages are about to be taken. */
  beginReceive(limit: number): number {
    const began = now();
    this.#doubles[RECEIVE_BEGAN] = began;
    Atomics.store(this.#words, LIMIT_FROM, this.#words[LENGTH]);
    Atomics.store(this.#words, LIMIT, limit);
    return began;
  }

  /** Records that all messages that were taken have entries. */
  endReceive(): void {
    Atomics.store(this.#words, LIMIT, 0);
  }

  /** The receive that was in flight when the process died. */
  get inFlight(): InFlight {
    const written = this.length - Atomics.load(this.#words, LIMIT_FROM);
    const limit = Atomics.load(this.#words, LIMIT);
    return { limit: Math.max(0, limit - written), began: this.#doubles[RECEIVE_BEGAN] };
  }

  /** All entries. */
  read(): Entry[] {
    return Array.from({ length: this.length }, (_, index) => this.#entry(index));
  }

  #entry(index: number): Entry {
    const word = (HEADER_BYTES + index * ENTRY_BYTES) / 4;
    const [first, stream, a, b] = this.#words.subarray(word, word + 4);
    const [begin, end] = this.#doubles.subarray(word / 2 + 2, word / 2 + 4);
    return { kind: first & 0xffff, deliveries: first >>> 16, stream, a, b, begin, end };
  }

  /** Deletes all entries, while the process rests. */
  clear(): void {
    Atomics.store(this.#words, LENGTH, 0);
  }

  [Symbol.dispose](): void {
    platform().unmap(this.#bytes);
  }
}
