/**
 * Receiving messages that their puller holds until it acknowledges them.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { newDecoder } from "./checked_decoder.ts";
import type { Decoder } from "./decoder.ts";
import { DelayedReturns } from "./delayed_returns.ts";
import { type Delivery, LeasedDelivery, type Settler } from "./delivery.ts";
import { FrameCursor, type ReceivedFrame } from "./frame_cursor.ts";
import { LeaseTable } from "./lease_table.ts";
import { MessageWait } from "./message_wait.ts";
import { NONE, type None } from "../base/none.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { checkDrainLimit } from "./receiver.ts";
import type { SocketStatistics } from "./statistics.ts";
import { UndecodedFrames } from "./undecoded.ts";
import { POLL_ANY } from "../../wasm/layout.ts";

/** A message that was taken, and its lease slot. */
interface LeasedFrame extends ReceivedFrame {
  slot: number;
}

/** Receives messages into lease slots. */
export class LeasedReceiver<T> {
  readonly #attachment: Attachment;
  readonly #cursor: FrameCursor;
  readonly #decoder: Decoder;
  readonly #leases: LeaseTable;
  readonly #settler: Settler;
  readonly #delayed: DelayedReturns;
  readonly #wait: MessageWait<Delivery<T>>;
  readonly #undecoded = new UndecodedFrames<LeasedFrame, Delivery<T>>((frame) =>
    this.#deliver(frame)
  );

  /** `onSettled` is called for each message that is acknowledged or returned. */
  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    isPooled: boolean,
    onSettled: () => void,
  ) {
    this.#attachment = attachment;
    this.#cursor = new FrameCursor(attachment, counts, isPooled);
    this.#decoder = newDecoder(attachment, counts);
    this.#wait = new MessageWait(this.#cursor, (mode) => this.tryReceive(mode));
    const leases = new LeaseTable(attachment);
    this.#leases = leases;
    const delayed = new DelayedReturns((slot) => leases.nack(slot));
    this.#delayed = delayed;
    this.#settler = {
      acknowledge(slot) {
        leases.acknowledge(slot);
        onSettled();
      },
      nack(slot, delayMs) {
        if (delayMs > 0) delayed.add(slot, delayMs);
        else leases.nack(slot);
        onSettled();
      },
    };
  }

  /** From now on deliveries of messages with a header carry a `WithHeader`. */
  enableHeaders(): void {
    this.#cursor.enableHeaders();
  }

  /** Receives if a message is there; `NONE` otherwise. */
  tryReceive(mode: number = POLL_ANY): Delivery<T> | None {
    const frame = this.#undecoded.shift() ?? this.#receiveNext(mode);
    if (frame !== undefined) return this.#decode(frame);
    this.#cursor.checkNotClosed(mode);
    return NONE;
  }

  /** True if a call that receives would find a message, or would throw. Takes nothing. */
  get isReady(): boolean {
    if (this.#delayed.size > 0) this.#delayed.returnDue();
    return this.#undecoded.isReady(this.#cursor);
  }

  #receiveNext(mode: number): LeasedFrame | undefined {
    if (this.#delayed.size > 0) this.#delayed.returnDue();
    while (this.#cursor.next(mode)) {
      const frame = this.#lease();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** Copies the message that was found into a lease slot, and takes it; undefined if it was lost. */
  #lease(): LeasedFrame | undefined {
    const cursor = this.#cursor;
    const { ref, header } = cursor;
    const bytes = cursor.copy();
    this.#leases.prepare(ref);
    if (!cursor.isConsistent() || !cursor.complete(this.#leases.take(ref))) return undefined;
    return { bytes, flags: ref.flags, header, slot: this.#leases.slot };
  }

  #deliver(frame: LeasedFrame): Delivery<T> {
    const attachment = this.#attachment;
    const value = this.#decoder.decode(frame) as T;
    const deliveries = attachment.ring.deliveriesOf(frame.slot);
    return new LeasedDelivery(value, deliveries, frame.slot, attachment, this.#settler);
  }

  #decode(frame: LeasedFrame): Delivery<T> {
    try {
      return this.#deliver(frame);
    } catch (cause) {
      const error = this.#decoder.error(cause);
      this.#leases.acknowledge(frame.slot);
      throw error;
    }
  }

  /** Receives, blocking until a message arrives. */
  receiveSync(options: TimeoutOptions | undefined): Delivery<T> {
    return this.#wait.receiveSync(options);
  }

  /** Receives, waiting in the event loop; a timeout's error names `reportedMs`. */
  receive(options: WaitOptions | undefined, reportedMs: number): Promise<Delivery<T>> {
    return this.#wait.receive(options, reportedMs);
  }

  /** Receives up to `limit` messages that are there. */
  drain(limit: number): Delivery<T>[] {
    checkDrainLimit(limit);
    if (this.#attachment.isClosed) this.#attachment.checkOpen();
    const deliveries: Delivery<T>[] = [];
    // A codec of the program may close the socket.
    while (
      deliveries.length < limit && !this.#attachment.isClosed && this.#drainOne(deliveries)
    ) continue;
    if (limit === 0) this.#cursor.checkTermination();
    else if (deliveries.length === 0) this.#cursor.checkNotClosed(POLL_ANY);
    return deliveries;
  }

  /** Receives one message; false when there is none, or its error has to wait for the next call. */
  #drainOne(deliveries: Delivery<T>[]): boolean {
    try {
      return this.#tryDrainOne(deliveries);
    } catch (error) {
      if (deliveries.length === 0) throw error;
      this.#undecoded.keepError(error);
      return false;
    }
  }

  #tryDrainOne(deliveries: Delivery<T>[]): boolean {
    if (this.#undecoded.length > 0) {
      if (deliveries.length > 0) return this.#undecoded.tryDecodeFirst(deliveries);
      deliveries.push(this.#decode(this.#undecoded.shift()!));
      return true;
    }
    const frame = this.#receiveNext(POLL_ANY);
    if (frame !== undefined) this.#undecoded.decodeOrKeep(frame, deliveries);
    return frame !== undefined;
  }

  /** Publishes what was taken, and ends all waits with an error. */
  abortWaits(error: unknown): void {
    this.#delayed.stop();
    this.#cursor.flushTail();
    this.#wait.rejectAll(error);
  }
}
