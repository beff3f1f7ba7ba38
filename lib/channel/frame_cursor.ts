/**
 * A receiver's position on its channel: finds the next frame, reads what describes it, and takes it.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import type { Batch } from "./batch.ts";
import { BufferWords, copyAligned, copyToArray, Scratch } from "./copy.ts";
import { type RecordRun, RUN_BYTES } from "./record_run.ts";
import { checkSignals, checkSignalsOnPoll } from "../presence/exit_hooks.ts";
import { logReceived, logsMessages } from "../base/log.ts";
import { controlOffset } from "../segment/format.ts";
import { IS_WEAK } from "../segment/ring.ts";
import { MAX_HEADER_BYTES, paddedHeaderBytes } from "./headers.ts";
import type { LossReports } from "../base/loss_reports.ts";
import { lossWarnings } from "./loss_warning.ts";
import { canPool, Slab } from "./slab.ts";
import type { SocketStatistics } from "./statistics.ts";
import { type KnownTopic, paddedTopicBytes, TopicTable } from "./topics.ts";
import {
  BLOCK_HEADER_BYTES,
  CONTROL_LANES,
  CURSOR_BYTES,
  LANE_BYTES,
  LANE_HEAD,
  LEASE_SLOT_BUFFER,
  LEASE_SLOT_FLAGS,
  LEASE_SLOT_LENGTH,
  MAX_LANES,
  MAX_TOPIC_BYTES,
  NEXT_CHECK_OWNERS,
  NEXT_CORRUPT,
  NEXT_DEFER,
  NEXT_EMPTY,
  NEXT_RETURNED,
  NEXT_UNMAPPED,
  PLACE_BYTES,
  POLL_ANY,
  PREFIX_SLOT_SHIFT,
  PREFIX_WINDOW_SHIFT,
  RECORD_BLOCK,
  RECORD_HEADERS,
  RECORD_PAYLOAD,
  RECORD_TENSOR,
  RECORD_TOPIC,
  REQUEST_PREFIX_BYTES,
  TAKEN,
  TAKEN_AFTER_LOSS,
  TAKEN_IN_PLACE,
  TAKEN_REDELIVERED,
  TAKEN_SENDER_WAITING,
  TAKEN_UNPUBLISHED,
  TOPIC_LENGTH,
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

/** Offset of a frame whose record is invalid. */
const INVALID_OFFSET = -1;

/** Flags of messages that are more than bytes in the ring. */
const NOT_PLAIN = RECORD_BLOCK | RECORD_HEADERS | RECORD_TOPIC;

/** All TAKEN bits; what is larger holds the offset of a payload as well. */
const MAX_TAKEN = 31;

/** Messages that are taken with two calls into the ring before one looks where the next record lies. */
const TAKES_TO_PLACE = 4;

const headerDecoder = new TextDecoder();

/** Which request a reply is for. */
export interface RequestRef {
  requester: number;
  slot: number;
  /** Parts of a stream that may wait for the requester; 0 for a request with one reply. */
  window: number;
  generation: number;
  /** The generation of the requester's participant slot. */
  requesterGeneration: number;
}

/** A message that was copied out, and is not decoded yet. */
export interface ReceivedFrame {
  bytes: Uint8Array;
  flags: number;
  /** The message's header, if it has one and the socket reads headers. */
  header?: string | undefined;
  /** The message's topic, if it has one. */
  topic?: KnownTopic | undefined;
}

/** Where a message lies that is not taken yet. */
export interface FrameRef {
  offset: number;
  length: number;
  /** The record's size word, as it was read. */
  size: number;
  flags: number;
}

/** The frame that a receiver found, and the way to the next one. */
export class FrameCursor {
  readonly attachment: Attachment;
  readonly #counts: SocketStatistics;
  readonly #losses: LossReports;
  readonly #isRequest: boolean;
  readonly #isLogged: boolean;
  #offset = 0;
  /** The record's size word; `take` checks that it and the flags are what `next` checked. */
  #size = 0;
  #length = 0;
  #flags = 0;
  /** Where the block lies, if the flags name one. */
  #blockOffset = 0;
  #blockLength = 0;
  /** The message's header, if the flags name one, and the bytes that it takes. */
  #header: string | undefined;
  #headerBytes = 0;
  #readsHeaders = false;
  /** The topics that were met; undefined before the first one. */
  #topics: TopicTable | undefined;
  /** The message's topic, if the flags name one. */
  #topic: KnownTopic | undefined;
  /** Topic of the message that was received last: others may have been looked at since. */
  #receivedTopic: KnownTopic | undefined;
  /** Requests: requester, slot and window in one word, and the generation. */
  #origin = 0;
  #generation = 0;
  /** Where the payload of the lane's next record lies that one call can take; 0 if that is not known. */
  #place = 0;
  /** The word with the low half of that lane's head, and the low half of the record's position. */
  #headWord = 0;
  #position = 0;
  /** The low half of the head as it was read last: the writer's line is not read for each message. */
  #seenHead = 0;
  #takesToPlace = TAKES_TO_PLACE;
  readonly #lanesWord: number;
  readonly #canPeek: boolean;
  readonly #scratch = new Scratch();
  /** Where the arrays of small messages lie, if they share buffers. */
  readonly #slab: Slab | undefined;
  readonly #target = new BufferWords();
  /** Bytes of the largest ring that a record was found in; negative before the first one. */
  #largestRing = -1;
  #isBatchOpen = false;
  #isDeferring = false;
  #hasUnpublishedTail = false;
  readonly #flushTail = () => this.flushTail();

  /** With a table of topics each message is looked at before it is copied. */
  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    isPooled: boolean,
    topics?: TopicTable,
  ) {
    this.attachment = attachment;
    this.#counts = counts;
    this.#losses = lossWarnings(attachment.name);
    this.#isRequest = attachment.kind === "request";
    this.#isLogged = logsMessages();
    this.#slab = isPooled && canPool() ? new Slab() : undefined;
    this.#lanesWord = (controlOffset(attachment.capacity) + CONTROL_LANES) >>> 2;
    // Other machines may read the payload before the head.
    this.#canPeek = !IS_WEAK && !this.#isRequest && topics === undefined;
    this.#topics = topics;
    const cursors = attachment.kind === "broadcast"
      ? attachment.region(MAX_LANES * CURSOR_BYTES)
      : 0;
    attachment.ring.openReceiver(attachment.index, cursors);
    if (attachment.kind === "broadcast") attachment.publishRole();
  }

  /**
   * Begins with the newest messages of each ring that were sent before, or with the oldest that is left. No
   * message was found before.
   */
  beginBefore(messages: number): void {
    const { ring } = this.attachment;
    ring.beginBefore(messages);
    this.#losses.skip(ring.missedMessages());
  }

  /** From now on the headers of messages are read. */
  enableHeaders(): void {
    this.#readsHeaders = true;
  }

  /** Bytes of the message that was found. */
  get length(): number {
    return this.#length;
  }

  /** Record flags of the message that was found. */
  get flags(): number {
    return this.#flags;
  }

  /** The header of the message that was found, if it has one and headers are read. */
  get header(): string | undefined {
    return (this.#flags & RECORD_HEADERS) === 0 ? undefined : this.#header;
  }

  /** The topic of the message that was found, if it has one. */
  get topic(): KnownTopic | undefined {
    return (this.#flags & RECORD_TOPIC) === 0 ? undefined : this.#topic;
  }

  /** The topic of the message that was received last, if it has one. */
  get receivedTopic(): KnownTopic | undefined {
    return this.#receivedTopic;
  }

  /** True if what was found is a copy, which no publisher overwrites. */
  get isCopy(): boolean {
    return false;
  }

  /** Makes a frame that was kept the message that was found last. */
  recall({ flags, header, topic }: ReceivedFrame): void {
    this.#flags = flags;
    this.#header = header;
    this.#topic = this.#receivedTopic = topic;
  }

  /** True if `next` finds a message. The one that was received last keeps its topic and its header. */
  hasNext(): boolean {
    const [flags, header, topic] = [this.#flags, this.#header, this.#topic];
    try {
      return this.next(POLL_ANY);
    } finally {
      this.#flags = flags;
      this.#header = header;
      this.#topic = topic;
    }
  }

  /** Where the message that was found lies, its header included. */
  get ref(): FrameRef {
    const headerBytes = (this.#flags & RECORD_HEADERS) === 0 ? 0 : this.#headerBytes;
    return {
      offset: this.#offset - headerBytes,
      length: this.#length + headerBytes,
      size: this.#size,
      flags: this.#flags,
    };
  }

  /** The request that was received last. */
  get requestRef(): RequestRef {
    const requester = this.#origin & 0xffff;
    return {
      requester,
      slot: (this.#origin >>> PREFIX_SLOT_SHIFT) & 0xff,
      window: this.#origin >>> PREFIX_WINDOW_SHIFT,
      generation: this.#generation,
      requesterGeneration: this.attachment.generationOf(requester),
    };
  }

  /** True if a message is there that is due to another receiver. */
  get isDeferring(): boolean {
    return this.#isDeferring;
  }

  /** True if it is known where the lane's next record will lie, and none is there. */
  get isQuiet(): boolean {
    return this.#place !== 0 && this.#isAtHead();
  }

  /** True if no record was published behind those that this receiver knows of. */
  #isAtHead(): boolean {
    this.#seenHead = this.attachment.words[this.#headWord];
    return this.#position === this.#seenHead;
  }

  /**
   * Receives the next message into a buffer, if it is where the last one told, with one call into the ring: the
   * payload is copied first, and is checked and taken then. Returns its length, -1 if `next` has to find it.
   */
  receivePlaced(target: Uint8Array, mode: number): number {
    const place = this.#place;
    if (place === 0 || this.#position === this.#seenHead && this.#isAtHead()) return -1;
    const { attachment } = this;
    const size = attachment.words[(place - RECORD_PAYLOAD) >>> 2];
    const length = size - 8;
    if (length < 0 || length > target.length || length > PLACE_BYTES) return -1;
    const words = this.#target;
    if (words.has(target, length)) copyAligned(attachment, place, words, 0, length);
    else target.set(attachment.bytes.subarray(place, place + length));
    const result = attachment.ring.receive(place, this.#position, size, mode) >>> 0;
    this.#flags = 0;
    this.#receivedTopic = undefined;
    this.#position = (this.#position + size + 15) & ~7;
    this.#place = (result & ~TAKEN_IN_PLACE) >>> 0;
    if ((result & TAKEN_IN_PLACE) !== TAKEN || result <= MAX_TAKEN) {
      if (!this.#afterPlaced(result)) return -1;
    }
    this.#countReceived(length);
    return length;
  }

  /** As `receivePlaced`, into memory of this thread: the array of the program, or what the codec reads. */
  receivePlacedFrame(mode: number): ReceivedFrame | undefined {
    const place = this.#place;
    if (place === 0 || this.#position === this.#seenHead && this.#isAtHead()) return undefined;
    const { attachment } = this;
    const size = attachment.words[(place - RECORD_PAYLOAD) >>> 2];
    const length = size - 8;
    if (length < 0 || length > PLACE_BYTES) return undefined;
    const bytes = this.#copyOut(place, length, attachment.isRaw);
    const result = attachment.ring.receive(place, this.#position, size, mode) >>> 0;
    this.#flags = 0;
    this.#receivedTopic = undefined;
    this.#position = (this.#position + size + 15) & ~7;
    this.#place = (result & ~TAKEN_IN_PLACE) >>> 0;
    if ((result & TAKEN_IN_PLACE) !== TAKEN || result <= MAX_TAKEN) {
      if (!this.#afterPlaced(result)) return undefined;
    }
    this.#countReceived(length);
    return { bytes, flags: 0, header: undefined };
  }

  /** Does what the result of `receive` asks for, other than in the common case; false if nothing was taken. */
  #afterPlaced(result: number): boolean {
    const isPlaced = result > MAX_TAKEN;
    if (!isPlaced) this.#place = 0;
    if (result !== 0) this.#afterTake(isPlaced ? result & TAKEN_IN_PLACE : result);
    return result !== 0;
  }

  /**
   * Finds the next message; false if there is none. `mode` is one of the POLL modes.
   *
   * @throws {ShmCorruptionError} if the record is invalid; it is skipped
   */
  next(mode: number): boolean {
    return this.#find(mode);
  }

  #find(mode: number): boolean {
    const offset = this.attachment.ring.next(mode) >>> 0;
    if (offset === EMPTY || offset >= FIRST_CODE) return this.#handleCode(offset, mode);
    const { words } = this.attachment;
    this.#offset = offset;
    this.#size = words[(offset - 16) >>> 2] >>> 0;
    this.#length = this.#size - 8;
    this.#flags = words[(offset - 4) >>> 2] & 0xff;
    const isPlain = !this.#isRequest && (this.#flags & NOT_PLAIN) === 0;
    return isPlain && this.#length >= 0 && this.#length <= this.#largestRing || this.#resolve(mode);
  }

  /**
   * Reads what is more than bytes in the ring: a request's origin, a topic, a block, a header, or damage. The
   * first message of a receiver comes here, too.
   */
  #resolve(mode: number): boolean {
    this.attachment.learnCodec();
    if (this.#isRequest) this.#readOrigin();
    const isBlock = (this.#flags & RECORD_BLOCK) !== 0;
    if (!isBlock && this.#isTooLong()) this.#offset = INVALID_OFFSET;
    // Nothing more of a message is read that nobody wants.
    else if ((this.#flags & RECORD_TOPIC) !== 0 && !this.#readTopic()) return true;
    if (isBlock && this.#offset !== INVALID_OFFSET) this.#followReference();
    this.#readHeader();
    return this.#offset !== INVALID_OFFSET || this.#retryIfStale(mode);
  }

  #isTooLong(): boolean {
    const length = this.#length;
    return length < 0 || length > this.#largestRing && length > this.#ringBytes();
  }

  /** A topic lies before all else. False if the message is whole so far, and not wanted. */
  #readTopic(): boolean {
    const { words, kind } = this.attachment;
    const at = (this.#offset + TOPIC_LENGTH) >>> 2;
    const length = words[at] >>> 0;
    const bytes = paddedTopicBytes(length);
    const topics = this.#topics ??= new TopicTable(undefined);
    const isInside = length <= MAX_TOPIC_BYTES && bytes <= this.#length && kind === "broadcast";
    const topic = isInside ? topics.find(words, at, at + bytes / 4) : undefined;
    this.#topic = topic;
    this.#offset = topic === undefined ? INVALID_OFFSET : this.#offset + bytes;
    this.#length -= bytes;
    return topic === undefined || topic.isWanted;
  }

  /** Bytes of the ring of the record that was found. */
  #ringBytes(): number {
    const bytes = this.attachment.ring.foundCapacity() >>> 0;
    this.#largestRing = Math.max(this.#largestRing, bytes);
    return bytes;
  }

  #handleCode(code: number, mode: number): boolean {
    if (code === EMPTY || code === DEFER) {
      this.checkTermination();
      this.#isDeferring = code === DEFER;
      return false;
    }
    if (code === RETURNED) return this.#readLeaseSlot(mode);
    if (code === CHECK_OWNERS) {
      this.attachment.checkLeaseOwners();
      return this.#find(mode);
    }
    if (code === UNMAPPED) {
      const before = this.attachment.sharedMemory.mappedBytes;
      this.attachment.remap();
      if (this.attachment.sharedMemory.mappedBytes > before) return this.#find(mode);
    }
    throw this.#corruption(
      code === CORRUPT ? "a record is not whole" : "a lane lies outside of it",
    );
  }

  /** Counts damage, and steps over it: the messages behind it can be received. */
  #corruption(what: string): Error {
    this.#counts.errors++;
    this.#isBatchOpen = false;
    this.#place = 0;
    const lane = this.attachment.ring.foundLane();
    const skipped = this.attachment.ring.skipDamage() >>> 0;
    return this.attachment.corruption(
      skipped > 0 ? `${what}, and ${skipped} bytes of lane ${lane} were skipped` : what,
    );
  }

  /** An invalid record is damage, unless it was overwritten or taken while it was read. */
  #retryIfStale(mode: number): boolean {
    // A batch ends before damage, and where another receiver took its beginning: it cannot be taken any more.
    if (this.#isBatchOpen) return false;
    if (this.#isFoundStale()) return this.#find(mode);
    throw this.#corruption("a message lies outside of it");
  }

  /** True if the message that was found may have been overwritten or taken meanwhile. */
  isStale(): boolean {
    return this.#isFoundStale();
  }

  #isFoundStale(): boolean {
    return this.attachment.ring.isStale() !== 0;
  }

  /** Reads a message that was returned, from its lease slot. */
  #readLeaseSlot(mode: number): boolean {
    const { attachment } = this;
    attachment.learnCodec();
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
    if (this.#isFoundStale()) return this.#find(mode);
    this.#counts.errors++;
    ring.take(0, 0);
    throw attachment.corruption("a message that was returned is not whole");
  }

  /** A header lies before its message. */
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
    if (this.#readsHeaders) this.#header = headerDecoder.decode(bytes.slice(start, start + length));
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

  /** True while the bytes that were found are the message's: a block may have been reused. */
  isConsistent(): boolean {
    return (this.#flags & RECORD_BLOCK) === 0 || this.#isTagValid();
  }

  /** True while the block belongs to the record that was found. */
  #isTagValid(): boolean {
    const { words, ring } = this.attachment;
    const offset = this.#blockOffset - BLOCK_HEADER_BYTES;
    return words[offset >>> 2] === ring.foundTag(offset, this.#blockLength);
  }

  /** The bytes of the message that was found, in shared memory. */
  view(): Uint8Array<ArrayBufferLike> {
    return this.#viewFound();
  }

  #viewFound(): Uint8Array<ArrayBufferLike> {
    return this.attachment.bytes.subarray(this.#offset, this.#offset + this.#length);
  }

  /** A copy of the message that was found, valid until the next one is copied. */
  copy(): Uint8Array {
    // What codec "raw" receives belongs to the program.
    const isFresh = this.attachment.isRaw && (this.#flags & RECORD_TENSOR) === 0;
    return this.#copyOut(this.#offset, this.#length, isFresh);
  }

  /** A copy of the message that was found, in an array of its own. */
  copyToOwn(): Uint8Array {
    return copyToArray(this.attachment.bytes, this.#offset, this.#length);
  }

  /** A copy in an array that is the program's if it `isFresh`, and else valid until the next copy. */
  #copyOut(offset: number, length: number, isFresh: boolean): Uint8Array {
    const { attachment } = this;
    if (!isFresh) return this.#scratch.copy(attachment, offset, length);
    return this.#slab === undefined
      ? copyToArray(attachment.bytes, offset, length)
      : this.#slab.copy(attachment, offset, length);
  }

  /** Copies the message that was found into a buffer that is large enough. */
  copyInto(target: Uint8Array): void {
    const offset = this.#offset;
    const words = this.#target;
    if ((offset & 7) === 0 && words.has(target, this.#length)) {
      copyAligned(this.attachment, offset, words, 0, this.#length);
    } else this.attachment.copyOut(offset, target, this.#length);
  }

  /** Copies the message that was found out, and takes it; undefined if it was lost meanwhile. */
  receive(): ReceivedFrame | undefined {
    const bytes = this.copy();
    if (!this.take()) return undefined;
    const flags = this.#flags;
    // Programs without topics see frames of one shape only.
    return (flags & RECORD_TOPIC) === 0
      ? { bytes, flags, header: this.header }
      : { bytes, flags, header: this.header, topic: this.#topic };
  }

  /** Passes the message that was found, and counts it nowhere; false if it was overwritten meanwhile. */
  pass(): boolean {
    const result = this.attachment.ring.take(this.#size, this.#flags);
    if (result !== TAKEN) this.#afterTake(result);
    return result !== 0;
  }

  /** Takes the message that was found; false if it was taken or overwritten meanwhile. */
  take(): boolean {
    if (!this.isConsistent()) return false;
    this.#place = 0;
    if (this.#isRequest) return this.complete(this.#takeRequest());
    const isTaken = this.complete(this.attachment.ring.take(this.#size, this.#flags));
    if (isTaken && this.#canPeek && --this.#takesToPlace <= 0) this.#findPlace();
    return isTaken;
  }

  /** Finds out where the next record will lie. */
  #findPlace(): void {
    const { ring } = this.attachment;
    this.#takesToPlace = TAKES_TO_PLACE;
    this.#place = ring.nextPlace() >>> 0;
    this.#position = this.#seenHead = ring.foundPosition() | 0;
    this.#headWord = this.#lanesWord + (ring.foundLane() * LANE_BYTES + LANE_HEAD) / 4;
  }

  #takeRequest(): number {
    this.attachment.mapAll();
    const { requester, slot, generation } = this.requestRef;
    const { ring } = this.attachment;
    return ring.takeRequest(requester, slot, generation, this.#size, this.#flags);
  }

  /** Takes the message that was found, and pins its bytes on a queue; returns TAKEN bits. */
  takeInPlace(): number {
    const result = this.attachment.ring.takeInPlace(this.#size, this.#flags);
    this.complete(result);
    return result;
  }

  /** Does what TAKEN bits ask for; false if the message was lost. */
  complete(result: number): boolean {
    if (result !== TAKEN) this.#afterTake(result);
    if ((result & TAKEN) === 0) return false;
    this.#receivedTopic = this.topic;
    this.#countReceived(this.#length);
    return true;
  }

  #afterTake(result: number): void {
    if ((result & TAKEN_SENDER_WAITING) !== 0) this.attachment.wakeAll(WAITERS_SENDERS);
    if ((result & TAKEN_UNPUBLISHED) !== 0 && !this.#hasUnpublishedTail) this.#scheduleTailFlush();
    if ((result & TAKEN_REDELIVERED) !== 0) this.#counts.redelivered++;
    if ((result & TAKEN_AFTER_LOSS) !== 0) {
      this.#losses.update(this.attachment.ring.missedMessages());
    }
  }

  /** Counts a message that was passed as received. */
  countPassed(length: number): void {
    this.#countReceived(length);
  }

  #countReceived(length: number): void {
    const counts = this.#counts;
    counts.bytes += length;
    if (checkSignals(++counts.received)) this.attachment.endAtNextCall();
    if (this.#isLogged) this.#logReceived(length);
  }

  #logReceived(length: number): void {
    logReceived(this.attachment.name, length, `#${this.#counts.received}`);
  }

  /**
   * Copies and takes the message that was found and those that lie side by side behind it, at most `limit`;
   * returns how many. 0 if they were lost meanwhile, -1 if `receive` has to take the first one.
   */
  receiveRun(run: RecordRun, limit: number): number {
    if (this.#flags !== 0 || this.#isRequest || this.#isLogged) return -1;
    const { ring } = this.attachment;
    const bytes = ring.stepOver(Math.min(limit, RUN_BYTES), RUN_BYTES) >>> 0;
    if (bytes === 0) return -1;
    this.#place = 0;
    this.#receivedTopic = undefined;
    const isWhole = run.copy(this.attachment, this.#offset - RECORD_PAYLOAD, bytes);
    const result = ring.takeAll();
    if (result === 0) return 0;
    if (!isWhole) throw this.#corruption("a message changed while it was copied");
    if (result !== TAKEN) this.#afterTake(result);
    this.#countRun(run);
    return run.messages;
  }

  #countRun({ messages, payloadBytes }: RecordRun): void {
    const counts = this.#counts;
    counts.bytes += payloadBytes;
    counts.received += messages;
    if (checkSignals(0)) this.attachment.endAtNextCall();
  }

  /** Copies the message that was found into a batch, and steps over it; false if the batch was lost. */
  stepInto(batch: Batch): boolean {
    const { attachment } = this;
    batch.add(attachment, this.#offset, this.#length, this.#flags);
    this.#isBatchOpen = true;
    return this.isConsistent() && attachment.ring.step(this.#size, this.#flags) !== 0;
  }

  /** Takes all messages of a batch; false if another receiver was faster. */
  takeBatch(batch: Batch): boolean {
    const result = this.attachment.ring.release();
    this.#place = 0;
    if (result === 0) return false;
    this.#isBatchOpen = false;
    if (result !== TAKEN) this.#afterTake(result);
    for (let i = 0; i < batch.length; i++) this.#countReceived(batch.lengthOf(i));
    return true;
  }

  /** Ends a batch; the cursor returns to before its messages if they were not taken. */
  closeBatch(): void {
    if (!this.#isBatchOpen) return;
    this.#isBatchOpen = false;
    this.attachment.ring.rewind();
  }

  /** Warns of messages that were missed and not reported yet. */
  reportLosses(missed: number): void {
    this.#losses.finish(missed);
  }

  /** A loop that blocks runs no microtask: there the tail is published when the loop ends. */
  #scheduleTailFlush(): void {
    this.#hasUnpublishedTail = true;
    queueMicrotask(this.#flushTail);
  }

  /** Publishes in the segment's header which messages were taken. */
  flushTail(): void {
    if (!this.#hasUnpublishedTail) return;
    this.#hasUnpublishedTail = false;
    if (!this.attachment.isClosed) this.attachment.ring.flushTail();
  }

  /** A call that polls nothing: a loop of such calls in a worker that was terminated ends, too. */
  checkTermination(): void {
    if (checkSignalsOnPoll()) this.attachment.endAtNextCall();
  }

  /** Throws if the socket is closed, or the channel for all participants: a receiver that polls has to see it. */
  checkNotClosed(mode: number): void {
    if (mode !== POLL_ANY) return;
    const { ring, isUsable } = this.attachment;
    if (!isUsable || ring.closed() !== 0) this.attachment.checkOpen();
  }
}
