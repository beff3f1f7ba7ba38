/**
 * The parts of one stream, on their way from a replier to a requester. They lie in the slot of the request,
 * several at once if the requester is slower than the replier. The requester returns the slot when it has
 * received them all.
 *
 * @module
 */

import { ShmPeerLostError } from "../base/errors.ts";
import { NONE } from "../base/none.ts";
import type { Encoded } from "../channel/encoder.ts";
import type { RequestRef } from "../channel/frame_cursor.ts";
import type { ReplyBlocks } from "../channel/reply_blocks.ts";
import type { RequestContext } from "./request_context.ts";
import { PartBatch } from "./part_batch.ts";
import type { SlotState, StreamWaits } from "./stream_waits.ts";
import { REPLY_PARTS } from "../../wasm/layout.ts";

/** Bytes of parts that wait for the requester at most, unless one part alone has more. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** How a stream writes into its slot: false if the requester has given up. */
export type WriteParts = (
  offset: number,
  bytes: Uint8Array,
  flags: number,
  parts: number,
) => boolean;

/** One stream of a replier. */
export class StreamedReply implements RequestContext, Disposable {
  readonly #waits: StreamWaits;
  readonly #ref: RequestRef;
  readonly #blocks: ReplyBlocks;
  readonly #write: WriteParts;
  readonly #controller = new AbortController();
  readonly #batch = new PartBatch();
  /** Parts in the slot. */
  #unread = 0;
  #blockOffset = -1;
  #failure: { error: unknown } | undefined;
  #hasEnded = false;

  /** `write` writes parts, and announces them. */
  constructor(waits: StreamWaits, ref: RequestRef, blocks: ReplyBlocks, write: WriteParts) {
    this.#waits = waits;
    this.#ref = ref;
    this.#blocks = blocks;
    this.#write = write;
    waits.add(ref);
    void this.#watch();
  }

  /** Aborts when the requester has cancelled the stream or is gone, or when the replier closes. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Sends what waits whenever the slot comes back, until the stream ends. */
  async #watch(): Promise<void> {
    try {
      await this.#waits.wait(() => {
        if (this.#hasEnded) return true;
        this.#advance();
        return this.signal.aborted ? true : NONE;
      });
    } catch (error) {
      this.#failure ??= { error };
      this.#controller.abort(error);
    }
  }

  /** Looks at the slot, and sends what waits if the requester has returned it. */
  #advance(): void {
    const state = this.#waits.stateOf(this.#ref);
    if (state === "unread" || this.signal.aborted) return;
    this.#freeBlock();
    if (state !== "open") return this.#controller.abort(endOf(state, this.#waits));
    if (this.#batch.count > 0) this.#send();
  }

  #send(): void {
    const { bytes, count } = this.#batch;
    this.#batch.clear();
    try {
      this.#blockOffset = this.#blocks.allocate(bytes.length);
      if (this.#write(this.#blockOffset, bytes, REPLY_PARTS, count)) this.#unread = count;
      else this.#advance();
    } catch (error) {
      this.#failure = { error };
    }
  }

  #freeBlock(): void {
    this.#unread = 0;
    if (this.#blockOffset >= 0) this.#blocks.free(this.#blockOffset);
    this.#blockOffset = -1;
  }

  /**
   * Waits until the requester may be sent one more part.
   *
   * @returns false if it wants no more
   * @throws what kept the last parts from being sent
   */
  untilRoom(): Promise<boolean> {
    const { window } = this.#ref;
    return this.#until(() =>
      this.#unread + this.#batch.count < window && this.#batch.length < MAX_WAITING_BYTES
    );
  }

  /** Waits until the requester has received all parts; false if it wants no more. */
  untilRead(): Promise<boolean> {
    return this.#until(() => this.#unread === 0 && this.#batch.count === 0);
  }

  async #until(isReached: () => boolean): Promise<boolean> {
    const isDone = () => this.signal.aborted || this.#failure !== undefined || isReached();
    this.#advance();
    if (!isDone()) await this.#waits.wait(() => isDone() ? true : NONE);
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    return !this.signal.aborted;
  }

  /** Sends a part as soon as the slot is free. */
  add(part: Encoded): void {
    this.#batch.add(part);
    this.#advance();
  }

  /** Ends the watch of the slot. */
  [Symbol.dispose](): void {
    this.#hasEnded = true;
    if (this.signal.aborted) this.#freeBlock();
    this.#waits.remove(this.#ref);
  }
}

function endOf(state: SlotState, { attachment }: StreamWaits): Error {
  if (state === "lost") {
    return new ShmPeerLostError(
      `the requester of a stream on channel "${attachment.name}" is gone; end the stream`,
    );
  }
  return new DOMException("the requester has cancelled the stream", "AbortError");
}
