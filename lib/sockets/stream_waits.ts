/**
 * How the streams of a replier wait for their requesters.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import type { RequestRef } from "../channel/frame_cursor.ts";
import { AsyncWaitQueue, type Attempt, type WaitContext } from "../channel/wait.ts";
import type { None } from "../base/none.ts";
import { SLOT_DONE, SLOT_TAKEN, WAITERS_REQUESTERS } from "../../wasm/layout.ts";

/** How often requesters are checked for being alive, in milliseconds. */
const LIVENESS_MS = 50;

/**
 * What a stream's slot tells: the replier may write, its parts are unread, the requester has cancelled the
 * stream, or it is gone.
 */
export type SlotState = "open" | "unread" | "cancelled" | "lost";

/** The waits of all streams of one replier. Their requesters wake it as it wakes them. */
export class StreamWaits implements WaitContext {
  readonly attachment: Attachment;
  readonly side = WAITERS_REQUESTERS;
  readonly #queue: AsyncWaitQueue;
  readonly #streams = new Set<RequestRef>();
  readonly #lost = new Set<RequestRef>();
  #checkedAtMs = 0;

  constructor(attachment: Attachment) {
    this.attachment = attachment;
    this.#queue = new AsyncWaitQueue(this);
  }

  /** Adds a stream, whose requester is checked from now on. */
  add(ref: RequestRef): void {
    this.#streams.add(ref);
  }

  /** Removes a stream that has ended, and ends its waits. */
  remove(ref: RequestRef): void {
    this.#streams.delete(ref);
    this.#lost.delete(ref);
    this.#queue.poll();
  }

  /** What the slot of a stream tells. */
  stateOf(ref: RequestRef): SlotState {
    if (this.#lost.has(ref)) return "lost";
    const status = this.attachment.ring.streamStatus(ref.requester, ref.slot, ref.generation);
    if (status === SLOT_TAKEN) return "open";
    if (status === SLOT_DONE) return "unread";
    return this.#isRequesterThere(ref) ? "cancelled" : "lost";
  }

  /** Resolves with what an attempt finds. */
  wait<T>(attempt: Attempt<T>): Promise<T | None> {
    return this.#queue.wait(attempt, undefined);
  }

  /** Every wake-up may be for any stream. */
  poll(): boolean {
    return true;
  }

  /** Finds the streams whose requesters are gone. */
  evictStalled(): void {
    const now = performance.now();
    if (now - this.#checkedAtMs < LIVENESS_MS) return;
    this.#checkedAtMs = now;
    const lost = [...this.#streams].filter((ref) => !this.#isRequesterThere(ref));
    if (lost.length === 0) return;
    for (const ref of lost) this.#lost.add(ref);
    queueMicrotask(() => this.#queue.poll());
  }

  #isRequesterThere({ requester, requesterGeneration }: RequestRef): boolean {
    return this.attachment.generationOf(requester) === requesterGeneration &&
      this.attachment.isParticipantAlive(requester);
  }

  waitBoundMs(): number {
    return LIVENESS_MS;
  }

  /** Ends all waits with an error. */
  rejectAll(error: unknown): void {
    this.#queue.rejectAll(error);
  }
}
