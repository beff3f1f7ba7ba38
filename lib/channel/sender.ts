/**
 * The sending half of a socket: a lane of the channel, and the way of a value into it.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { BlockAllocator } from "./block_allocator.ts";
import { BufferWords, copyWords } from "./copy.ts";
import { Encoder } from "./encoder.ts";
import { PinWatch } from "./fairness.ts";
import { ShmBufferFullError, ShmConnectionError } from "../base/errors.ts";
import { checkSignals, checkSignalsOnPoll } from "../presence/exit_hooks.ts";
import { laneRegionRecord, type RegionRecord } from "./region_handover.ts";
import { logger, trace, tracing } from "../base/log.ts";
import { HeaderEncoder } from "./headers.ts";
import { checkTimeout, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import type { SocketStatistics } from "./statistics.ts";
import { AsyncWaitQueue, type WaitContext, waitSync } from "./wait.ts";
import {
  BLOCK_HEADER_BYTES,
  HEADER_STATUS,
  MAX_LANES,
  RECORD_BLOCK,
  RECORD_PAYLOAD,
  REFERENCE_BYTES,
  RING_GAP,
  STATUS_OPEN,
  WAITERS_RECEIVERS,
  WAITERS_SENDERS,
} from "../../wasm/layout.ts";

/** Largest message on any channel, in bytes: 512 MiB. */
export const MAX_MESSAGE_BYTES: number = 512 * 1024 * 1024;
/** Blocks for big messages come two at a time up to this size, so that one can be read meanwhile. */
const DOUBLE_BLOCK_BYTES = 64 * 1024 * 1024;
/** Shares of the ring that are written between two looks at how full it is. */
const FILL_CHECKS = 32;
/** Share of the ring at which a warning is logged. */
const FILL_WARNING = 0.9;

/** A place in the ring to write a message into. */
export interface Loan extends Disposable {
  /** The message's bytes, in shared memory. Invalid after `commit` or `abort`. */
  readonly bytes: Uint8Array<ArrayBufferLike>;
  /** Sends the message. */
  commit(): void;
  /** Gives the place back unsent; disposing a loan that was not committed does the same. */
  abort(): void;
}

/** A lane and what is sent through it. */
export class Sender implements WaitContext {
  readonly attachment: Attachment;
  readonly side = WAITERS_SENDERS;
  #encoder: Encoder;
  /** Words put before every payload; the caller sets them before each send. */
  readonly prefix: Int32Array;
  readonly #counts: SocketStatistics;
  readonly #isRaw: boolean;
  readonly #largestInline: number;
  readonly #allocator = new BlockAllocator();
  readonly #liveBlocks: { position: number; offset: number }[] = [];
  #largestBlock = 0;
  /** Where this lane's room for big messages is noted. */
  #regionRecord: RegionRecord;
  /** Longest message that goes into the ring as it is. */
  readonly #largestPlain: number;
  readonly #waits: AsyncWaitQueue;
  readonly #sourceWords = new BufferWords();
  #hasLoan = false;
  #bytesToFillCheck = 0;
  #hasWarned = false;
  readonly #pins: PinWatch;

  constructor(attachment: Attachment, counts: SocketStatistics, prefixBytes: number) {
    this.attachment = attachment;
    this.#counts = counts;
    this.#encoder = new Encoder(attachment, counts);
    this.prefix = new Int32Array(prefixBytes / 4);
    this.#isRaw = attachment.codec.id === "raw";
    const largestRecord = (attachment.capacity - RING_GAP) / 2;
    this.#largestInline = Math.floor(largestRecord / 8) * 8 - RECORD_PAYLOAD - prefixBytes;
    this.#largestPlain = prefixBytes === 0 ? this.#largestInline : -1;
    this.#waits = new AsyncWaitQueue(this);
    this.#pins = new PinWatch(attachment);
    this.#regionRecord = this.#openLane();
    this.#takeOverRegion();
  }

  #openLane(): RegionRecord {
    const { ring, index, capacity, name } = this.attachment;
    const lane = ring.claimLane(index);
    if (lane < 0) {
      throw new ShmConnectionError(
        `cannot send on channel "${name}": it has ${MAX_LANES} senders, which is its limit; close ` +
          `some, or use a second channel`,
      );
    }
    const offset = ring.ringOf(lane) >>> 0;
    if (offset + capacity > this.attachment.sharedMemory.mappedBytes) this.attachment.remap();
    const newOffset = offset === 0 ? this.attachment.allocate(capacity) : 0;
    ring.openRing(lane, newOffset);
    if (ring.openLane(lane, index) === 0) {
      throw this.attachment.corruption(`lane ${lane} is out of range`);
    }
    return laneRegionRecord(this.attachment, lane);
  }

  /** Turns values into bytes. */
  get encoder(): Encoder {
    return this.#encoder;
  }

  /** From now on values may be `Noted`. */
  enableHeaders(): void {
    this.#encoder = new HeaderEncoder(this.attachment, this.#counts);
  }

  evictStalled(): void {
    this.#pins.evictStalled();
  }

  waitBoundMs(): number {
    return this.#pins.waitBoundMs;
  }

  /** Sends if there is room. */
  send(value: unknown): boolean {
    this.#checkReady();
    if (this.#isRaw && value instanceof Uint8Array) return this.#offer(value, 0);
    const { bytes, flags } = this.#encoder.encode(value);
    return this.#offer(bytes, flags);
  }

  #offer(bytes: Uint8Array, flags: number): boolean {
    if (this.write(bytes, flags)) return true;
    this.#reject();
    return false;
  }

  #reject(): void {
    checkSignalsOnPoll();
    if (this.#counts.dropped === 0) {
      logger.warn("the ring of {channel} is full: a message was not accepted", {
        channel: this.attachment.name,
      });
    }
    this.#counts.dropped++;
    this.attachment.ring.addDropped(1n);
    this.evictStalled();
  }

  /** Sends, blocking until there is room. */
  sendSync(value: unknown, options: TimeoutOptions | undefined): void {
    const timeoutMs = checkTimeout(options);
    this.#checkReady();
    const { bytes, flags } = this.#encoder.encode(value);
    if (this.write(bytes, flags)) return;
    const sent = waitSync(this, () => this.write(bytes, flags) || undefined, timeoutMs);
    if (sent === undefined) throw this.#fullError(timeoutMs);
  }

  /** Sends, waiting in the event loop until there is room. */
  async sendAsync(value: unknown, options: WaitOptions | undefined): Promise<void> {
    const timeoutMs = checkTimeout(options);
    options?.signal?.throwIfAborted();
    this.#checkReady();
    const encoded = this.#encoder.encode(value);
    if (this.#waits.size === 0 && this.write(encoded.bytes, encoded.flags)) return;
    const bytes = encoded.bytes.slice();
    // A commit publishes all that is claimed, so nothing is written beside an open loan.
    const attempt = () => !this.#hasLoan && this.write(bytes, encoded.flags) || undefined;
    if (await this.#waits.wait(attempt, options) === undefined) throw this.#fullError(timeoutMs);
  }

  #fullError(timeoutMs: number): ShmBufferFullError {
    this.#reject();
    return new ShmBufferFullError(
      `cannot send on channel "${this.attachment.name}": its ring of ${this.attachment.capacity} ` +
        `bytes stayed full for ${timeoutMs} ms; add receivers, raise capacityBytes, or wait longer`,
    );
  }

  /** Sends as many values as there is room for, in one commit. */
  sendMany(values: Iterable<unknown>): number {
    this.#checkReady();
    let accepted = 0;
    let staged = 0;
    try {
      for (const value of values) {
        const { bytes, flags } = this.#isRaw && value instanceof Uint8Array
          ? { bytes: value, flags: 0 }
          : this.#encoder.encode(value);
        if (!this.#stage(bytes, flags)) {
          if (staged > 0) this.#publish(staged);
          staged = 0;
          if (!this.#stage(bytes, flags)) {
            this.#reject();
            return accepted;
          }
        }
        staged++;
        accepted++;
      }
      return accepted;
    } finally {
      if (staged > 0) this.#publish(staged);
    }
  }

  /** Writes and publishes one message; false if there is no room. */
  write(bytes: Uint8Array, flags: number): boolean {
    if (!this.#stage(bytes, flags)) return false;
    this.#publish(1);
    return true;
  }

  #stage(bytes: Uint8Array, flags: number): boolean {
    const { length } = bytes;
    if (length > this.#largestPlain) return this.#stageIndirect(bytes, flags);
    const at = this.attachment.ring.claim(length, flags) >>> 0;
    if (at === 0) return this.#noSpace();
    this.#copyIn(bytes, length, at);
    this.#countSent(length);
    return true;
  }

  /** A message that needs a prefix, a block, or both. */
  #stageIndirect(bytes: Uint8Array, flags: number): boolean {
    const { length } = bytes;
    if (length > this.#largestInline) return this.#stageBlock(bytes, flags);
    const prefixBytes = this.prefix.byteLength;
    const at = this.attachment.ring.claim(length + prefixBytes, flags) >>> 0;
    if (at === 0) return this.#noSpace();
    this.attachment.words.set(this.prefix, at >>> 2);
    this.attachment.bytes.set(bytes, at + prefixBytes);
    this.#countSent(length);
    return true;
  }

  /** The ring is full, unless its words cannot be right. */
  #noSpace(): false {
    if (this.attachment.ring.isLaneValid() === 0) {
      this.#counts.errors++;
      throw this.attachment.corruption("the words of a lane were overwritten");
    }
    return false;
  }

  #countSent(length: number): void {
    const counts = this.#counts;
    this.#bytesToFillCheck -= length + RECORD_PAYLOAD;
    counts.bytes += length;
    checkSignals(++counts.sent);
    if (tracing) this.#traceSent(length);
  }

  #traceSent(length: number): void {
    trace(`sent ${length} B on "${this.attachment.name}", #${this.#counts.sent}`);
  }

  #copyIn(bytes: Uint8Array, length: number, at: number): void {
    const source = this.#sourceWords.of(bytes, length);
    if (source === undefined) this.attachment.bytes.set(bytes, at);
    else copyWords(source, 0, this.attachment.words, at >>> 2, length >>> 2);
  }

  #publish(messages: number): void {
    const { attachment } = this;
    if (attachment.ring.commit() !== 0) this.#wakeReceivers(messages);
    if (this.#bytesToFillCheck <= 0) this.#checkFill();
  }

  #wakeReceivers(messages: number): void {
    const limit = this.attachment.kind === "broadcast" ? Infinity : messages;
    for (let woken = 0; woken < limit; woken++) {
      if (!this.attachment.wakeOne(WAITERS_RECEIVERS)) return;
    }
  }

  #checkFill(): void {
    this.#bytesToFillCheck = this.attachment.capacity / FILL_CHECKS;
    if (this.attachment.kind === "broadcast") return;
    const share = (this.attachment.ring.usedBytes() >>> 0) / this.attachment.capacity;
    if (share < FILL_WARNING) this.#hasWarned = false;
    else if (!this.#hasWarned) {
      this.#hasWarned = true;
      logger.warn("the ring of {channel} is {percent}% full", {
        channel: this.attachment.name,
        percent: Math.floor(share * 100),
      });
    }
  }

  #stageBlock(bytes: Uint8Array, flags: number): boolean {
    const offset = this.#allocateBlock(bytes.length);
    if (offset < 0) return false;
    // The stamp comes before the bytes: whoever still follows an older reference here sees it change.
    if (!this.#tryReference(offset, bytes.length, flags)) return false;
    this.attachment.bytes.set(bytes, offset + BLOCK_HEADER_BYTES);
    this.#countSent(bytes.length);
    return true;
  }

  /** Stages a reference to a block, which is free again if there is no room for that. */
  #tryReference(offset: number, length: number, flags: number): boolean {
    let isStaged = false;
    try {
      isStaged = this.#stageReference(offset, length, flags);
    } finally {
      if (!isStaged) this.#allocator.free(offset);
    }
    return isStaged;
  }

  #stageReference(offset: number, length: number, flags: number): boolean {
    const { ring, words } = this.attachment;
    const prefixBytes = this.prefix.byteLength;
    const at = ring.claim(prefixBytes + REFERENCE_BYTES, flags | RECORD_BLOCK) >>> 0;
    if (at === 0) return this.#noSpace();
    if (prefixBytes !== 0) words.set(this.prefix, at >>> 2);
    const reference = (at + prefixBytes) >>> 2;
    words[reference] = offset;
    words[reference + 1] = 0;
    words[reference + 2] = length;
    words[reference + 3] = 0;
    words[offset >>> 2] = ring.claimedTag(offset, length);
    this.#liveBlocks.push({ position: ring.claimedPosition(), offset });
    return true;
  }

  #allocateBlock(messageBytes: number): number {
    if (messageBytes > MAX_MESSAGE_BYTES) {
      throw new RangeError(
        `cannot send ${messageBytes} bytes on channel "${this.attachment.name}": a message has at most ` +
          `${MAX_MESSAGE_BYTES} bytes; split it`,
      );
    }
    const bytes = messageBytes + BLOCK_HEADER_BYTES;
    this.#freeBlocks();
    let offset = this.#allocator.allocate(bytes);
    if (offset < 0 && bytes <= this.#largestBlock && this.attachment.kind === "broadcast") {
      offset = this.#evictFor(bytes);
    }
    if (offset >= 0 || bytes <= this.#largestBlock) return offset;
    this.#addRegion(bytes);
    return this.#allocator.allocate(bytes);
  }

  /** A publisher gives up its oldest messages until one more big one fits; -1 if none does. */
  #evictFor(bytes: number): number {
    let offset = -1;
    while (offset < 0 && this.#liveBlocks.length > 0) {
      const blocks = this.#liveBlocks.length;
      this.attachment.ring.evictBefore(this.#liveBlocks[0].position);
      this.#freeBlocks();
      if (this.#liveBlocks.length === blocks) return -1;
      offset = this.#allocator.allocate(bytes);
    }
    return offset;
  }

  #addRegion(bytes: number): void {
    const size = Math.ceil(bytes / 65536) * 65536 * (bytes <= DOUBLE_BLOCK_BYTES ? 2 : 1);
    const region = { offset: this.attachment.allocate(size), bytes: size };
    this.#regionRecord.write(region);
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#largestBlock = bytes;
  }

  /** Goes on with the room of the lane's last writer, of which its unread messages take their parts. */
  #takeOverRegion(): void {
    const region = this.#regionRecord.read();
    if (!region) return;
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#largestBlock = region.bytes;
    const { ring, words } = this.attachment;
    for (let at = ring.nextHandover() >>> 0; at !== 0; at = ring.nextHandover() >>> 0) {
      const reference = (at + this.prefix.byteLength) >>> 2;
      const offset = words[reference] >>> 0;
      const bytes = BLOCK_HEADER_BYTES + (words[reference + 2] >>> 0);
      if (!this.#allocator.reserve(offset, bytes)) continue;
      this.#liveBlocks.push({ position: ring.handoverPosition(), offset });
    }
  }

  #freeBlocks(): void {
    if (this.#liveBlocks.length === 0) return;
    const released = this.attachment.ring.releasedPosition();
    while (this.#liveBlocks.length > 0 && isReached(this.#liveBlocks[0].position, released)) {
      this.#allocator.free(this.#liveBlocks.shift()!.offset);
    }
  }

  /** Lends a place in the ring; undefined when it is full. */
  loan(byteLength: number): Loan | undefined {
    this.#checkReady();
    if (!this.#isRaw) {
      throw new TypeError(
        `cannot lend room on channel "${this.attachment.name}": its codec is ` +
          `"${this.attachment.codec.id}", and a loan is bytes; open the channel with codec "raw"`,
      );
    }
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new RangeError(`byteLength must be a whole number, at least 0, not ${byteLength}`);
    }
    const loan = byteLength > this.#largestInline
      ? this.#loanBlock(byteLength)
      : this.#loanInline(byteLength);
    if (loan === undefined) this.evictStalled();
    return loan;
  }

  #loanInline(byteLength: number): Loan | undefined {
    const at = this.attachment.ring.claim(byteLength, 0) >>> 0;
    if (at === 0) return void this.#noSpace();
    const bytes = this.attachment.bytes.subarray(at, at + byteLength);
    return this.#createLoan(bytes, () => this.attachment.ring.abort());
  }

  #loanBlock(byteLength: number): Loan | undefined {
    const offset = this.#allocateBlock(byteLength);
    if (offset < 0) return undefined;
    if (!this.#tryReference(offset, byteLength, 0)) return undefined;
    const at = offset + BLOCK_HEADER_BYTES;
    const bytes = this.attachment.bytes.subarray(at, at + byteLength);
    return this.#createLoan(bytes, () => {
      this.attachment.ring.abort();
      this.#liveBlocks.pop();
      this.#allocator.free(offset);
    });
  }

  #createLoan(bytes: Uint8Array, abort: () => void): Loan {
    this.#hasLoan = true;
    this.attachment.ring.invalidateClaim();
    const commit = () => {
      this.attachment.ring.restoreClaim();
      this.#countSent(bytes.length);
      this.#publish(1);
    };
    let isDone = false;
    const finish = (action: () => void, isMisuse: boolean) => {
      if (isDone && isMisuse) throw new TypeError("this loan was committed or aborted already");
      if (isDone || this.attachment.isClosed) return;
      isDone = true;
      this.#hasLoan = false;
      action();
      if (this.#waits.size > 0) this.#waits.poll();
    };
    return {
      bytes,
      commit: () => {
        this.attachment.checkOpen();
        finish(commit, true);
      },
      abort: () => finish(abort, true),
      [Symbol.dispose]: () => finish(abort, false),
    };
  }

  #checkReady(): void {
    const { words, isClosed } = this.attachment;
    if (isClosed || words[HEADER_STATUS >>> 2] !== STATUS_OPEN) this.attachment.checkOpen();
    if (this.#hasLoan) this.#throwLoanOpen();
  }

  #throwLoanOpen(): never {
    throw new TypeError(
      `cannot send on channel "${this.attachment.name}": a loan is open; commit or abort it first`,
    );
  }

  /** Waits in the event loop for an attempt that sends. */
  waitAsync<T>(
    attempt: () => T | undefined,
    options: WaitOptions | undefined,
  ): Promise<T | undefined> {
    return this.#waits.wait(attempt, options);
  }

  /** Ends what waits. */
  abortWaits(error: unknown): void {
    this.#waits.rejectAll(error);
  }
}

/** True if one position is at or before another; both are known modulo 2^53 and lie close together. */
export function isReached(position: number, released: number): boolean {
  const ahead = position - released;
  return ahead > 0 ? ahead > 2 ** 52 : ahead > -(2 ** 52);
}
