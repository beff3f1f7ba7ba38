/**
 * Waiting for a message, in the receiver's turn.
 *
 * @module
 */

import { ShmTimeoutError } from "../base/errors.ts";
import { NONE, type None } from "../base/none.ts";
import { checkTimeout } from "../base/option_checks.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { Attachment } from "./attachment.ts";
import { ReceiverFairness } from "./fairness.ts";
import type { FrameCursor } from "./frame_cursor.ts";
import { AsyncWaitQueue, type Attempt, type WaitContext, waitSync } from "./wait.ts";
import { POLL_ANY, POLL_FAIR, POLL_SPIN, WAITERS_RECEIVERS } from "../../wasm/layout.ts";

/** Milliseconds between two checks whether the pullers that hold leases are alive. */
const OWNER_CHECK_MS = 50;

/** The calls of one socket that wait for a message. */
export class MessageWait<T> implements WaitContext {
  readonly attachment: Attachment;
  readonly side = WAITERS_RECEIVERS;
  readonly #cursor: FrameCursor;
  readonly #isFair: boolean;
  readonly #fairness: ReceiverFairness;
  readonly #waits: AsyncWaitQueue;
  readonly #tryReceive: (mode: number) => T | None;
  readonly #tryFair: Attempt<T> = () => this.#tryReceive(POLL_FAIR);
  readonly #trySpin: Attempt<T> = () => this.#tryReceive(POLL_SPIN);

  constructor(cursor: FrameCursor, tryReceive: (mode: number) => T | None) {
    this.attachment = cursor.attachment;
    this.#cursor = cursor;
    this.#tryReceive = tryReceive;
    this.#isFair = this.attachment.kind !== "broadcast";
    this.#fairness = new ReceiverFairness(this.attachment);
    this.#waits = new AsyncWaitQueue(this);
  }

  /**
   * Receives, blocking until a message arrives.
   *
   * @throws {ShmTimeoutError} if none arrives within `timeoutMs`
   */
  receiveSync(options: TimeoutOptions | undefined): T {
    const timeoutMs = checkTimeout(options);
    this.#checkReady();
    const quick = this.#tryReceive(POLL_FAIR);
    if (quick !== NONE) return quick;
    const waited = this.block(this.#trySpin, timeoutMs);
    const value = waited === NONE ? this.#tryLast() : waited;
    if (value === NONE) throw this.timeoutError(timeoutMs);
    return value;
  }

  /**
   * Receives, waiting in the event loop.
   *
   * @throws {ShmTimeoutError} if no message arrives in time; the error names `reportedMs`
   */
  async receive(
    options: WaitOptions | undefined,
    reportedMs: number = checkTimeout(options),
  ): Promise<T> {
    try {
      options?.signal?.throwIfAborted();
      this.#checkReady();
      if (this.#isFair) this.attachment.ring.joinFairness();
      const waited = await this.#waits.wait(this.#tryFair, options);
      const value = waited === NONE ? this.#tryLast() : waited;
      if (value === NONE) throw this.timeoutError(reportedMs);
      return value;
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** At its timeout a receiver takes a message that is due to another one. */
  #tryLast(): T | None {
    return this.attachment.isClosed ? NONE : this.#tryReceive(POLL_ANY);
  }

  /** Blocks until an attempt succeeds; `NONE` at the timeout. */
  block<R>(attempt: Attempt<R>, timeoutMs: number): R | None {
    if (this.#isFair) this.attachment.ring.joinFairness();
    return waitSync(this, attempt, timeoutMs);
  }

  /** The error of a call that waited for `timeoutMs`. */
  timeoutError(timeoutMs: number): ShmTimeoutError {
    return new ShmTimeoutError(
      `no message arrived on channel "${this.attachment.name}" within ${timeoutMs} ms; check that a ` +
        `sender ${this.attachment.peersHint}, or wait longer`,
    );
  }

  #checkReady(): void {
    if (this.attachment.isClosed) this.attachment.checkOpen();
  }

  /** While a message is due to another receiver: wakes that one, and evicts it if it is too slow. */
  evictStalled(): void {
    this.#cursor.flushTail();
    if (this.#cursor.isDeferring) this.#fairness.evictStalled();
    else this.#fairness.suspend();
  }

  isQuiet(): boolean {
    return this.#cursor.isQuiet;
  }

  waitBoundMs(): number {
    if (this.#cursor.isDeferring) return this.#fairness.remainingMs;
    return this.attachment.hasLeaseTables ? OWNER_CHECK_MS : Infinity;
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    this.#waits.rejectAll(error);
  }
}
