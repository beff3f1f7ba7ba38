/**
 * Reading messages in place, without a copy.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import type { FrameCursor } from "./frame_cursor.ts";
import type { MessageView } from "./receiver_api.ts";
import { POLL_ANY, TAKEN_REDELIVERED, WAITERS_SENDERS } from "../../wasm/layout.ts";

/** Opens views of messages, one at a time. */
export class ViewReader {
  readonly #cursor: FrameCursor;
  readonly #attachment: Attachment;
  #hasView = false;

  constructor(cursor: FrameCursor) {
    this.#cursor = cursor;
    this.#attachment = cursor.attachment;
  }

  /**
   * Throws while a view is open.
   *
   * @throws {TypeError}
   */
  checkReady(): void {
    if (!this.#hasView) return;
    throw new TypeError(
      `cannot read in place on channel "${this.#attachment.name}": a view is open; dispose it first`,
    );
  }

  /** Takes the next message and returns its view; undefined when there is none. */
  tryRead(): MessageView | undefined {
    const cursor = this.#cursor;
    const { ring } = this.#attachment;
    while (cursor.next(POLL_ANY)) {
      const bytes = cursor.view();
      const lane = ring.foundLane();
      const position = ring.foundPosition();
      const slot = ring.returnedSlot() >>> 0;
      const result = cursor.takeInPlace();
      if (result === 0) continue;
      if (cursor.isCopy) return this.#exclusiveView(bytes, () => {});
      if ((result & TAKEN_REDELIVERED) !== 0) return this.#leasedView(bytes, slot);
      const isShared = this.#attachment.kind === "broadcast";
      return isShared ? this.#sharedView(bytes, lane, position) : this.#pinnedView(bytes);
    }
    return undefined;
  }

  /** A queue's view: the sender does not reuse its bytes before the view is disposed. */
  #pinnedView(bytes: Uint8Array): MessageView {
    this.#attachment.ring.dateView(this.#attachment.index, this.#attachment.ageMs);
    return this.#exclusiveView(bytes, () => {
      this.#attachment.ring.unpin(this.#attachment.index);
      this.#attachment.wakeAll(WAITERS_SENDERS);
    });
  }

  /** A view of a message that was returned: it is returned again if this process dies. */
  #leasedView(bytes: Uint8Array, slot: number): MessageView {
    return this.#exclusiveView(bytes, () => this.#attachment.ring.acknowledge(slot));
  }

  #exclusiveView(bytes: Uint8Array, release: () => void): MessageView {
    const dispose = this.#open(release);
    return { bytes, intact: true, [Symbol.dispose]: dispose };
  }

  /** A broadcast's view: the publisher does not wait for readers. */
  #sharedView(bytes: Uint8Array, lane: number, position: number): MessageView {
    const attachment = this.#attachment;
    const isIntact = () => !attachment.isClosed && attachment.ring.isIntact(lane, position) === 1;
    const dispose = this.#open(() => {
      if (!isIntact()) attachment.ring.addOneMissed();
    });
    return {
      bytes,
      get intact() {
        return isIntact();
      },
      [Symbol.dispose]: dispose,
    };
  }

  /** Returns a function that closes the view once, and calls `release` then. */
  #open(release: () => void): () => void {
    this.#hasView = true;
    let isOpen = true;
    return () => {
      if (!isOpen || this.#attachment.isClosed) return;
      isOpen = this.#hasView = false;
      release();
    };
  }
}
