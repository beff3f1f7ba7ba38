/**
 * The base of subscribers and pullers.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import {
  READ_MANY_OPTIONS,
  RECV_INTO_SYNC_OPTIONS,
  RECV_OPTIONS,
  RECV_SYNC_OPTIONS,
} from "./options.ts";
import type { ReadManyOptions } from "./option_types.ts";
import type { MessageReader } from "../channel/record_run.ts";
import { callback } from "../base/option_checks.ts";
import { AckReceiver } from "../channel/ack_receiver.ts";
import type { ChannelKind, Role } from "../segment/format.ts";

import { closedWhileWaiting } from "../channel/closed.ts";
import { ShmClosedError } from "../base/errors.ts";
import { orUndefined } from "../base/none.ts";
import type { MessageView } from "../channel/receiver_api.ts";
import type { PollSource } from "../channel/poll_source.ts";
import { POLL_SOURCE } from "../channel/wait.ts";
import { Receiver } from "../channel/receiver.ts";
import type { ReceiverApi } from "../channel/receiver_api.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { InstrumentedReceiver } from "./instrumented_receiver.ts";
import type { SubscriberOptions } from "./option_types.ts";
import { Socket } from "./socket.ts";
import type { SocketStatistics } from "../channel/statistics.ts";

/**
 * The receiver of a socket that has instrumentation.
 * @internal
 */
export let instrumentedReceiverOf: <T>(
  socket: ReceivingSocket<T>,
) => InstrumentedReceiver<T> | undefined;

/** A socket that receives. */
export abstract class ReceivingSocket<T> extends Socket {
  readonly #receiver: ReceiverApi<T>;

  static {
    instrumentedReceiverOf = (socket) => {
      const receiver = socket.#receiver;
      return receiver instanceof InstrumentedReceiver ? receiver : undefined;
    };
  }

  /**
   * Attaches to a channel. With `maxUnacked`, messages are held until they are acknowledged, up to that
   * number. Only a subscriber has `since`.
   */
  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: SubscriberOptions | undefined,
    maxUnacked?: number,
  ) {
    super(target, kind, role, options);
    const receiver = this.closeOnError(() => this.#openReceiver(options, maxUnacked));
    const instrumentation = options?.instrumentation;
    this.#receiver = instrumentation === undefined
      ? receiver
      : new InstrumentedReceiver(receiver, this.name, instrumentation);
  }

  #openReceiver(
    { pooled: isPooled = false, since = "now", ...reading }: SubscriberOptions = {},
    maxUnacked: number | undefined,
  ): ReceiverApi<T> {
    const { attachment, counts } = this;
    if (maxUnacked === undefined) {
      const receiver = new Receiver<T>(attachment, counts, isPooled, reading);
      if (since !== "now") receiver.beginBefore(since === "oldest" ? Infinity : since);
      return receiver;
    }
    const receiver = new AckReceiver(attachment, counts, maxUnacked, isPooled);
    return receiver as unknown as ReceiverApi<T>;
  }

  /**
   * Receives a message if one is there.
   *
   * @returns undefined when there is none. A message may be `undefined` as well: `drain`
   *   distinguishes the two.
   * @throws {ShmSerializationError} if the message cannot be decoded; the next one is not affected
   * @throws {ShmCorruptionError} if the segment is damaged
   */
  tryRecv(): T | undefined {
    if (arguments.length > 0) checkNoMore("tryRecv()", arguments, 0, "recvSync() or recv()");
    this.checkReady();
    return orUndefined(this.#receiver.tryReceive());
  }

  /**
   * Receives a message, blocking this thread until one arrives.
   *
   * @throws {ShmTimeoutError} if none arrived within `timeoutMs`
   */
  recvSync(options?: TimeoutOptions): T;
  recvSync(options?: TimeoutOptions, more?: unknown): T {
    RECV_SYNC_OPTIONS.check(options, more);
    return this.#receiver.receiveSync(options);
  }

  /**
   * Receives a message, waiting in the event loop. Calls are served in their order.
   *
   * @throws {ShmTimeoutError} if none arrived within `timeoutMs`
   */
  recv(options?: WaitOptions): Promise<T>;
  recv(options?: WaitOptions, more?: unknown): Promise<T> {
    return RECV_OPTIONS.rejection(options, more) ?? this.#receiver.receive(options);
  }

  /** Receives up to `limit` messages that are there. This costs less than one call for each. */
  drain(limit: number = Infinity): T[] {
    if (arguments.length > 1) checkNoMore("drain()", arguments, 1);
    return this.#receiver.drain(limit);
  }

  /**
   * Receives a message's bytes into `target` without an allocation.
   *
   * @returns the message's length in bytes, -1 when there is none
   * @throws {RangeError} if the target is too small; the message stays
   */
  tryRecvInto(target: Uint8Array): number;
  tryRecvInto(target: Uint8Array, more?: unknown): number {
    // To read `arguments` costs some percent of a message.
    if (more !== undefined) checkNoMore("tryRecvInto()", [target, more], 1, "recvIntoSync()");
    return this.#receiver.tryReceiveInto(target);
  }

  /**
   * Receives a message's bytes into `target`, blocking this thread until one arrives.
   *
   * @returns the message's length in bytes
   * @throws {ShmTimeoutError} if none arrived within `timeoutMs`
   * @throws {RangeError} if the target is too small; the message stays
   */
  recvIntoSync(target: Uint8Array, options?: TimeoutOptions): number;
  recvIntoSync(target: Uint8Array, options?: TimeoutOptions, more?: unknown): number {
    if (options !== undefined || more !== undefined) RECV_INTO_SYNC_OPTIONS.check(options, more);
    return this.#receiver.receiveIntoSync(target, options);
  }

  /**
   * Passes the bytes of messages that are there to a reader, one after another, without an allocation. This
   * costs the least of all calls. Small messages are copied and taken many at a time.
   *
   * The bytes of a message are `length` bytes of `bytes` from `offset` on, valid until the reader returns.
   * When the reader throws, its error is thrown, and messages that it has not seen are received by the next
   * calls. When the socket is closed before that, or by the reader, the reader gets no more, and a puller
   * returns them to the queue.
   *
   * @returns how many messages were read; 0 when there is none
   * @throws {TypeError} if `reader` is no function, an option is unknown, or the puller acknowledges
   * @throws {RangeError} if `limit` is not a whole number, at least 0
   *
   * @example
   * ```ts
   * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw" });
   * using puller = new Puller<Uint8Array>(channel.handle, { codec: "raw" });
   *
   * pusher.sendMany(new Uint8Array([1, 2, 3]), [1, 2]);
   * let sum = 0;
   * puller.readMany((bytes, offset, length) => {
   *   for (let i = offset; i < offset + length; i++) sum += bytes[i];
   * });
   * console.log(sum); // 6
   * ```
   */
  readMany(reader: MessageReader, options?: ReadManyOptions): number {
    if (arguments.length > 2) checkNoMore("readMany()", arguments, 2);
    callback("reader", reader);
    if (options !== undefined) READ_MANY_OPTIONS.check(options);
    return this.#receiver.readMany(reader, options?.limit ?? Infinity);
  }

  /**
   * Reads the next message in place; undefined when there is none. One view at a time. On a queue
   * the sender does not reuse the bytes until the view is disposed. On a broadcast check `view.intact`
   * after reading, since the publisher does not wait.
   */
  recvView(): MessageView | undefined {
    if (arguments.length > 0) checkNoMore("recvView()", arguments, 0);
    return this.#receiver.tryReceiveView();
  }

  /**
   * Topic of the message that was received last.
   * @internal
   */
  protected get lastTopic(): string | undefined {
    return this.#receiver.topic;
  }

  /** Receives until the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<T> {
    while (!this.closed) {
      try {
        yield await this.#receiver.receive(undefined);
      } catch (error) {
        if (error instanceof ShmClosedError) return;
        throw error;
      }
    }
  }

  /**
   * How a poll sees this socket.
   * @internal
   */
  [POLL_SOURCE](): PollSource {
    const { attachment } = this;
    return { attachment, dueAtMs: Infinity, isReady: () => this.#receiver.isReady };
  }

  /** Counts since the socket was opened. */
  override statistics(): SocketStatistics {
    return { ...this.counts, missed: this.#receiver.missed };
  }

  /**
   * From now on values with a header are received as `WithHeader`.
   * @internal
   */
  protected override enableHeaders(): void {
    this.#receiver.enableHeaders();
  }

  /**
   * Ends all waits.
   * @internal
   */
  protected override abortWaits(): void {
    this.#receiver.abortWaits(closedWhileWaiting(this.name));
  }
}
