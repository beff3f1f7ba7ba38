/**
 * The receiving half of a socket: finding the next message, copying it out, taking it, and waiting.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { Batch } from "./batch.ts";
import { BufferWords, copyWords, WORDWISE_BYTES } from "./copy.ts";
import { ShmSerializationError, ShmTimeoutError } from "../base/errors.ts";
import type { MessageView, ReceiverApi } from "./receiver_api.ts";
import { checkSignals, checkSignalsOnPoll } from "../presence/exit_hooks.ts";
import { trace, tracing } from "../base/log.ts";
import { MAX_HEADER_BYTES, paddedHeaderBytes, WithHeader } from "./headers.ts";
import {
  checkTimeout,
  formatValue,
  type TimeoutOptions,
  type WaitOptions,
} from "../base/options.ts";
import { FairnessBudget } from "./fairness.ts";
import type { SocketStatistics } from "./statistics.ts";
import { readTensor } from "../codecs/tensor.ts";
import { AsyncWaitQueue, type WaitContext, waitSync } from "./wait.ts";
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
const FIRST_CODE = NEXT_CHECK_OWNERS >>> 0;
const CORRUPT = NEXT_CORRUPT >>> 0;
const UNMAPPED = NEXT_UNMAPPED >>> 0;
const DEFER = NEXT_DEFER >>> 0;
const RETURNED = NEXT_RETURNED >>> 0;
const CHECK_OWNERS = NEXT_CHECK_OWNERS >>> 0;
const EMPTY = NEXT_EMPTY;

/** Milliseconds between two looks at whether those live who hold messages. */
const OWNER_CHECK_MS = 50;

/** Place of a message that cannot be where its record says. */
const INVALID_OFFSET = -1;

/** Flags of messages that are more than bytes in the ring. */
const NOT_PLAIN = RECORD_BLOCK | RECORD_HEADERS;
/** Flags of messages that are more than what the codec wrote. */
const NOT_CODEC_ALONE = RECORD_TENSOR | RECORD_HEADERS;

const headerDecoder = new TextDecoder();

/** Which request a reply is for. */
export interface RequestRef {
  requester: number;
  slot: number;
  generation: number;
  /** Which owner of its place among the participants the requester is. */
  requesterGeneration: number;
}

/** A message that was copied out and is still to be decoded. */
export interface ReceivedFrame {
  bytes: Uint8Array;
  flags: number;
  /** What was noted on it, if the flags say so. */
  header?: string;
}

/** Where a message lies that is still to be taken. */
export interface FrameRef {
  offset: number;
  length: number;
  /** The record's size word, as it was read. */
  size: number;
  flags: number;
}

/** What is received on a channel. */
export class Receiver<T> implements ReceiverApi<T>, WaitContext {
  readonly attachment: Attachment;
  readonly side = WAITERS_RECEIVERS;
  readonly #counts: SocketStatistics;
  readonly #isRaw: boolean;
  readonly #isFair: boolean;
  #canBatch: boolean;
  readonly #isRequest: boolean;
  readonly #waits: AsyncWaitQueue;
  #offset = 0;
  /** The record's size word; `take` checks that it and the flags are what `next` checked. */
  #size = 0;
  #length = 0;
  #flags = 0;
  /** Where the block lies, if the flags say so. */
  #blockOffset = 0;
  #blockLength = 0;
  /** What is noted on the message, if the flags say so, and the bytes that it takes. */
  #header = "";
  #headerBytes = 0;
  #headersEnabled = false;
  /** Requests: requester and slot in one word, and the generation. */
  #origin = 0;
  #generation = 0;
  #scratch = new Uint8Array(1024);
  #scratchWords = new Int32Array(this.#scratch.buffer);
  readonly #targetWords = new BufferWords();
  #hasUnpublished = false;
  readonly #undecoded: ReceivedFrame[] = [];
  readonly #batch = new Batch();
  #hasView = false;
  #isDeferring = false;
  readonly #fairness = new FairnessBudget();
  readonly #tryFair = () => this.tryReceive(POLL_FAIR);
  readonly #trySpin = () => this.tryReceive(POLL_SPIN);
  #intoTarget: Uint8Array = new Uint8Array(0);
  readonly #trySpinInto = () => {
    const length = this.tryReceiveInto(this.#intoTarget, POLL_SPIN);
    return length < 0 ? undefined : length;
  };
  readonly #flushTail = () => {
    this.#hasUnpublished = false;
    if (!this.attachment.isClosed) this.attachment.ring.flushTail();
  };

  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    canBatch: boolean = attachment.kind !== "broadcast",
  ) {
    this.attachment = attachment;
    this.#counts = counts;
    this.#isRaw = attachment.codec.id === "raw";
    this.#isFair = attachment.kind !== "broadcast";
    this.#canBatch = canBatch;
    this.#isRequest = attachment.kind === "request";
    this.#waits = new AsyncWaitQueue(this);
    const cursors = this.#isFair ? 0 : attachment.region(MAX_LANES * CURSOR_BYTES);
    attachment.ring.openLeaseTables(attachment.index);
    attachment.ring.openReceiver(attachment.index, cursors);
  }

  /** Has values that something is noted on handed out as `Noted`. */
  enableHeaders(): void {
    this.#headersEnabled = true;
    // A batch keeps no notes.
    this.#canBatch = false;
  }

  /** Receives if a message is there. */
  tryReceive(mode: number = POLL_ANY): T | undefined {
    const frame = this.#undecoded.shift() ?? this.#receiveNext(mode);
    if (frame === undefined) this.#checkNotClosed(mode);
    return frame && this.#decode(frame);
  }

  /** Copies the next message out and takes it. */
  #receiveNext(mode: number): ReceivedFrame | undefined {
    while (this.#findNext(mode)) {
      const frame = this.receiveFrame();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** Copies the message that was found out and takes it; undefined if another was faster. */
  protected receiveFrame(): ReceivedFrame | undefined {
    const flags = this.#flags;
    const bytes = this.copyFrame();
    return this.#take() ? { bytes, flags, header: this.#header } : undefined;
  }

  /** The bytes of the message that was found, valid until the next one is copied. */
  protected copyFrame(): Uint8Array {
    const isFresh = this.#isRaw && (this.#flags & RECORD_TENSOR) === 0;
    return isFresh ? this.#copyToNewArray() : this.#copyToScratch();
  }

  /** The message that was found, with what is noted on it. */
  protected get currentFrame(): FrameRef {
    const headerBytes = (this.#flags & RECORD_HEADERS) === 0 ? 0 : this.#headerBytes;
    return {
      offset: this.#offset - headerBytes,
      length: this.#length + headerBytes,
      size: this.#size,
      flags: this.#flags,
    };
  }

  /** What is noted on the message that was found, if its flags say so. */
  protected get currentHeader(): string {
    return this.#header;
  }

  /** Nothing will come any more if the channel was closed for everyone: who polls must learn it. */
  #checkNotClosed(mode: number): void {
    if (mode === POLL_ANY && this.attachment.ring.closed() !== 0) this.attachment.checkOpen();
  }

  /** Receives, blocking until a message comes. */
  receiveSync(options: TimeoutOptions | undefined): T {
    const timeoutMs = checkTimeout(options);
    this.#checkReady();
    const quick = this.tryReceive(POLL_FAIR);
    if (quick !== undefined) return quick;
    const value = this.#block(this.#trySpin, timeoutMs) ?? this.#tryLast();
    if (value === undefined) throw this.#timeoutError(timeoutMs);
    return value;
  }

  /** At its timeout a receiver takes what is there, whoever's turn it is. */
  #tryLast(): T | undefined {
    return this.attachment.isClosed ? undefined : this.tryReceive();
  }

  #block<R>(attempt: () => R | undefined, timeoutMs: number): R | undefined {
    if (this.#isFair) this.attachment.ring.joinFairness();
    return waitSync(this, attempt, timeoutMs);
  }

  #timeoutError(timeoutMs: number): ShmTimeoutError {
    return new ShmTimeoutError(
      `no message came on channel "${this.attachment.name}" within ${timeoutMs} ms; check that a ` +
        `sender runs (listChannels()), or wait longer`,
    );
  }

  /** Receives, waiting in the event loop; a timeout's error names `statedMs`. */
  async receive(
    options: WaitOptions | undefined,
    reportedMs: number = checkTimeout(options),
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    this.#checkReady();
    if (this.#isFair) this.attachment.ring.joinFairness();
    const value = await this.#waits.wait(this.#tryFair, options) ?? this.#tryLast();
    if (value === undefined) throw this.#timeoutError(reportedMs);
    return value;
  }

  /** Receives into a buffer; -1 when no message is there. */
  tryReceiveInto(target: Uint8Array, mode: number = POLL_ANY): number {
    this.#checkReady();
    if (this.#undecoded.length > 0) return this.#copyUndecoded(target);
    while (this.#findNext(mode)) {
      const length = this.#length;
      if (length > target.length) this.#checkFits(target.length);
      else {
        this.#copyInto(target, length);
        if (this.#take()) return length;
      }
    }
    this.#checkNotClosed(mode);
    return -1;
  }

  /** A message that is too long for its target was perhaps overwritten while we read its length. */
  #checkFits(targetBytes: number): void {
    if (!this.#isStale()) throw this.#tooSmallError(targetBytes);
  }

  #copyUndecoded(target: Uint8Array): number {
    const { bytes } = this.#undecoded[0];
    this.#length = bytes.length;
    if (bytes.length > target.length) throw this.#tooSmallError(target.length);
    target.set(bytes);
    this.#undecoded.shift();
    return bytes.length;
  }

  #tooSmallError(bytes: number): RangeError {
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
    this.#intoTarget = target;
    const length = this.#block(this.#trySpinInto, timeoutMs) ?? this.tryReceiveInto(target);
    if (length < 0) throw this.#timeoutError(timeoutMs);
    return length;
  }

  /** Receives up to `most` messages that are there. */
  drain(limit: number): T[] {
    if (limit !== Infinity && (!Number.isInteger(limit) || limit < 0)) {
      throw new RangeError(`drain takes a whole number, at least 0, not ${formatValue(limit)}`);
    }
    this.#checkReady();
    const values: T[] = [];
    while (values.length < limit) {
      const canContinue = this.#undecoded.length > 0
        ? this.#decodeNext(values)
        : this.#canBatch
        ? this.#receiveBatch(limit - values.length, values)
        : this.#receiveOne(values);
      if (!canContinue) break;
    }
    if (values.length === 0 && limit > 0) this.#checkNotClosed(POLL_ANY);
    return values;
  }

  /** The batch is empty outside of this call, whatever happens in it. */
  #receiveBatch(limit: number, values: T[]): boolean {
    try {
      return this.#fillBatch(limit, values);
    } finally {
      this.#batch.clear();
    }
  }

  /** Takes what one lane holds with one move of its tail; false when there is nothing. */
  #fillBatch(limit: number, values: T[]): boolean {
    const { ring, words, bytes } = this.attachment;
    const batch = this.#batch;
    while (batch.length < limit && !batch.isFull && this.#findNext(POLL_ANY)) {
      if (words !== this.attachment.words) break;
      if (batch.length === 0 && ring.returnedSlot() !== 0) return this.#receiveReturned(values);
      batch.add(words, bytes, this.#offset, this.#length, this.#flags);
      if (!this.isConsistent() || ring.step(this.#size, this.#flags) === 0) {
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
    this.#decodeBatch(values);
    return true;
  }

  /** What was given back is taken by itself; true, since there may be more. */
  #receiveReturned(values: T[]): boolean {
    const frame = this.receiveFrame();
    if (frame !== undefined) this.#decodeOrKeep(frame, values);
    return true;
  }

  #decodeBatch(values: T[]): void {
    const batch = this.#batch;
    const arrays = this.#isRaw ? batch.toArrays() : undefined;
    for (let i = 0; i < batch.length; i++) {
      const bytes = arrays ? arrays[i] : batch.viewOf(i);
      const flags = batch.flagsOf(i);
      if (arrays && flags === 0 && this.#undecoded.length === 0) values.push(bytes as T);
      else this.#decodeOrKeep({ bytes, flags }, values);
    }
  }

  /** Takes one message of a broadcast; false when there is none. */
  #receiveOne(values: T[]): boolean {
    const frame = this.#receiveNext(POLL_ANY);
    if (frame !== undefined) this.#decodeOrKeep(frame, values);
    return frame !== undefined;
  }

  /** From the first message on that cannot be decoded, they are kept: its error must not cost others. */
  #decodeOrKeep(frame: ReceivedFrame, values: T[]): void {
    if (this.#undecoded.length === 0) {
      try {
        values.push(this.decodeFrame(frame));
        return;
      } catch {
        // `#decodeNext` tells it when nothing else would be lost with the error.
      }
    }
    this.#undecoded.push({ ...frame, bytes: frame.bytes.slice() });
  }

  /** Decodes a message that was kept; false if its error has to wait for the next call. */
  #decodeNext(values: T[]): boolean {
    if (values.length === 0) {
      values.push(this.#decode(this.#undecoded.shift()!));
      return true;
    }
    try {
      values.push(this.decodeFrame(this.#undecoded[0]));
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
    const frame = this.#undecoded.shift();
    if (frame) return { bytes: frame.bytes, intact: true, [Symbol.dispose]() {} };
    const { ring } = this.attachment;
    while (this.#findNext(POLL_ANY)) {
      const bytes = this.attachment.bytes.subarray(this.#offset, this.#offset + this.#length);
      const lane = ring.foundLane();
      const position = ring.foundPosition();
      const slot = ring.returnedSlot() >>> 0;
      const result = ring.takeInPlace(this.#size, this.#flags);
      if (result !== TAKEN) this.#afterTake(result);
      if (result === 0) continue;
      this.#countReceived(bytes.length);
      if ((result & TAKEN_REDELIVERED) !== 0) return this.#returnedView(bytes, slot);
      return this.#isFair ? this.#pinnedView(bytes) : this.#broadcastView(bytes, lane, position);
    }
    this.#checkNotClosed(POLL_ANY);
    return undefined;
  }

  /** A queue's view: the sender keeps off its bytes until it is disposed. */
  #pinnedView(bytes: Uint8Array): MessageView {
    return this.#exclusiveView(bytes, () => {
      this.attachment.ring.unpin(this.attachment.index);
      this.attachment.wakeAll(WAITERS_SENDERS);
    });
  }

  /** A view of what was given back: should we die, it is given back again. */
  #returnedView(bytes: Uint8Array, slot: number): MessageView {
    return this.#exclusiveView(bytes, () => this.attachment.ring.acknowledge(slot));
  }

  #exclusiveView(bytes: Uint8Array, release: () => void): MessageView {
    this.#hasView = true;
    let isOpen = true;
    return {
      bytes,
      intact: true,
      [Symbol.dispose]: () => {
        if (!isOpen || this.attachment.isClosed) return;
        isOpen = this.#hasView = false;
        release();
      },
    };
  }

  /** A broadcast's view: the publisher waits for nobody. */
  #broadcastView(bytes: Uint8Array, lane: number, position: number): MessageView {
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
  #findNext(mode: number): boolean {
    const offset = this.attachment.ring.next(mode) >>> 0;
    if (offset === EMPTY || offset >= FIRST_CODE) return this.#handleCode(offset, mode);
    const { words, capacity } = this.attachment;
    this.#offset = offset;
    this.#size = words[(offset - 16) >>> 2] >>> 0;
    this.#length = this.#size - 8;
    this.#flags = words[(offset - 4) >>> 2] & 0xff;
    const isPlain = !this.#isRequest && (this.#flags & NOT_PLAIN) === 0;
    return isPlain && this.#length >= 0 && this.#length <= capacity || this.#resolveFrame(mode);
  }

  /** What is more than bytes in the ring: requests, references to blocks, notes, damage. */
  #resolveFrame(mode: number): boolean {
    if (this.#isRequest) this.#readOrigin();
    if ((this.#flags & RECORD_BLOCK) !== 0) this.#followReference();
    else if (this.#length < 0 || this.#length > this.attachment.capacity) {
      this.#offset = INVALID_OFFSET;
    }
    this.#readHeader();
    return this.#offset !== INVALID_OFFSET || this.#retryIfStale(mode);
  }

  #handleCode(code: number, mode: number): boolean {
    if (code === EMPTY || code === DEFER) {
      checkSignalsOnPoll();
      this.#isDeferring = code === DEFER;
      return false;
    }
    if (code === RETURNED) return this.#readLeaseSlot(mode);
    if (code === CHECK_OWNERS) {
      this.attachment.checkLeaseOwners();
      return this.#findNext(mode);
    }
    if (code === UNMAPPED) {
      const before = this.attachment.sharedMemory.mappedBytes;
      this.attachment.remap();
      if (this.attachment.sharedMemory.mappedBytes > before) return this.#findNext(mode);
    }
    throw this.#corruption(
      code === CORRUPT ? "a record is not whole" : "a lane lies outside of it",
    );
  }

  #corruption(what: string): Error {
    this.#counts.errors++;
    this.attachment.ring.skipLane();
    return this.attachment.corruption(what);
  }

  /** What cannot be right is damage, unless the record was overwritten or taken while we read it. */
  #retryIfStale(mode: number): boolean {
    // A batch of which others took the beginning will not be taken: it ends here.
    if (this.#isStale()) return this.#batch.length === 0 && this.#findNext(mode);
    throw this.#corruption("a message lies outside of it");
  }

  /** True if the record that was found may have been overwritten or taken meanwhile. */
  #isStale(): boolean {
    return this.attachment.ring.isStale() !== 0;
  }

  /** A message that was given back. */
  #readLeaseSlot(mode: number): boolean {
    const { attachment } = this;
    const { ring, words } = attachment;
    const word = (ring.returnedSlot() >>> 0) >>> 2;
    this.#offset = words[word + LEASE_SLOT_BUFFER / 4] >>> 0;
    this.#length = words[word + LEASE_SLOT_LENGTH / 4] >>> 0;
    this.#flags = words[word + LEASE_SLOT_FLAGS / 4] & 0xff;
    const end = this.#offset + this.#length;
    if (end > attachment.sharedMemory.mappedBytes) attachment.remap();
    const isConsistent = ring.isFoundConsistent(this.#offset, this.#length, this.#flags) !== 0;
    if (isConsistent && end <= attachment.sharedMemory.mappedBytes) {
      this.#readHeader();
      if (this.#offset !== INVALID_OFFSET) return true;
    }
    if (this.#isStale()) return this.#findNext(mode);
    this.#counts.errors++;
    ring.take(0, 0);
    throw attachment.corruption("a message that was given back is not whole");
  }

  /** What is noted on a message stands before it. */
  #readHeader(): void {
    if ((this.#flags & RECORD_HEADERS) === 0 || this.#offset === INVALID_OFFSET) return;
    const { words, bytes } = this.attachment;
    const start = this.#offset + 4;
    const length = words[this.#offset >>> 2] >>> 0;
    this.#headerBytes = paddedHeaderBytes(length);
    if (length > MAX_HEADER_BYTES || this.#headerBytes > this.#length) {
      this.#offset = INVALID_OFFSET;
      return;
    }
    if (this.#headersEnabled) {
      this.#header = headerDecoder.decode(bytes.slice(start, start + length));
    }
    this.#offset += this.#headerBytes;
    this.#length -= this.#headerBytes;
  }

  #readOrigin(): void {
    const { words } = this.attachment;
    this.#origin = words[this.#offset >>> 2];
    this.#generation = words[(this.#offset >>> 2) + 1];
    this.#offset += REQUEST_PREFIX_BYTES;
    this.#length -= REQUEST_PREFIX_BYTES;
  }

  #followReference(): void {
    const { words } = this.attachment;
    const reference = this.#offset >>> 2;
    const offset = words[reference] >>> 0;
    const length = words[reference + 2] >>> 0;
    const end = offset + BLOCK_HEADER_BYTES + length;
    if (end > this.attachment.sharedMemory.mappedBytes) this.attachment.remap();
    this.#offset = this.#blockOffset = offset + BLOCK_HEADER_BYTES;
    this.#length = this.#blockLength = length;
    const isInside = end <= this.attachment.sharedMemory.mappedBytes && (offset & 7) === 0;
    if (!isInside || !this.#isTagValid()) this.#offset = INVALID_OFFSET;
  }

  /** True while the bytes that were found are the message's. */
  protected isConsistent(): boolean {
    return (this.#flags & RECORD_BLOCK) === 0 || this.#isTagValid();
  }

  /** True while the block belongs to the record that was found. */
  #isTagValid(): boolean {
    const { words, ring } = this.attachment;
    const offset = this.#blockOffset - BLOCK_HEADER_BYTES;
    return words[offset >>> 2] === ring.foundTag(offset, this.#blockLength);
  }

  /** Where the request just received came from. */
  get requestRef(): RequestRef {
    const requester = this.#origin & 0xffff;
    return {
      requester,
      slot: this.#origin >>> 16,
      generation: this.#generation,
      requesterGeneration: this.attachment.generationOf(requester),
    };
  }

  #take(): boolean {
    if (!this.isConsistent()) return false;
    const { ring } = this.attachment;
    return this.completeTake(
      this.#isRequest ? this.#takeRequest() : ring.take(this.#size, this.#flags),
    );
  }

  /** Does what follows from TAKEN bits; false if another was faster. */
  protected completeTake(result: number): boolean {
    if (result !== TAKEN) this.#afterTake(result);
    if ((result & TAKEN) === 0) return false;
    this.#countReceived(this.#length);
    return true;
  }

  #takeRequest(): number {
    this.attachment.mapAll();
    const { requester, slot, generation } = this.requestRef;
    const { ring } = this.attachment;
    return ring.takeRequest(requester, slot, generation, this.#size, this.#flags);
  }

  #afterTake(result: number): void {
    if ((result & TAKEN_SENDER_WAITING) !== 0) this.attachment.wakeAll(WAITERS_SENDERS);
    if ((result & TAKEN_UNPUBLISHED) !== 0 && !this.#hasUnpublished) this.#scheduleTailFlush();
    if ((result & TAKEN_REDELIVERED) !== 0) this.#counts.redelivered++;
  }

  /** In a loop that blocks this comes when the loop ends. */
  #scheduleTailFlush(): void {
    this.#hasUnpublished = true;
    queueMicrotask(this.#flushTail);
  }

  #countReceived(length: number): void {
    const counts = this.#counts;
    counts.bytes += length;
    checkSignals(++counts.received);
    if (tracing) this.#traceReceived(length);
  }

  #traceReceived(length: number): void {
    trace(`received ${length} B on "${this.attachment.name}", #${this.#counts.received}`);
  }

  #copyToNewArray(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.#length);
    if (this.#length > WORDWISE_BYTES) copy.set(this.#source());
    else {
      const { bytes } = this.attachment;
      for (let i = 0, at = this.#offset; i < copy.length; i++) copy[i] = bytes[at + i];
    }
    return copy;
  }

  #source(): Uint8Array {
    return this.attachment.bytes.subarray(this.#offset, this.#offset + this.#length);
  }

  #copyInto(target: Uint8Array, length: number): void {
    const words = this.#targetWords.of(target, length);
    if (words === undefined) target.set(this.#source());
    else copyWords(this.attachment.words, this.#offset >>> 2, words, 0, length >>> 2);
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
      copyWords(words, this.#offset >>> 2, this.#scratchWords, 0, (length + 3) >>> 2);
    }
    return this.#scratch.subarray(0, length);
  }

  /** What is handed out of a message. */
  protected decodeFrame(frame: ReceivedFrame): T {
    return this.decodeValue(frame) as T;
  }

  /** The value in a message. */
  protected decodeValue(frame: ReceivedFrame): unknown {
    if ((frame.flags & NOT_CODEC_ALONE) !== 0) return this.#decodeFlagged(frame);
    if (this.#isRaw) return frame.bytes;
    return this.attachment.codec.decode(frame.bytes);
  }

  #decodeFlagged({ bytes, flags, header }: ReceivedFrame): unknown {
    const isTensor = (flags & RECORD_TENSOR) !== 0;
    const value = isTensor ? readTensor(bytes) : this.decodeValue({ bytes, flags: 0 });
    const hasHeader = this.#headersEnabled && (flags & RECORD_HEADERS) !== 0;
    return hasHeader ? new WithHeader(value, header!) : value;
  }

  #decode(frame: ReceivedFrame): T {
    try {
      return this.decodeFrame(frame);
    } catch (cause) {
      this.#counts.errors++;
      this.discard(frame);
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
  protected discard(_frame: ReceivedFrame): void {}

  /** While a message waits for the receiver whose turn it is: how long it may. */
  waitBoundMs(): number {
    if (!this.#isDeferring) {
      this.#fairness.suspend();
      return this.attachment.hasLeaseTables ? OWNER_CHECK_MS : Infinity;
    }
    const { ring, words } = this.attachment;
    const deferredTo = ring.deferredTo();
    if (deferredTo < 0) return 0;
    if (ring.isolateOf(deferredTo) === 0n) {
      ring.evict(deferredTo);
      return 0;
    }
    this.attachment.wake(deferredTo, WAITERS_RECEIVERS);
    const serviceCount =
      words[this.attachment.fieldOffset(deferredTo, PARTICIPANT_SERVICE_COUNT) >>> 2];
    const remainingMs = this.#fairness.remainingMs(deferredTo, serviceCount, performance.now());
    if (remainingMs === 0) ring.evict(deferredTo);
    return remainingMs;
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
  abortWaits(error: unknown): void {
    this.#counts.missed = this.missed;
    if (this.#hasUnpublished) this.#flushTail();
    this.#waits.rejectAll(error);
  }
}
