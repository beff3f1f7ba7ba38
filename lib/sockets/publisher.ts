/**
 * Publishing: each subscriber receives every message.
 *
 * @module
 */

import { isLengths } from "../channel/packed_messages.ts";
import type { Loan } from "../channel/loan.ts";
import { TopicEncoder, type TopicWords } from "../channel/topics.ts";
import {
  LOAN_OPTIONS,
  PUBLISH_ASYNC_OPTIONS,
  PUBLISH_MANY_OPTIONS,
  PUBLISH_OPTIONS,
  PUBLISH_SYNC_OPTIONS,
  PUBLISHER_OPTIONS,
} from "./options.ts";
import type {
  PublisherOptions,
  TopicOptions,
  TopicTimeoutOptions,
  TopicWaitOptions,
} from "./option_types.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { SendingSocket } from "./sending_socket.ts";

/**
 * Sends messages to all subscribers of a channel. It never waits and its ring is never full: the oldest
 * messages are overwritten, and a subscriber that has not read them can see how many it missed.
 *
 * Costs: about 50 ns a small message of bytes, plus the codec. Not safe to share between workers: give
 * each worker a publisher of its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<{ cmd: string }>(channel.handle);
 * using publisher = new Publisher<{ cmd: string }>(channel.handle);
 *
 * publisher.send({ cmd: "move" });
 * console.log(subscriber.tryRecv()); // { cmd: "move" }
 * ```
 *
 * @example Bytes, written and read in place
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<Uint8Array>(channel.handle, { codec: "raw" });
 * using publisher = new Publisher<Uint8Array>(channel.handle, { codec: "raw" });
 *
 * using loan = publisher.loan(3)!;
 * loan.bytes.set([1, 2, 3]);
 * loan.commit();
 *
 * using view = subscriber.recvView()!;
 * console.log(view.bytes[2], view.intact); // 3 true
 * ```
 *
 * @example Messages that late subscribers get
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
 * using publisher = new Publisher<number>(channel.handle, { history: 50, historyMessageBytes: 100 });
 * for (let n = 0; n < 10_000; n++) publisher.send(n);
 *
 * using subscriber = new Subscriber<number>(channel.handle, { since: 50 });
 * console.log(subscriber.drain().length); // 50
 * ```
 */
export class Publisher<T = unknown> extends SendingSocket<T> {
  readonly #topics = new TopicEncoder();

  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {RangeError} if the ring is too small for the `history`; the error names the size that it needs
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: PublisherOptions) {
    PUBLISHER_OPTIONS.check(options, arguments[2]);
    super(target, "broadcast", "publisher", options);
  }

  #encode({ topic }: TopicOptions): TopicWords | undefined {
    return topic === undefined ? undefined : this.#topics.encode(topic);
  }

  /**
   * Sends a value, and returns at once.
   *
   * @returns true; a publisher's ring is never full
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {RangeError} if the message is larger than any channel can carry, or the topic is longer than 255
   *   bytes
   * @throws {ShmClosedError} if the socket is closed
   */
  override send(value: T, options?: TopicOptions): boolean;
  override send(value: T, options?: TopicOptions, more?: unknown): boolean {
    if (options === undefined) return super.send(value);
    PUBLISH_OPTIONS.check(options, more);
    const topic = this.#encode(options);
    return topic === undefined ? super.send(value) : this.sender.sendWithTopic(value, topic);
  }

  /**
   * Sends a value, blocking this thread until there is space.
   *
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {RangeError} if the topic is longer than 255 bytes
   */
  override sendSync(value: T, options?: TopicTimeoutOptions): void;
  override sendSync(value: T, options: TopicTimeoutOptions = {}, more?: unknown): void {
    PUBLISH_SYNC_OPTIONS.check(options, more);
    this.sender.sendSync(value, options, this.#encode(options));
  }

  /**
   * Sends a value, waiting in the event loop until there is space.
   *
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {RangeError} if the topic is longer than 255 bytes
   */
  override sendAsync(value: T, options?: TopicWaitOptions): Promise<void>;
  override sendAsync(value: T, options: TopicWaitOptions = {}, more?: unknown): Promise<void> {
    return PUBLISH_ASYNC_OPTIONS.rejection(options, more) ??
      this.sender.sendAsync(value, options, this.#encode(options));
  }

  /**
   * Sends values in one commit, all with the same topic. This costs less than one call for each.
   *
   * @returns how many were accepted, from the first on
   */
  override sendMany(values: Iterable<T>, options?: TopicOptions): number;
  /**
   * Sends messages that lie side by side in one buffer, in one commit, all with the same topic. Only with codec
   * `"raw"`.
   *
   * @returns how many were accepted, from the first on
   * @throws {TypeError} if the codec is another one
   * @throws {RangeError} if a length is no whole number, or the lengths exceed the bytes
   */
  override sendMany(
    bytes: Uint8Array,
    lengths: ArrayLike<number>,
    options?: TopicOptions,
  ): number;
  override sendMany(
    values: Iterable<T> | Uint8Array,
    second?: ArrayLike<number> | TopicOptions,
    third?: TopicOptions,
    more?: unknown,
  ): number {
    if (isLengths(second)) {
      PUBLISH_MANY_OPTIONS.check(third, more);
      return this.sender.sendPacked(values as Uint8Array, second, this.#encode(third ?? {}));
    }
    PUBLISH_MANY_OPTIONS.check(second, third);
    return this.sender.sendMany(values as Iterable<T>, this.#encode(second ?? {}));
  }

  /**
   * Lends space for a message of exactly `byteLength` bytes, to be written in place. Only with codec `"raw"`, and
   * one loan at a time. Other sockets send and receive meanwhile.
   */
  override loan(byteLength: number, options?: TopicOptions): Loan | undefined;
  override loan(
    byteLength: number,
    options: TopicOptions = {},
    more?: unknown,
  ): Loan | undefined {
    LOAN_OPTIONS.check(options, more);
    return this.sender.loan(byteLength, this.#encode(options));
  }
}
