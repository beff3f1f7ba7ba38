/**
 * The receiving half of a socket: finding the next message, copying it out, taking it, and waiting.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { Batch } from "./batch.ts";
import { BufferWords, copyWords, WORDWISE_BYTES } from "./copy.ts";
import { ShmSerializationError, ShmTimeoutError } from "../base/errors.ts";
import type { Incoming } from "./receiver_api.ts";
import { noteMessage, notePoll } from "../presence/exit_hooks.ts";
import { trace, tracing } from "../base/log.ts";
import { MAX_NOTE_BYTES, Noted, noteRoom } from "./headers.ts";
import { checkTimeout, show, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import { Patience } from "./fairness.ts";
import type { SocketStatistics } from "../sockets/socket.ts";
import { readTensor } from "../codecs/tensor.ts";
import { AsyncWaits, type Waiter, waitSync } from "./wait.ts";
import {
  BLOCK_HEADER_BYTES,
  CURSOR_BYTES,
  LEASE_SLOT_BUFFER,
  LEASE_SLOT_FLAGS,
  LEASE_SLOT_LENGTH,
  MAX_LANES,
  NEXT_CHECK_OWNERS,
  NEXT_CORRUPT,
  NEXT_DEFER,
  NEXT_EMPTY,
  NEXT_RETURNED,
  NEXT_UNMAPPED,
  PARTICIPANT_SERVICE_COUNT,
  POLL_ANY,
  POLL_FAIR,
  POLL_SPIN,
  RECORD_BLOCK,
  RECORD_HEADERS,
  RECORD_TENSOR,
  REQUEST_PREFIX_BYTES,
  TAKEN,
  TAKEN_REDELIVERED,
  TAKEN_SENDER_WAITING,
  TAKEN_UNPUBLISHED,
  WAITERS_RECEIVERS,
  WAITERS_SENDERS,
} from "../../wasm/layout.ts";

/** Codes of `next` are the largest 32-bit numbers. */
const CODES = NEXT_CHECK_OWNERS >>> 0;
const CORRUPT = NEXT_CORRUPT >>> 0;
const UNMAPPED = NEXT_UNMAPPED >>> 0;
const DEFER = NEXT_DEFER >>> 0;
const RETURNED = NEXT_RETURNED >>> 0;
const LOOK = NEXT_CHECK_OWNERS >>> 0;
const EMPTY = NEXT_EMPTY;

/** Milliseconds between two looks at whether those live who hold messages. */
const HOLDER_CHECK_MS = 50;

/** Place of a message that cannot be where its record says. */
const NOWHERE = -1;

/** Flags of messages that are more than bytes in the ring. */
const NOT_PLAIN = RECORD_BLOCK | RECORD_HEADERS;
/** Flags of messages that are more than what the codec wrote. */
const NOT_CODEC_ALONE = RECORD_TENSOR | RECORD_HEADERS;

const noteDecoder = new TextDecoder();

/** A message read in place. */
export interface MessageView extends Disposable {
  /** The message's bytes, in shared memory, valid until the view is disposed. */
  readonly bytes: Uint8Array<ArrayBufferLike>;
  /** False once a publisher has overwritten the bytes; always true on a queue. */
  readonly intact: boolean;
}

/** Which request a reply is for. */
export interface Ticket {
  requester: number;
  slot: number;
  generation: number;
  /** Which owner of its place among the participants the requester is. */
  owner: number;
}

/** A message that was copied out and is still to be decoded. */
export interface Taken {
  bytes: Uint8Array;
  flags: number;
  /** What was noted on it, if the flags say so. */
  note?: string;
}

/** Where a message lies that is still to be taken. */
export interface Found {
  at: number;
  length: number;
  /** The record's size word, as it was read. */
  size: number;
  flags: number;
}

/** What is received on a channel. */
export class Inbox<T> implements Incoming<T>, Waiter {
  readonly attachment: Attachment;
  readonly side = WAITERS_RECEIVERS;
  readonly #counts: SocketStatistics;
  readonly #isRaw: boolean;
  readonly #takesTurns: boolean;
  #takesBatches: boolean;
  readonly #isRequest: boolean;
  readonly #waits: AsyncWaits;
  #at = 0;
  /** The record's size word; `take` checks that it and the flags are what `next` checked. */
  #size = 0;
  #length = 0;
  #flags = 0;
  /** Where the block lies, if the flags say so. */
  #blockAt = 0;
  #blockLength = 0;
  /** What is noted on the message, if the flags say so, and the bytes that it takes. */
  #note = "";
  #noteBytes = 0;
  #handsOutNotes = false;
  /** Requests: requester and slot in one word, and the generation. */
  #origin = 0;
  #generation = 0;
  #scratch = new Uint8Array(1024);
  #scratchWords = new Int32Array(this.#scratch.buffer);
  readonly #target = new BufferWords();
  #hasUntold = false;
  readonly #undecoded: Taken[] = [];
  readonly #batch = new Batch();
  #hasView = false;
  #isDeferring = false;
  readonly #patience = new Patience();
  readonly #tryTurn = () => this.tryReceive(POLL_FAIR);
  readonly #trySpin = () => this.tryReceive(POLL_SPIN);
  #into: Uint8Array = new Uint8Array(0);
  readonly #trySpinInto = () => {
    const length = this.tryReceiveInto(this.#into, POLL_SPIN);
    return length < 0 ? undefined : length;
  };
  readonly #tellTail = () => {
    this.#hasUntold = false;
    if (!this.attachment.isClosed) this.attachment.ring.flushTail();
  };

  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    takesBatches: boolean = attachment.kind !== "broadcast",
  ) {
    this.attachment = attachment;
    this.#counts = counts;
    this.#isRaw = attachment.codec.id === "raw";
    this.#takesTurns = attachment.kind !== "broadcast";
    this.#takesBatches = takesBatches;
    this.#isRequest = attachment.kind === "request";
    this.#waits = new AsyncWaits(this);
    const cursors = this.#takesTurns ? 0 : attachment.region(MAX_LANES * CURSOR_BYTES);
    attachment.ring.openLeaseTables(attachment.index);
    attachment.ring.openReceiver(attachment.index, cursors);
  }

  /** Has values that something is noted on handed out as `Noted`. */
  handOutNotes(): void {
    this.#handsOutNotes = true;
    // A batch keeps no notes.
    this.#takesBatches = false;
  }

  /** Receives if a message is there. */
  tryReceive(how: number = POLL_ANY): T | undefined {
    const taken = this.#undecoded.shift() ?? this.#takeNext(how);
    if (taken === undefined) this.#checkNotOver(how);
    return taken && this.#decode(taken);
  }

  /** Copies the next message out and takes it. */
  #takeNext(how: number): Taken | undefined {
    while (this.#find(how)) {
      const taken = this.takeFound();
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Copies the message that was found out and takes it; undefined if another was faster. */
  protected takeFound(): Taken | undefined {
    const flags = this.#flags;
    const bytes = this.copyFound();
    return this.#take() ? { bytes, flags, note: this.#note } : undefined;
  }

  /** The bytes of the message that was found, valid until the next one is copied. */
  protected copyFound(): Uint8Array {
    const isFresh = this.#isRaw && (this.#flags & RECORD_TENSOR) === 0;
    return isFresh ? this.#copyFresh() : this.#copyToScratch();
  }

  /** The message that was found, with what is noted on it. */
  protected get found(): Found {
    const before = (this.#flags & RECORD_HEADERS) === 0 ? 0 : this.#noteBytes;
    return {
      at: this.#at - before,
      length: this.#length + before,
      size: this.#size,
      flags: this.#flags,
    };
  }

  /** What is noted on the message that was found, if its flags say so. */
  protected get noteOfFound(): string {
    return this.#note;
  }

  /** Nothing will come any more if the channel was closed for everyone: who polls must learn it. */
  #checkNotOver(how: number): void {
    if (how === POLL_ANY && this.attachment.ring.closed() !== 0) this.attachment.checkOpen();
  }

  /** Receives, blocking until a message comes. */
  receiveSync(options: TimeoutOptions | undefined): T {
    const timeoutMs = checkTimeout(options);
    this.#checkReady();
    const quick = this.tryReceive(POLL_FAIR);
    if (quick !== undefined) return quick;
    const value = this.#block(this.#trySpin, timeoutMs) ?? this.#tryLast();
    if (value === undefined) throw this.#timedOut(timeoutMs);
    return value;
  }

  /** At its timeout a receiver takes what is there, whoever's turn it is. */
  #tryLast(): T | undefined {
    return this.attachment.isClosed ? undefined : this.tryReceive();
  }

  #block<R>(attempt: () => R | undefined, timeoutMs: number): R | undefined {
    if (this.#takesTurns) this.attachment.ring.joinFairness();
    return waitSync(this, attempt, timeoutMs);
  }

  #timedOut(timeoutMs: number): ShmTimeoutError {
    return new ShmTimeoutError(
      `no message came on channel "${this.attachment.name}" within ${timeoutMs} ms; check that a ` +
        `sender runs (listChannels()), or wait longer`,
    );
  }

  /** Receives, waiting in the event loop; a timeout's error names `statedMs`. */
  async receive(
    options: WaitOptions | undefined,
    statedMs: number = checkTimeout(options),
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    this.#checkReady();
    if (this.#takesTurns) this.attachment.ring.joinFairness();
    const value = await this.#waits.wait(this.#tryTurn, options) ?? this.#tryLast();
    if (value === undefined) throw this.#timedOut(statedMs);
    return value;
  }

  /** Receives into a buffer; -1 when no message is there. */
  tryReceiveInto(target: Uint8Array, how: number = POLL_ANY): number {
    this.#checkReady();
    if (this.#undecoded.length > 0) return this.#copyKept(target);
    while (this.#find(how)) {
      const length = this.#length;
      if (length > target.length) this.#checkWhole(target.length);
      else {
        this.#copyInto(target, length);
        if (this.#take()) return length;
      }
    }
    this.#checkNotOver(how);
    return -1;
  }

  /** A message that is too long for its target was perhaps overwritten while we read its length. */
  #checkWhole(targetBytes: number): void {
    if (!this.#isStale()) throw this.#tooSmall(targetBytes);
  }

  #copyKept(target: Uint8Array): number {
    const { bytes } = this.#undecoded[0];
    this.#length = bytes.length;
    if (bytes.length > target.length) throw this.#tooSmall(target.length);
    target.set(bytes);
    this.#undecoded.shift();
    return bytes.length;
  }

  #tooSmall(bytes: number): RangeError {
    return new RangeError(
      `cannot receive on channel "${this.attachment.name}": the message has ${this.#length} bytes, ` +
        `and the target ${bytes}; it stays for a larger target`,
    );
  }

  /** Receives into a buffer, blocking until a message comes. */
  receiveIntoSync(target: Uint8Array, options: TimeoutOptions | undefined): number {
    const timeoutMs = options === undefined ? Infinity : checkTimeout(options);
    const quick = this.tryReceiveInto(target, POLL_FAIR);
    return quick >= 0 ? quick : this.#blockInto(target, timeoutMs);
  }

  #blockInto(target: Uint8Array, timeoutMs: number): number {
    this.#into = target;
    const length = this.#block(this.#trySpinInto, timeoutMs) ?? this.tryReceiveInto(target);
    if (length < 0) throw this.#timedOut(timeoutMs);
    return length;
  }

  /** Receives up to `most` messages that are there. */
  drain(most: number): T[] {
    if (most !== Infinity && (!Number.isInteger(most) || most < 0)) {
      throw new RangeError(`drain takes a whole number, at least 0, not ${show(most)}`);
    }
    this.#checkReady();
    const values: T[] = [];
    while (values.length < most) {
      const goesOn = this.#undecoded.length > 0
        ? this.#decodeNext(values)
        : this.#takesBatches
        ? this.#takeMany(most - values.length, values)
        : this.#takeOne(values);
      if (!goesOn) break;
    }
    if (values.length === 0 && most > 0) this.#checkNotOver(POLL_ANY);
    return values;
  }

  /** The batch is empty outside of this call, whatever happens in it. */
  #takeMany(most: number, values: T[]): boolean {
    try {
      return this.#takeBatch(most, values);
    } finally {
      this.#batch.clear();
    }
  }

  /** Takes what one lane holds with one move of its tail; false when there is nothing. */
  #takeBatch(most: number, values: T[]): boolean {
    const { ring, words, bytes } = this.attachment;
    const batch = this.#batch;
    while (batch.length < most && !batch.isFull && this.#find(POLL_ANY)) {
      if (words !== this.attachment.words) break;
      if (batch.length === 0 && ring.returnedSlot() !== 0) return this.#takeReturned(values);
      batch.add(words, bytes, this.#at, this.#length, this.#flags);
      if (!this.isWhole() || ring.step(this.#size, this.#flags) === 0) {
        ring.rewind();
        return true;
      }
    }
    if (batch.length === 0) return words !== this.attachment.words;
    const released = ring.release();
    if (released === 0) {
      ring.rewind();
      return true;
    }
    if (released !== TAKEN) this.#afterTake(released);
    for (let i = 0; i < batch.length; i++) this.#countReceived(batch.lengthOf(i));
    this.#addBatch(values);
    return true;
  }

  /** What was given back is taken by itself; true, since there may be more. */
  #takeReturned(values: T[]): boolean {
    const taken = this.takeFound();
    if (taken !== undefined) this.#addOrKeep(taken, values);
    return true;
  }

  #addBatch(values: T[]): void {
    const batch = this.#batch;
    const arrays = this.#isRaw ? batch.toArrays() : undefined;
    for (let i = 0; i < batch.length; i++) {
      const bytes = arrays ? arrays[i] : batch.viewOf(i);
      const flags = batch.flagsOf(i);
      if (arrays && flags === 0 && this.#undecoded.length === 0) values.push(bytes as T);
      else this.#addOrKeep({ bytes, flags }, values);
    }
  }

  /** Takes one message of a broadcast; false when there is none. */
  #takeOne(values: T[]): boolean {
    const taken = this.#takeNext(POLL_ANY);
    if (taken !== undefined) this.#addOrKeep(taken, values);
    return taken !== undefined;
  }

  /** From the first message on that cannot be decoded, they are kept: its error must not cost others. */
  #addOrKeep(taken: Taken, values: T[]): void {
    if (this.#undecoded.length === 0) {
      try {
        values.push(this.decodeAny(taken));
        return;
      } catch {
        // `#decodeNext` tells it when nothing else would be lost with the error.
      }
    }
    this.#undecoded.push({ ...taken, bytes: taken.bytes.slice() });
  }

  /** Decodes a message that was kept; false if its error has to wait for the next call. */
  #decodeNext(values: T[]): boolean {
    if (values.length === 0) {
      values.push(this.#decode(this.#undecoded.shift()!));
      return true;
    }
    try {
      values.push(this.decodeAny(this.#undecoded[0]));
    } catch {
      return false;
    }
    this.#undecoded.shift();
    return true;
  }

  /** Reads the next message in place; undefined when none is there. */
  tryReceiveView(): MessageView | undefined {
    this.#checkReady();
    if (this.#hasView) {
      throw new TypeError(
        `cannot read in place on channel "${this.attachment.name}": a view is open; dispose it first`,
      );
    }
    const kept = this.#undecoded.shift();
    if (kept) return { bytes: kept.bytes, intact: true, [Symbol.dispose]() {} };
    const { ring } = this.attachment;
    while (this.#find(POLL_ANY)) {
      const bytes = this.attachment.bytes.subarray(this.#at, this.#at + this.#length);
      const lane = ring.foundLane();
      const position = ring.foundPosition();
      const place = ring.returnedSlot() >>> 0;
      const taken = ring.takeInPlace(this.#size, this.#flags);
      if (taken !== TAKEN) this.#afterTake(taken);
      if (taken === 0) continue;
      this.#countReceived(bytes.length);
      if ((taken & TAKEN_REDELIVERED) !== 0) return this.#returnedView(bytes, place);
      return this.#takesTurns ? this.#laneView(bytes) : this.#sharedView(bytes, lane, position);
    }
    this.#checkNotOver(POLL_ANY);
    return undefined;
  }

  /** A queue's view: the sender keeps off its bytes until it is disposed. */
  #laneView(bytes: Uint8Array): MessageView {
    return this.#heldView(bytes, () => {
      this.attachment.ring.unpin(this.attachment.index);
      this.attachment.wakeAll(WAITERS_SENDERS);
    });
  }

  /** A view of what was given back: should we die, it is given back again. */
  #returnedView(bytes: Uint8Array, place: number): MessageView {
    return this.#heldView(bytes, () => this.attachment.ring.acknowledge(place));
  }

  #heldView(bytes: Uint8Array, letGo: () => void): MessageView {
    this.#hasView = true;
    let isOpen = true;
    return {
      bytes,
      intact: true,
      [Symbol.dispose]: () => {
        if (!isOpen || this.attachment.isClosed) return;
        isOpen = this.#hasView = false;
        letGo();
      },
    };
  }

  /** A broadcast's view: the publisher waits for nobody. */
  #sharedView(bytes: Uint8Array, lane: number, position: number): MessageView {
    this.#hasView = true;
    let isOpen = true;
    const isIntact = () =>
      !this.attachment.isClosed && this.attachment.ring.isIntact(lane, position) === 1;
    return {
      bytes,
      get intact() {
        return isIntact();
      },
      [Symbol.dispose]: () => {
        if (!isOpen || this.attachment.isClosed) return;
        isOpen = this.#hasView = false;
        if (!isIntact()) this.attachment.ring.addOneMissed();
      },
    };
  }

  /** Looks for the next message; true if there is one, which `#at`, `#length` and `#flags` describe. */
  #find(how: number): boolean {
    const at = this.attachment.ring.next(how) >>> 0;
    if (at === EMPTY || at >= CODES) return this.#findAgain(at, how);
    const { words, capacity } = this.attachment;
    this.#at = at;
    this.#size = words[(at - 16) >>> 2] >>> 0;
    this.#length = this.#size - 8;
    this.#flags = words[(at - 4) >>> 2] & 0xff;
    const isPlain = !this.#isRequest && (this.#flags & NOT_PLAIN) === 0;
    return isPlain && this.#length >= 0 && this.#length <= capacity || this.#look(how);
  }

  /** What is more than bytes in the ring: requests, references to blocks, notes, damage. */
  #look(how: number): boolean {
    if (this.#isRequest) this.#readOrigin();
    if ((this.#flags & RECORD_BLOCK) !== 0) this.#followReference();
    else if (this.#length < 0 || this.#length > this.attachment.capacity) this.#at = NOWHERE;
    this.#readNote();
    return this.#at !== NOWHERE || this.#findNewer(how);
  }

  #findAgain(code: number, how: number): boolean {
    if (code === EMPTY || code === DEFER) {
      notePoll();
      this.#isDeferring = code === DEFER;
      return false;
    }
    if (code === RETURNED) return this.#readPlace(how);
    if (code === LOOK) {
      this.attachment.lookForDead();
      return this.#find(how);
    }
    if (code === UNMAPPED) {
      const before = this.attachment.carrier.mappedBytes;
      this.attachment.remap();
      if (this.attachment.carrier.mappedBytes > before) return this.#find(how);
    }
    throw this.#damage(code === CORRUPT ? "a record is not whole" : "a lane lies outside of it");
  }

  #damage(what: string): Error {
    this.#counts.errors++;
    this.attachment.ring.skipLane();
    return this.attachment.corruption(what);
  }

  /** What cannot be right is damage, unless the record was overwritten or taken while we read it. */
  #findNewer(how: number): boolean {
    // A batch of which others took the beginning will not be taken: it ends here.
    if (this.#isStale()) return this.#batch.length === 0 && this.#find(how);
    throw this.#damage("a message lies outside of it");
  }

  /** True if the record that was found may have been overwritten or taken meanwhile. */
  #isStale(): boolean {
    return this.attachment.ring.isStale() !== 0;
  }

  /** A message that was given back. */
  #readPlace(how: number): boolean {
    const { attachment } = this;
    const { ring, words } = attachment;
    const word = (ring.returnedSlot() >>> 0) >>> 2;
    this.#at = words[word + LEASE_SLOT_BUFFER / 4] >>> 0;
    this.#length = words[word + LEASE_SLOT_LENGTH / 4] >>> 0;
    this.#flags = words[word + LEASE_SLOT_FLAGS / 4] & 0xff;
    const end = this.#at + this.#length;
    if (end > attachment.carrier.mappedBytes) attachment.remap();
    const isWhole = ring.isFoundConsistent(this.#at, this.#length, this.#flags) !== 0;
    if (isWhole && end <= attachment.carrier.mappedBytes) {
      this.#readNote();
      if (this.#at !== NOWHERE) return true;
    }
    if (this.#isStale()) return this.#find(how);
    this.#counts.errors++;
    ring.take(0, 0);
    throw attachment.corruption("a message that was given back is not whole");
  }

  /** What is noted on a message stands before it. */
  #readNote(): void {
    if ((this.#flags & RECORD_HEADERS) === 0 || this.#at === NOWHERE) return;
    const { words, bytes } = this.attachment;
    const start = this.#at + 4;
    const length = words[this.#at >>> 2] >>> 0;
    this.#noteBytes = noteRoom(length);
    if (length > MAX_NOTE_BYTES || this.#noteBytes > this.#length) {
      this.#at = NOWHERE;
      return;
    }
    if (this.#handsOutNotes) this.#note = noteDecoder.decode(bytes.slice(start, start + length));
    this.#at += this.#noteBytes;
    this.#length -= this.#noteBytes;
  }

  #readOrigin(): void {
    const { words } = this.attachment;
    this.#origin = words[this.#at >>> 2];
    this.#generation = words[(this.#at >>> 2) + 1];
    this.#at += REQUEST_PREFIX_BYTES;
    this.#length -= REQUEST_PREFIX_BYTES;
  }

  #followReference(): void {
    const { words } = this.attachment;
    const reference = this.#at >>> 2;
    const offset = words[reference] >>> 0;
    const length = words[reference + 2] >>> 0;
    const end = offset + BLOCK_HEADER_BYTES + length;
    if (end > this.attachment.carrier.mappedBytes) this.attachment.remap();
    this.#at = this.#blockAt = offset + BLOCK_HEADER_BYTES;
    this.#length = this.#blockLength = length;
    const isInside = end <= this.attachment.carrier.mappedBytes && (offset & 7) === 0;
    if (!isInside || !this.#isStamped()) this.#at = NOWHERE;
  }

  /** True while the bytes that were found are the message's. */
  protected isWhole(): boolean {
    return (this.#flags & RECORD_BLOCK) === 0 || this.#isStamped();
  }

  /** True while the block belongs to the record that was found. */
  #isStamped(): boolean {
    const { words, ring } = this.attachment;
    const offset = this.#blockAt - BLOCK_HEADER_BYTES;
    return words[offset >>> 2] === ring.foundTag(offset, this.#blockLength);
  }

  /** Where the request just received came from. */
  get ticket(): Ticket {
    const requester = this.#origin & 0xffff;
    return {
      requester,
      slot: this.#origin >>> 16,
      generation: this.#generation,
      owner: this.attachment.ownerOf(requester),
    };
  }

  #take(): boolean {
    if (!this.isWhole()) return false;
    const { ring } = this.attachment;
    return this.countTaken(
      this.#isRequest ? this.#takeRequest() : ring.take(this.#size, this.#flags),
    );
  }

  /** Does what follows from TAKEN bits; false if another was faster. */
  protected countTaken(result: number): boolean {
    if (result !== TAKEN) this.#afterTake(result);
    if ((result & TAKEN) === 0) return false;
    this.#countReceived(this.#length);
    return true;
  }

  #takeRequest(): number {
    this.attachment.mapAll();
    const { requester, slot, generation } = this.ticket;
    const { ring } = this.attachment;
    return ring.takeRequest(requester, slot, generation, this.#size, this.#flags);
  }

  #afterTake(result: number): void {
    if ((result & TAKEN_SENDER_WAITING) !== 0) this.attachment.wakeAll(WAITERS_SENDERS);
    if ((result & TAKEN_UNPUBLISHED) !== 0 && !this.#hasUntold) this.#tellTailSoon();
    if ((result & TAKEN_REDELIVERED) !== 0) this.#counts.redelivered++;
  }

  /** In a loop that blocks this comes when the loop ends. */
  #tellTailSoon(): void {
    this.#hasUntold = true;
    queueMicrotask(this.#tellTail);
  }

  #countReceived(length: number): void {
    const counts = this.#counts;
    counts.bytes += length;
    noteMessage(++counts.received);
    if (tracing) this.#traceReceived(length);
  }

  #traceReceived(length: number): void {
    trace(`received ${length} B on "${this.attachment.name}", #${this.#counts.received}`);
  }

  #copyFresh(): Uint8Array<ArrayBuffer> {
    const fresh = new Uint8Array(this.#length);
    if (this.#length > WORDWISE_BYTES) fresh.set(this.#source());
    else {
      const { bytes } = this.attachment;
      for (let i = 0, at = this.#at; i < fresh.length; i++) fresh[i] = bytes[at + i];
    }
    return fresh;
  }

  #source(): Uint8Array {
    return this.attachment.bytes.subarray(this.#at, this.#at + this.#length);
  }

  #copyInto(target: Uint8Array, length: number): void {
    const words = this.#target.of(target, length);
    if (words === undefined) target.set(this.#source());
    else copyWords(this.attachment.words, this.#at >>> 2, words, 0, length >>> 2);
  }

  #copyToScratch(): Uint8Array {
    const length = this.#length;
    if (length > this.#scratch.length) {
      this.#scratch = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
      this.#scratchWords = new Int32Array(this.#scratch.buffer);
    }
    if (length > WORDWISE_BYTES) this.#scratch.set(this.#source());
    else {
      const { words } = this.attachment;
      copyWords(words, this.#at >>> 2, this.#scratchWords, 0, (length + 3) >>> 2);
    }
    return this.#scratch.subarray(0, length);
  }

  /** What is handed out of a message. */
  protected decodeAny(taken: Taken): T {
    return this.decodeValue(taken) as T;
  }

  /** The value in a message. */
  protected decodeValue(taken: Taken): unknown {
    if ((taken.flags & NOT_CODEC_ALONE) !== 0) return this.#decodeFlagged(taken);
    if (this.#isRaw) return taken.bytes;
    return this.attachment.codec.decode(taken.bytes);
  }

  #decodeFlagged({ bytes, flags, note }: Taken): unknown {
    const isTensor = (flags & RECORD_TENSOR) !== 0;
    const value = isTensor ? readTensor(bytes) : this.decodeValue({ bytes, flags: 0 });
    const isNoted = this.#handsOutNotes && (flags & RECORD_HEADERS) !== 0;
    return isNoted ? new Noted(value, note!) : value;
  }

  #decode(taken: Taken): T {
    try {
      return this.decodeAny(taken);
    } catch (cause) {
      this.#counts.errors++;
      this.discard(taken);
      throw new ShmSerializationError(
        `a message on channel "${this.attachment.name}" cannot be decoded with codec ` +
          `"${this.attachment.codec.id}": ${
            (cause as Error).message
          }; it is lost, the next one is not`,
        { cause },
      );
    }
  }

  /** Lets go of a message that cannot be decoded. */
  protected discard(_taken: Taken): void {}

  /** While a message waits for the receiver whose turn it is: how long it may. */
  patienceMs(): number {
    if (!this.#isDeferring) {
      this.#patience.rest();
      return this.attachment.hasShelves ? HOLDER_CHECK_MS : Infinity;
    }
    const { ring, words } = this.attachment;
    const awaited = ring.deferredTo();
    if (awaited < 0) return 0;
    if (ring.isolateOf(awaited) === 0n) {
      ring.evict(awaited);
      return 0;
    }
    this.attachment.wake(awaited, WAITERS_RECEIVERS);
    const turns = words[this.attachment.field(awaited, PARTICIPANT_SERVICE_COUNT) >>> 2];
    const leftMs = this.#patience.leftFor(awaited, turns, performance.now());
    if (leftMs === 0) ring.evict(awaited);
    return leftMs;
  }

  /** Throws unless the socket is open. */
  #checkReady(): void {
    if (this.attachment.isClosed) this.attachment.checkOpen();
  }

  /** Messages that were overwritten before we read them. */
  get missed(): number {
    return this.attachment.isClosed ? this.#counts.missed : this.attachment.ring.missedMessages();
  }

  /** Ends what waits. */
  end(error: unknown): void {
    this.#counts.missed = this.missed;
    if (this.#hasUntold) this.#tellTail();
    this.#waits.rejectAll(error);
  }
}
