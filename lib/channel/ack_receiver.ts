/**
 * The receiving half of a puller that acknowledges: each message costs a permit until it is settled, so
 * that a puller never holds more than its share.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import type { Delivery } from "./delivery.ts";
import { ShmBufferFullError, ShmTimeoutError } from "../base/errors.ts";
import { HoldingInbox } from "./leased_receiver.ts";
import type { Incoming } from "./receiver_api.ts";
import { logger } from "../base/log.ts";
import { checkTimeout, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import { Permits } from "../base/semaphore.ts";
import type { SocketStatistics } from "../sockets/socket.ts";

/** Receives at most so many messages at a time that are not acknowledged. */
export class AckInbox<T> implements Incoming<Delivery<T>> {
  readonly #attachment: Attachment;
  readonly #maxUnacked: number;
  readonly #permits: Permits;
  readonly #inbox: HoldingInbox<T>;
  #hasWarned = false;
  readonly missed = 0;

  constructor(attachment: Attachment, counts: SocketStatistics, maxUnacked: number) {
    this.#attachment = attachment;
    this.#maxUnacked = maxUnacked;
    this.#permits = new Permits(maxUnacked);
    this.#inbox = new HoldingInbox(attachment, counts, () => this.#permits.give());
  }

  tryReceive(): Delivery<T> | undefined {
    if (!this.#permits.tryTake()) return this.#warn();
    return this.#withPermit(() => this.#inbox.tryReceive());
  }

  receiveSync(options: TimeoutOptions | undefined): Delivery<T> {
    this.#checkOpen();
    if (!this.#permits.tryTake()) {
      throw new ShmBufferFullError(
        `cannot receive on channel "${this.#attachment.name}": ${this.#holding}`,
      );
    }
    return this.#withPermit(() => this.#inbox.receiveSync(options))!;
  }

  /** The permit goes back unless a message comes of it. */
  #withPermit(receive: () => Delivery<T> | undefined): Delivery<T> | undefined {
    let delivery: Delivery<T> | undefined;
    try {
      return delivery = receive();
    } finally {
      if (delivery === undefined) this.#permits.give();
    }
  }

  async receive(options: WaitOptions | undefined): Promise<Delivery<T>> {
    const timeoutMs = checkTimeout(options);
    options?.signal?.throwIfAborted();
    this.#checkOpen();
    const deadline = performance.now() + timeoutMs;
    if (!this.#permits.tryTake() && !await this.#permits.take(options)) {
      throw new ShmTimeoutError(
        `no message could be received on channel "${this.#attachment.name}" within ${timeoutMs} ` +
          `ms: ${this.#holding}`,
      );
    }
    const leftMs = Math.max(0, deadline - performance.now());
    const left = timeoutMs === Infinity ? options : { ...options, timeoutMs: leftMs };
    try {
      return await this.#inbox.receive(left, timeoutMs);
    } catch (error) {
      this.#permits.give();
      throw error;
    }
  }

  get #holding(): string {
    return `its puller holds or waits for ${this.#maxUnacked} messages that are not acknowledged, ` +
      `which is its limit; call ack() or nack(), or raise maxUnacked`;
  }

  drain(most: number): Delivery<T>[] {
    const { free } = this.#permits;
    if (free === 0 && most > 0) this.#warn();
    const deliveries = this.#inbox.drain(most > free ? free : most);
    this.#permits.tryTake(deliveries.length);
    return deliveries;
  }

  /** A program that never acknowledges gets no more messages: it should hear why. */
  #warn(): undefined {
    this.#checkOpen();
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    logger.warn("a puller of {channel} holds {count} messages, its limit, and gets no more", {
      channel: this.#attachment.name,
      count: this.#maxUnacked,
    });
  }

  #checkOpen(): void {
    if (this.#attachment.isClosed) this.#attachment.checkOpen();
  }

  tryReceiveInto(): never {
    throw this.#unsupported("into a buffer");
  }

  receiveIntoSync(): never {
    throw this.#unsupported("into a buffer");
  }

  tryReceiveView(): never {
    throw this.#unsupported("in place");
  }

  #unsupported(how: string): TypeError {
    return new TypeError(
      `cannot receive ${how} on channel "${this.#attachment.name}": its puller acknowledges what it ` +
        `receives; call recv, recvSync, tryRecv or drain, or open a puller without ack`,
    );
  }

  handOutNotes(): void {
    this.#inbox.handOutNotes();
  }

  end(error: unknown): void {
    this.#permits.rejectAll(error);
    this.#inbox.end(error);
  }
}
