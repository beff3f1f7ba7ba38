/**
 * The base of publishers and pushers.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { SEND_ASYNC_OPTIONS, SEND_SYNC_OPTIONS } from "./options.ts";
import type { PublisherOptions } from "./option_types.ts";
import type { ChannelKind, Role } from "../segment/format.ts";

import { closedWhileWaiting } from "../channel/closed.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { historyBytes } from "../channel/history.ts";
import type { Loan } from "../channel/loan.ts";
import { isLengths } from "../channel/packed_messages.ts";
import { Sender } from "../channel/sender.ts";
import type { SenderApi } from "../channel/sender_api.ts";
import { InstrumentedSender } from "./instrumented_sender.ts";
import { Socket } from "./socket.ts";

/** A socket that sends. */
export abstract class SendingSocket<T> extends Socket {
  readonly #sender: SenderApi;

  /** Attaches to a channel and claims a lane of it. Only a publisher has a `history`. */
  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: PublisherOptions | undefined,
  ) {
    super(target, kind, role, options);
    const sender = this.closeOnError(() => this.#openSender(options));
    const instrumentation = options?.instrumentation;
    this.#sender = instrumentation === undefined
      ? sender
      : new InstrumentedSender(sender, this.name, instrumentation);
  }

  #openSender(options: PublisherOptions = {}): Sender {
    const { attachment, counts } = this;
    const keptBytes = historyBytes(attachment.name, attachment.ringBytes, options);
    const sender = new Sender(attachment, counts, 0);
    attachment.ring.keepHistory(keptBytes);
    return sender;
  }

  /**
   * Sends a value if there is space, and returns at once.
   *
   * @returns false if the ring is full; a publisher's never is
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {RangeError} if the message is larger than any channel can carry
   * @throws {ShmClosedError} if the socket is closed
   */
  send(value: T): boolean;
  send(value: T, more?: unknown): boolean {
    // To read `arguments` costs some percent of a message.
    if (more !== undefined) checkNoMore("send()", [value, more], 1, "sendSync() or sendAsync()");
    return this.#sender.send(value);
  }

  /**
   * Sends a value, blocking this thread until there is space.
   *
   * @throws {ShmBufferFullError} if there was none within `timeoutMs`
   * @throws {ShmSerializationError} if the value cannot be encoded
   */
  sendSync(value: T, options?: TimeoutOptions): void;
  sendSync(value: T, options?: TimeoutOptions, more?: unknown): void {
    SEND_SYNC_OPTIONS.check(options, more);
    this.#sender.sendSync(value, options);
  }

  /**
   * Sends a value, waiting in the event loop until there is space.
   *
   * @throws {ShmBufferFullError} if there was none within `timeoutMs`
   * @throws {ShmSerializationError} if the value cannot be encoded
   */
  sendAsync(value: T, options?: WaitOptions): Promise<void>;
  sendAsync(value: T, options?: WaitOptions, more?: unknown): Promise<void> {
    return SEND_ASYNC_OPTIONS.rejection(options, more) ?? this.#sender.sendAsync(value, options);
  }

  /**
   * Sends values in one commit. This costs less than one call for each.
   *
   * @returns how many were accepted, from the first on
   */
  sendMany(values: Iterable<T>): number;
  /**
   * Sends messages that lie side by side in one buffer, in one commit. This costs the least of all calls.
   * Only with codec `"raw"`.
   *
   * @param bytes the messages, without anything between them
   * @param lengths the length of each message in bytes; their sum is at most `bytes.length`
   * @returns how many were accepted, from the first on
   * @throws {TypeError} if the codec is another one
   * @throws {RangeError} if a length is no whole number, or the lengths exceed the bytes
   *
   * @example
   * ```ts
   * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using subscriber = new Subscriber<Uint8Array>(channel.handle, { codec: "raw" });
   * using publisher = new Publisher<Uint8Array>(channel.handle, { codec: "raw" });
   *
   * publisher.sendMany(new Uint8Array([1, 2, 3]), [1, 2]);
   * console.log(subscriber.drain()); // [Uint8Array [1], Uint8Array [2, 3]]
   * ```
   */
  sendMany(bytes: Uint8Array, lengths: ArrayLike<number>): number;
  sendMany(values: Iterable<T> | Uint8Array, lengths?: ArrayLike<number>): number {
    const isPacked = isLengths(lengths);
    if (arguments.length > 1) {
      checkNoMore("sendMany()", arguments, isPacked ? 2 : 1, "sendSync() or sendAsync()");
    }
    return isPacked
      ? this.#sender.sendPacked(values as Uint8Array, lengths)
      : this.#sender.sendMany(values);
  }

  /**
   * Lends space for a message of exactly `byteLength` bytes, to be written in place; undefined when the
   * ring is full. Only with codec `"raw"`, and one loan at a time. Other sockets send and receive
   * meanwhile.
   */
  loan(byteLength: number): Loan | undefined {
    if (arguments.length > 1) checkNoMore("loan()", arguments, 1);
    return this.#sender.loan(byteLength);
  }

  /**
   * What sends, also with topics.
   * @internal
   */
  protected get sender(): SenderApi {
    return this.#sender;
  }

  /**
   * From now on values may be `WithHeader`.
   * @internal
   */
  protected override enableHeaders(): void {
    this.#sender.enableHeaders();
  }

  /**
   * Ends all waits.
   * @internal
   */
  protected override abortWaits(): void {
    this.#sender.abortWaits(closedWhileWaiting(this.name));
  }
}
