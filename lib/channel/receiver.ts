/**
 * The receiving half of a socket whose messages are done when they are received.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { CODEC_NAMES } from "../codecs/builtin.ts";
import type { Attachment } from "./attachment.ts";
import { Batch } from "./batch.ts";
import { newDecoder } from "./checked_decoder.ts";
import type { Decoder } from "./decoder.ts";
import { FrameCursor, type ReceivedFrame, type RequestRef } from "./frame_cursor.ts";
import { withHeader } from "./headers.ts";
import { LeaseTable } from "./lease_table.ts";
import { logger } from "../base/log.ts";
import { MessageWait } from "./message_wait.ts";
import { NONE, type None } from "../base/none.ts";
import type { MessageView, ReceiverApi } from "./receiver_api.ts";
import { type MessageReader, RecordRun } from "./record_run.ts";
import { checkTimeout } from "../base/option_checks.ts";
import { formatValue, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import type { SocketStatistics } from "./statistics.ts";
import { ConflatingCursor, TopicCursor } from "./topic_cursor.ts";
import { UndecodedFrames } from "./undecoded.ts";
import { ViewReader } from "./view_reader.ts";
import { POLL_ANY, POLL_FAIR, POLL_SPIN } from "../../wasm/layout.ts";

/**
 * Checks how many messages `drain` may receive.
 *
 * @throws {RangeError} if it is no whole number
 */
export function checkDrainLimit(limit: number): void {
  if (limit !== Infinity && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError(`drain takes a whole number, at least 0, not ${formatValue(limit)}`);
  }
}

/** How a subscriber receives messages with topics. */
export interface TopicReading {
  /** Patterns of the topics that it wants; undefined: all messages. */
  readonly topics?: readonly string[] | undefined;
  /** True if it wants the newest message of each topic alone. */
  readonly conflate?: boolean | undefined;
  /** True if it receives topics together with values. */
  readonly withTopic?: boolean | undefined;
}

function openCursor(
  attachment: Attachment,
  counts: SocketStatistics,
  isPooled: boolean,
  { topics, conflate }: TopicReading,
): FrameCursor {
  if (conflate) return new ConflatingCursor(attachment, counts, isPooled, topics);
  return topics === undefined
    ? new FrameCursor(attachment, counts, isPooled)
    : new TopicCursor(attachment, counts, isPooled, topics);
}

/** Receives the messages of a channel. */
export class Receiver<T> implements ReceiverApi<T> {
  readonly #attachment: Attachment;
  readonly #counts: SocketStatistics;
  readonly #cursor: FrameCursor;
  readonly #decoder: Decoder;
  readonly #wait: MessageWait<T>;
  readonly #views: ViewReader;
  readonly #undecoded = new UndecodedFrames<ReceivedFrame, T>((frame) =>
    this.#decoder.decode(frame) as T
  );
  readonly #batch = new Batch();
  /** Undefined until `readMany` or `drain` is called, and while `readMany` calls its reader. */
  #run: RecordRun | undefined;
  /** The runs that readers are in the middle of, the outermost first. */
  readonly #openRuns: RecordRun[] = [];
  #canBatch: boolean;
  #intoTarget: Uint8Array = new Uint8Array(0);
  readonly #trySpinInto = () => {
    const length = this.tryReceiveInto(this.#intoTarget, POLL_SPIN);
    return length < 0 ? NONE : length;
  };

  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    isPooled = false,
    reading: TopicReading = {},
  ) {
    this.#attachment = attachment;
    this.#counts = counts;
    this.#canBatch = attachment.kind !== "broadcast";
    this.#cursor = openCursor(attachment, counts, isPooled, reading);
    this.#decoder = newDecoder(attachment, counts, reading.withTopic);
    this.#wait = new MessageWait(this.#cursor, (mode) => this.tryReceive(mode));
    this.#views = new ViewReader(this.#cursor);
  }

  enableHeaders(): void {
    this.#cursor.enableHeaders();
    // A batch keeps no headers.
    this.#canBatch = false;
  }

  /** Begins with the newest messages of each ring that were sent before; with all that are left at `Infinity`. */
  beginBefore(messages: number): void {
    this.#cursor.beginBefore(messages);
  }

  get header(): string | undefined {
    return this.#cursor.header;
  }

  get topic(): string | undefined {
    return this.#cursor.receivedTopic?.text;
  }

  /** The request that was received last. */
  get requestRef(): RequestRef {
    return this.#cursor.requestRef;
  }

  tryReceive(mode: number = POLL_ANY): T | None {
    const frame = this.#undecoded.shift() ?? this.#receiveNext(mode);
    if (frame !== undefined) return this.#decode(frame);
    this.#cursor.checkNotClosed(mode);
    return NONE;
  }

  get isReady(): boolean {
    return this.#undecoded.isReady(this.#cursor);
  }

  #receiveNext(mode: number): ReceivedFrame | undefined {
    const cursor = this.#cursor;
    const placed = cursor.receivePlacedFrame(mode);
    if (placed !== undefined) return placed;
    while (cursor.next(mode)) {
      const frame = cursor.receive();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  #decode(frame: ReceivedFrame): T {
    try {
      return this.#decoder.decode(frame) as T;
    } catch (cause) {
      throw this.#decoder.error(cause);
    }
  }

  receiveSync(options: TimeoutOptions | undefined): T {
    return this.#wait.receiveSync(options);
  }

  receive(options: WaitOptions | undefined): Promise<T> {
    return this.#wait.receive(options);
  }

  tryReceiveInto(target: Uint8Array, mode: number = POLL_ANY): number {
    this.#checkReady();
    if (this.#undecoded.length > 0) return this.#copyUndecoded(target);
    const cursor = this.#cursor;
    const placed = cursor.receivePlaced(target, mode);
    return placed >= 0 ? placed : this.#receiveFound(target, mode);
  }

  #receiveFound(target: Uint8Array, mode: number): number {
    const cursor = this.#cursor;
    while (cursor.next(mode)) {
      const { length } = cursor;
      if (length > target.length) this.#checkFits(target.length);
      else {
        cursor.copyInto(target);
        if (cursor.take()) return length;
      }
    }
    cursor.checkNotClosed(mode);
    return -1;
  }

  /** A message that is too long for its target may have been overwritten while its length was read. */
  #checkFits(targetBytes: number): void {
    if (!this.#cursor.isStale()) throw this.#tooSmallError(this.#cursor.length, targetBytes);
  }

  #copyUndecoded(target: Uint8Array): number {
    const { bytes } = this.#undecoded.first;
    if (bytes.length > target.length) throw this.#tooSmallError(bytes.length, target.length);
    target.set(bytes);
    this.#cursor.recall(this.#undecoded.shift()!);
    return bytes.length;
  }

  #tooSmallError(messageBytes: number, targetBytes: number): RangeError {
    return new RangeError(
      `cannot receive on channel "${this.#attachment.name}": the message has ` +
        `${pluralize(messageBytes, "byte")}, ` +
        `and the target ${targetBytes}; it stays for a larger target`,
    );
  }

  receiveIntoSync(target: Uint8Array, options: TimeoutOptions | undefined): number {
    const timeoutMs = options === undefined ? Infinity : checkTimeout(options);
    const quick = this.tryReceiveInto(target, POLL_FAIR);
    return quick >= 0 ? quick : this.#blockInto(target, timeoutMs);
  }

  #blockInto(target: Uint8Array, timeoutMs: number): number {
    this.#intoTarget = target;
    const waited = this.#wait.block(this.#trySpinInto, timeoutMs);
    const length = waited === NONE ? this.tryReceiveInto(target) : waited;
    if (length < 0) throw this.#wait.timeoutError(timeoutMs);
    return length;
  }

  drain(limit: number): T[] {
    checkDrainLimit(limit);
    this.#checkReady();
    const values: T[] = [];
    // A codec of the program may close the socket.
    while (values.length < limit && !this.#attachment.isClosed) {
      if (!this.#drainSome(limit - values.length, values)) break;
    }
    if (limit === 0) this.#cursor.checkTermination();
    else if (values.length === 0) this.#cursor.checkNotClosed(POLL_ANY);
    return values;
  }

  /** Receives some messages; false when there is none, or if an error has to wait for the next call. */
  #drainSome(limit: number, values: T[]): boolean {
    try {
      return this.#undecoded.length > 0
        ? this.#decodeKept(values)
        : this.#attachment.isRaw && !this.#decoder.wraps
        ? this.#receiveArrays(limit, values)
        : this.#canBatch
        ? this.#receiveBatch(limit, values)
        : this.#receiveOne(values);
    } catch (error) {
      if (values.length === 0) throw error;
      this.#undecoded.keepError(error);
      return false;
    }
  }

  /** Decodes a frame that was kept; false if its error has to wait for the next call. */
  #decodeKept(values: T[]): boolean {
    if (values.length > 0) return this.#undecoded.tryDecodeFirst(values);
    values.push(this.#decode(this.#undecoded.shift()!));
    return true;
  }

  /** Takes one message; false when there is none. */
  #receiveOne(values: T[]): boolean {
    const frame = this.#receiveNext(POLL_ANY);
    if (frame !== undefined) this.#undecoded.decodeOrKeep(frame, values);
    return frame !== undefined;
  }

  /** Takes arrays that lie side by side together; false when there is nothing. */
  #receiveArrays(limit: number, values: T[]): boolean {
    const cursor = this.#cursor;
    if (!cursor.next(POLL_ANY)) return false;
    const run = this.#run ??= new RecordRun();
    const messages = cursor.receiveRun(run, limit);
    if (messages > 0) run.addTo(values);
    else if (messages < 0) {
      const frame = cursor.receive();
      if (frame !== undefined) this.#undecoded.decodeOrKeep(frame, values);
    }
    return true;
  }

  /** Takes what one lane holds with one move of its tail; false when there is nothing. */
  #receiveBatch(limit: number, values: T[]): boolean {
    try {
      return this.#fillBatch(limit, values);
    } finally {
      if (!this.#attachment.isClosed) this.#cursor.closeBatch();
      this.#batch.clear();
    }
  }

  #fillBatch(limit: number, values: T[]): boolean {
    const attachment = this.#attachment;
    const { words } = attachment;
    const batch = this.#batch;
    const cursor = this.#cursor;
    while (batch.length < limit && !batch.isFull && cursor.next(POLL_ANY)) {
      if (words !== attachment.words) break;
      if (batch.length === 0 && attachment.ring.returnedSlot() !== 0) {
        return this.#receiveReturned(values);
      }
      if (!cursor.stepInto(batch)) return true;
    }
    if (batch.length === 0) return words !== attachment.words;
    if (cursor.takeBatch(batch)) this.#decodeBatch(values);
    return true;
  }

  /** A message that was returned is taken by itself; true, since there may be more. */
  #receiveReturned(values: T[]): boolean {
    const frame = this.#cursor.receive();
    if (frame !== undefined) this.#undecoded.decodeOrKeep(frame, values);
    return true;
  }

  #decodeBatch(values: T[]): void {
    const batch = this.#batch;
    const { isRaw, codec } = this.#attachment;
    // Bytes in place do not outlive the socket, which a codec of the program may close.
    const arrays = isRaw || !CODEC_NAMES.includes(codec.id) ? batch.toArrays() : undefined;
    for (let i = 0; i < batch.length; i++) {
      const bytes = arrays ? arrays[i] : batch.viewOf(i);
      const flags = batch.flagsOf(i);
      if (isRaw && arrays && flags === 0 && this.#undecoded.length === 0) {
        values.push(bytes as T);
      } else this.#undecoded.decodeOrKeep({ bytes, flags }, values);
    }
  }

  readMany(reader: MessageReader, limit: number): number {
    this.#checkReady();
    let count = 0;
    // The reader may close the socket.
    while (count < limit && !this.#attachment.isClosed) {
      const read = this.#undecoded.length > 0
        ? this.#readFrame(this.#undecoded.shift()!, reader)
        : this.#readNext(reader, limit - count);
      if (read === 0) break;
      count += read;
    }
    if (limit === 0) this.#cursor.checkTermination();
    else if (count === 0) this.#cursor.checkNotClosed(POLL_ANY);
    return count;
  }

  #readNext(reader: MessageReader, limit: number): number {
    const cursor = this.#cursor;
    while (cursor.next(POLL_ANY)) {
      // The reader may read as well.
      const run = this.#run ??= new RecordRun();
      const messages = cursor.receiveRun(run, limit);
      if (messages > 0) return this.#readRun(run, messages, reader);
      const frame = messages < 0 ? cursor.receive() : undefined;
      if (frame !== undefined) return this.#readFrame(frame, reader);
    }
    return 0;
  }

  #readFrame(frame: ReceivedFrame, reader: MessageReader): number {
    this.#cursor.recall(frame);
    reader(frame.bytes, 0, frame.bytes.length);
    return 1;
  }

  /** What the reader has not seen when it throws is received by later calls. */
  #readRun(run: RecordRun, messages: number, reader: MessageReader): number {
    this.#run = undefined;
    this.#openRuns.push(run);
    try {
      run.read(reader);
    } catch (error) {
      this.#keepRest(run);
      throw error;
    } finally {
      this.#openRuns.pop();
      this.#run = run;
    }
    return messages - run.shifted;
  }

  #keepRest(run: RecordRun): void {
    for (let bytes = run.shift(); bytes !== undefined; bytes = run.shift()) {
      this.#undecoded.keep({ bytes, flags: 0 });
    }
  }

  tryReceiveView(): MessageView | undefined {
    this.#checkReady();
    this.#views.checkReady();
    const frame = this.#undecoded.shift();
    if (frame) {
      this.#cursor.recall(frame);
      return { bytes: frame.bytes, intact: true, [Symbol.dispose]() {} };
    }
    const view = this.#views.tryRead();
    if (view === undefined) this.#cursor.checkNotClosed(POLL_ANY);
    return view;
  }

  #checkReady(): void {
    if (this.#attachment.isClosed) this.#attachment.checkOpen();
  }

  get missed(): number {
    return this.#attachment.isClosed ? this.#counts.missed : this.#attachment.ring.missedMessages();
  }

  abortWaits(error: unknown): void {
    this.#counts.missed = this.missed;
    this.#cursor.reportLosses(this.missed);
    this.#returnUnread();
    this.#cursor.flushTail();
    this.#wait.rejectAll(error);
  }

  /** Messages that were taken together, and not handed out since a reader or a decoder failed, or has closed. */
  #returnUnread(): void {
    const kept = this.#undecoded.removeAll();
    for (const run of this.#openRuns) this.#keepRest(run);
    const frames = [...this.#undecoded.removeAll(), ...kept];
    if (frames.length === 0 || this.#attachment.kind !== "queue") return;
    let returned = 0;
    try {
      const leases = new LeaseTable(this.#attachment);
      for (const { bytes, flags } of frames.map(withHeader)) {
        leases.giveBack(bytes, flags, returned);
        returned++;
      }
    } catch (error) {
      this.#reportLost(frames.length - returned, error);
    }
  }

  #reportLost(count: number, error: unknown): void {
    logger.warn(
      "a puller of {channel} was closed before it received {messages} that it had taken, which are lost " +
        "since they cannot be returned: {error}",
      { channel: this.#attachment.name, messages: pluralize(count, "message"), count, error },
    );
  }
}
