/**
 * The sending half of a socket.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { Attachment } from "./attachment.ts";
import { newEncoder } from "./checked_encoder.ts";
import type { Encoded, Encoder } from "./encoder.ts";
import { PinWatch } from "./fairness.ts";
import { ShmBufferFullError } from "../base/errors.ts";
import { checkSignalsOnPoll } from "../presence/exit_hooks.ts";
import { LaneWriter } from "./lane_writer.ts";
import { type Loan, SenderLoan } from "./loan.ts";
import { logger } from "../base/log.ts";
import { encodeHeader, HeaderEncoder } from "./headers.ts";
import { checkTimeout } from "../base/option_checks.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import type { SenderApi } from "./sender_api.ts";
import { PackedMessages } from "./packed_messages.ts";
import type { TopicWords } from "./topics.ts";
import type { SocketStatistics } from "./statistics.ts";
import { NONE, type None } from "../base/none.ts";
import { AsyncWaitQueue, type Attempt, type WaitContext, waitSync } from "./wait.ts";
import { HEADER_STATUS, STATUS_OPEN, WAITERS_SENDERS } from "../../wasm/layout.ts";

/** Sends values through a lane, and waits while it is full. */
export class Sender implements SenderApi, WaitContext {
  readonly attachment: Attachment;
  readonly side = WAITERS_SENDERS;
  readonly #counts: SocketStatistics;
  readonly #isRaw: boolean;
  /** Bytes are sent as they are, without the codec and without a check. */
  readonly #sendsBytes: boolean;
  readonly #lane: LaneWriter;
  readonly #pins: PinWatch;
  readonly #waits: AsyncWaitQueue;
  #encoder: Encoder;
  #hasLoan = false;
  /** A loan is open, or messages are staged: what the hot path checks. */
  #isBusy = false;
  /** `sendMany` stages, and since it began nothing else was done with the socket. */
  #isStaging = false;
  /** What `counts.sent` was when `sendMany` began, or published last. */
  #published = 0;

  /**
   * Claims a lane; `prefixBytes` come before each message.
   *
   * @throws {ShmConnectionError} if the channel has no lane or no memory left
   */
  constructor(attachment: Attachment, counts: SocketStatistics, prefixBytes: number) {
    this.attachment = attachment;
    this.#counts = counts;
    this.#isRaw = attachment.codec.id === "raw";
    this.#sendsBytes = this.#isRaw && attachment.checks?.outgoing === undefined;
    this.#encoder = newEncoder(attachment, counts);
    this.#lane = new LaneWriter(attachment, counts, prefixBytes);
    this.#pins = new PinWatch(attachment);
    this.#waits = new AsyncWaitQueue(this);
  }

  /**
   * A value as bytes. A getter of the value, or a codec of the program, may close the socket.
   *
   * @throws {ShmClosedError} if the socket is closed
   */
  encode(value: unknown): Encoded {
    const encoded = this.#encoder.encode(value);
    if (this.attachment.isClosed) this.attachment.checkOpen();
    return encoded;
  }

  /** Words put before every message; the caller sets them before each send. */
  get prefix(): Int32Array {
    return this.#lane.prefix;
  }

  /** From now on values may be `WithHeader`. */
  enableHeaders(): void {
    if (this.#encoder instanceof HeaderEncoder) return;
    this.#encoder = new HeaderEncoder(this.attachment, this.#counts);
  }

  evictStalled(): void {
    this.#pins.evictStalled();
  }

  waitBoundMs(): number {
    return this.#pins.waitBoundMs;
  }

  /** Sends if there is space; false if there is none. */
  send(value: unknown): boolean {
    this.checkReady();
    if (this.#sendsBytes && isFilled(value)) return this.#offer(value, 0);
    const { bytes, flags } = this.encode(value);
    return this.#offer(bytes, flags);
  }

  /** Sends with a topic if there is space; false if there is none. */
  sendWithTopic(value: unknown, topic: TopicWords): boolean {
    this.checkReady();
    const { bytes, flags } = this.encode(value);
    if (this.#lane.writeWithTopic(bytes, flags, topic)) return true;
    this.#reject();
    return false;
  }

  #offer(bytes: Uint8Array, flags: number): boolean {
    if (this.#lane.write(bytes, flags)) return true;
    this.#reject();
    return false;
  }

  #reject(): void {
    if (checkSignalsOnPoll()) this.attachment.endAtNextCall();
    if (this.#counts.dropped === 0) {
      logger.warn("the ring of {channel} is full: a message was not accepted", {
        channel: this.attachment.name,
      });
    }
    this.#counts.dropped++;
    this.attachment.ring.addDropped(1n);
    this.evictStalled();
  }

  /**
   * Sends, blocking until there is space.
   *
   * @throws {ShmBufferFullError} if there is none within `timeoutMs`
   */
  sendSync(value: unknown, options: TimeoutOptions | undefined, topic?: TopicWords): void {
    const timeoutMs = checkTimeout(options);
    this.checkReady();
    const { bytes, flags } = this.encode(value);
    if (this.write(bytes, flags, topic)) return;
    const sent = waitSync(this, () => this.write(bytes, flags, topic) || NONE, timeoutMs);
    if (sent === NONE) throw this.#fullError(timeoutMs);
  }

  /**
   * Sends, waiting in the event loop until there is space.
   *
   * @throws {ShmBufferFullError} if there is none within `timeoutMs`
   */
  async sendAsync(
    value: unknown,
    options: WaitOptions | undefined,
    topic?: TopicWords,
  ): Promise<void> {
    try {
      const timeoutMs = checkTimeout(options);
      options?.signal?.throwIfAborted();
      this.checkReady();
      const encoded = this.encode(value);
      if (this.#waits.size === 0 && this.write(encoded.bytes, encoded.flags, topic)) return;
      const bytes = encoded.bytes.slice();
      // A commit publishes all that is claimed, so no message is written while a loan is open.
      const attempt = () => !this.#hasLoan && this.write(bytes, encoded.flags, topic) || NONE;
      if (await this.#waits.wait(attempt, options) === NONE) throw this.#fullError(timeoutMs);
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  #fullError(timeoutMs: number): ShmBufferFullError {
    this.attachment.checkOpen();
    this.#reject();
    return new ShmBufferFullError(
      `cannot send on channel "${this.attachment.name}": its ring of ${this.attachment.ringBytes} ` +
        `bytes stayed full for ${timeoutMs} ms; add receivers, raise capacityBytes, or wait longer`,
    );
  }

  /** Sends as many values as there is space for, in one commit; returns how many. */
  sendMany(values: Iterable<unknown>, topic?: TopicWords): number {
    this.checkReady();
    let accepted = 0;
    try {
      for (const value of values) {
        if (!this.#stage(value, topic)) break;
        accepted++;
      }
      if (accepted === 0 && checkSignalsOnPoll()) this.attachment.endAtNextCall();
      return accepted;
    } finally {
      this.#publishStaged();
    }
  }

  /** Sends as many messages of a packed buffer as there is space for, in one commit; returns how many. */
  sendPacked(bytes: Uint8Array, lengths: ArrayLike<number>, topic?: TopicWords): number {
    this.checkReady();
    if (!this.#isRaw) {
      throw new TypeError(
        `cannot send packed bytes on channel "${this.attachment.name}": its codec is ` +
          `"${this.attachment.codec.id}"; open the channel with codec "raw"`,
      );
    }
    const packed = new PackedMessages(bytes, lengths);
    if (topic !== undefined) return this.sendMany(packed, topic);
    try {
      while (packed.hasNext && this.#stagePacked(packed)) continue;
      return packed.sent;
    } finally {
      this.#publishStaged();
    }
  }

  /** Writes the next messages of a packed buffer; false if there is no space. */
  #stagePacked(packed: PackedMessages): boolean {
    if (!this.#isStaging) this.#beginStaging();
    return this.#lane.stageRun(packed) > 0 || this.#stageNext(packed);
  }

  #stageNext(packed: PackedMessages): boolean {
    if (!this.#stage(packed.next)) return false;
    packed.skip();
    return true;
  }

  /** Writes a value that is published later; false if there is no space, or the socket is closed. */
  #stage(value: unknown, topic?: TopicWords): boolean {
    let bytes: Uint8Array;
    let flags = 0;
    if (this.#sendsBytes && isFilled(value)) bytes = value;
    else ({ bytes, flags } = this.#encoder.encode(value));
    if (this.#tryStage(bytes, flags, topic)) return true;
    if (this.attachment.isClosed) return false;
    this.#publishStaged();
    if (this.#tryStage(bytes, flags, topic)) return true;
    this.#reject();
    return false;
  }

  #tryStage(bytes: Uint8Array, flags: number, topic: TopicWords | undefined): boolean {
    if (!this.#isStaging && !this.#beginStaging()) return false;
    return topic === undefined
      ? this.#lane.stage(bytes, flags)
      : this.#lane.stageWithTopic(bytes, flags, topic);
  }

  /**
   * The iterable, or a codec, may have closed the socket, taken a loan, or sent a message by itself, which
   * has published what was staged.
   */
  #beginStaging(): boolean {
    if (this.attachment.isClosed) return false;
    if (this.#hasLoan) this.#throwLoanOpen();
    this.#published = this.#counts.sent;
    this.#isStaging = this.#isBusy = true;
    return true;
  }

  #publishStaged(): void {
    if (!this.#isStaging) return;
    const messages = this.#counts.sent - this.#published;
    this.#isStaging = this.#isBusy = false;
    if (messages > 0) this.#lane.publish(messages);
  }

  /** Writes and publishes one message; false if there is no space. */
  write(bytes: Uint8Array, flags: number, topic?: TopicWords): boolean {
    return topic === undefined
      ? this.#lane.write(bytes, flags)
      : this.#lane.writeWithTopic(bytes, flags, topic);
  }

  /**
   * Lends space for a message of `byteLength` bytes, after a topic and a header; undefined when the ring is
   * full.
   */
  loan(byteLength: number, topic?: TopicWords, header?: string): Loan | undefined {
    this.checkReady();
    if (!this.#isRaw) {
      throw new TypeError(
        `cannot lend space on channel "${this.attachment.name}": its codec is ` +
          `"${this.attachment.codec.id}", and a loan is bytes; open the channel with codec "raw"`,
      );
    }
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new RangeError(`byteLength must be a whole number, at least 0, not ${byteLength}`);
    }
    const space = this.#lane.lend(
      byteLength,
      header === undefined ? undefined : encodeHeader(header),
      topic,
    );
    if (space === undefined) return void this.evictStalled();
    this.#hasLoan = this.#isBusy = true;
    return new SenderLoan(this.attachment, space, (action) => this.#endLoan(action));
  }

  #endLoan(action: () => void): void {
    this.#hasLoan = this.#isBusy = false;
    action();
    if (this.#waits.size > 0) this.#waits.poll();
  }

  /** Throws if the socket or the channel is closed, or if others no longer find it. */
  checkReady(): void {
    const { words, isUsable } = this.attachment;
    if (!isUsable || words[HEADER_STATUS >>> 2] !== STATUS_OPEN) this.attachment.checkOpen();
    if (this.#isBusy) this.#endBusy();
  }

  /** A loan keeps the lane; what `sendMany` has written is published first. */
  #endBusy(): void {
    if (this.#hasLoan) this.#throwLoanOpen();
    this.#publishStaged();
  }

  #throwLoanOpen(): never {
    throw new TypeError(
      `cannot send on channel "${this.attachment.name}": a loan is open; commit or abort it first`,
    );
  }

  /** Waits in the event loop for an attempt that sends. */
  waitAsync<T>(
    attempt: Attempt<T>,
    options: WaitOptions | undefined,
  ): Promise<T | None> {
    return this.#waits.wait(attempt, options);
  }

  /** Publishes what `sendMany` has written, and ends all waits with an error. */
  abortWaits(error: unknown): void {
    this.#publishStaged();
    this.#waits.rejectAll(error);
  }
}

/** True for bytes that can be read: a view without bytes may have lost its buffer. */
function isFilled(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length > 0;
}
