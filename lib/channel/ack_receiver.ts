/**
 * The receiving half of a puller that acknowledges. Each message takes a permit until it is settled, so
 * that a puller never holds more messages than its limit.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { Attachment } from "./attachment.ts";
import type { Delivery } from "./delivery.ts";
import { ShmBufferFullError, ShmTimeoutError } from "../base/errors.ts";
import { NONE, type None } from "../base/none.ts";
import { LeasedReceiver } from "./leased_receiver.ts";
import type { ReceiverApi } from "./receiver_api.ts";
import { logger } from "../base/log.ts";
import { checkTimeout } from "../base/option_checks.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { Semaphore } from "../base/semaphore.ts";
import type { SocketStatistics } from "./statistics.ts";

/** Receives messages while fewer than `maxUnacked` of them are not acknowledged. */
export class AckReceiver<T> implements ReceiverApi<Delivery<T>> {
  readonly #attachment: Attachment;
  readonly #maxUnacked: number;
  readonly #permits: Semaphore;
  readonly #receiver: LeasedReceiver<T>;
  #hasWarned = false;
  readonly missed = 0;
  /** A puller that acknowledges receives values only, which carry their headers. */
  readonly header = undefined;
  readonly topic = undefined;

  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    maxUnacked: number,
    isPooled: boolean,
  ) {
    this.#attachment = attachment;
    this.#maxUnacked = maxUnacked;
    this.#permits = new Semaphore(maxUnacked);
    this.#receiver = new LeasedReceiver(
      attachment,
      counts,
      isPooled,
      () => this.#permits.release(),
    );
  }

  tryReceive(): Delivery<T> | None {
    if (!this.#permits.tryAcquire()) return this.#warnOnce();
    return this.#withPermit(() => this.#receiver.tryReceive());
  }

  /** At its limit a puller receives nothing. */
  get isReady(): boolean {
    return this.#permits.available > 0 && this.#receiver.isReady;
  }

  receiveSync(options: TimeoutOptions | undefined): Delivery<T> {
    this.#checkOpen();
    if (!this.#permits.tryAcquire()) {
      throw new ShmBufferFullError(
        `cannot receive on channel "${this.#attachment.name}": ${this.#limitProblem}`,
      );
    }
    return this.#withPermit(() => this.#receiver.receiveSync(options));
  }

  /** Releases the permit unless a message is received. */
  #withPermit<R extends Delivery<T> | None>(receive: () => R): R {
    let delivery: R | None = NONE;
    try {
      return delivery = receive();
    } finally {
      if (delivery === NONE) this.#permits.release();
    }
  }

  async receive(options: WaitOptions | undefined): Promise<Delivery<T>> {
    try {
      const timeoutMs = checkTimeout(options);
      options?.signal?.throwIfAborted();
      this.#checkOpen();
      const deadline = performance.now() + timeoutMs;
      if (!this.#permits.tryAcquire() && !await this.#permits.acquire(options)) {
        throw new ShmTimeoutError(
          `no message could be received on channel "${this.#attachment.name}" within ${timeoutMs} ` +
            `ms: ${this.#limitProblem}`,
        );
      }
      const remainingMs = Math.max(0, deadline - performance.now());
      const remaining = timeoutMs === Infinity ? options : { ...options, timeoutMs: remainingMs };
      try {
        return await this.#receiver.receive(remaining, timeoutMs);
      } catch (error) {
        this.#permits.release();
        throw error;
      }
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  get #limitProblem(): string {
    return `its puller holds or waits for ` +
      `${pluralize(this.#maxUnacked, "unacknowledged message")}, ` +
      `which is its limit; call ack() or nack(), or raise maxUnacked`;
  }

  drain(limit: number): Delivery<T>[] {
    const { available } = this.#permits;
    if (available === 0 && limit > 0) this.#warnOnce();
    const deliveries = this.#receiver.drain(limit > available ? available : limit);
    this.#permits.tryAcquire(deliveries.length);
    return deliveries;
  }

  /** A program that never acknowledges receives no more messages: the log says why. */
  #warnOnce(): None {
    this.#checkOpen();
    if (this.#hasWarned) return NONE;
    this.#hasWarned = true;
    logger.warn("a puller of {channel} holds {messages}, its limit, and receives no more", {
      channel: this.#attachment.name,
      messages: pluralize(this.#maxUnacked, "message"),
      count: this.#maxUnacked,
    });
    return NONE;
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

  readMany(): never {
    throw this.#unsupported("many messages as bytes");
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

  enableHeaders(): void {
    this.#receiver.enableHeaders();
  }

  abortWaits(error: unknown): void {
    this.#permits.rejectAll(error);
    this.#receiver.abortWaits(error);
  }
}
