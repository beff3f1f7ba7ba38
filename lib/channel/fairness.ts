/**
 * Which receiver of a queue waits for which other one, and for how long.
 *
 * Receivers take messages in turns, so one may have to leave a message to another. The other may have been
 * woken and still be on its way to a core, which takes milliseconds on a busy machine; or it may still
 * work on its last message. The two look the same from outside. So each wait adds to a debt that
 * the other's progress repays: a receiver that returns quickly stays far from the limit, and one that
 * is slow or stopped reaches it soon and is evicted.
 *
 * A sender waits for receivers that read in place, and for as long as they live: they pin the bytes.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { PARTICIPANT_SERVICE_COUNT, WAITERS_RECEIVERS } from "../../wasm/layout.ts";

/** Debt at which a receiver waits no longer, in milliseconds. */
const GRACE_MS = 50;
/** What each message that the other receiver takes repays, in milliseconds. */
const CREDIT_PER_MESSAGE_MS = 0.1;
/** Milliseconds between two checks whether a receiver that pins bytes is alive. */
const PIN_CHECK_MS = 50;

/** How long one receiver goes on waiting for the slowest one. */
export class FairnessBudget {
  #slowest = -1;
  #serviceCount = 0;
  #debtMs = 0;
  #chargedAtMs = 0;
  #remainingMs = 0;

  /** Milliseconds to wait at most after the last charge; 0 when the budget is used up. */
  get remainingMs(): number {
    return this.#remainingMs;
  }

  /** Stops charging: the receiver waits for no other until the next charge. */
  suspend(): void {
    this.#remainingMs = 0;
  }

  /** Charges the time since the last charge to `slowest`, which took `serviceCount` messages so far. */
  charge(slowest: number, serviceCount: number, nowMs: number): void {
    if (slowest !== this.#slowest) this.#track(slowest, serviceCount);
    // A wait is charged up to what was allowed: beyond that the receiver did something else.
    const waitedMs = Math.min(nowMs - this.#chargedAtMs, this.#remainingMs);
    const creditMs = ((serviceCount - this.#serviceCount) | 0) * CREDIT_PER_MESSAGE_MS;
    this.#debtMs = Math.max(0, this.#debtMs + waitedMs - creditMs);
    this.#serviceCount = serviceCount;
    this.#chargedAtMs = nowMs;
    this.#remainingMs = Math.max(0, GRACE_MS - this.#debtMs);
    if (this.#remainingMs === 0) this.#slowest = -1;
  }

  #track(slowest: number, serviceCount: number): void {
    this.#slowest = slowest;
    this.#serviceCount = serviceCount;
    this.#debtMs = 0;
    this.#remainingMs = 0;
  }
}

/** Keeps the turns of the receivers, as one of them sees it. */
export class ReceiverFairness {
  readonly #attachment: Attachment;
  readonly #budget = new FairnessBudget();

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /** Milliseconds to leave the message to the slowest receiver; 0: try again at once. */
  get remainingMs(): number {
    return this.#budget.remainingMs;
  }

  /** The receiver has no message to leave to another one. */
  suspend(): void {
    this.#budget.suspend();
  }

  /** Wakes the receiver that the message is due to; evicts it if it is gone or used its budget up. */
  evictStalled(): void {
    const attachment = this.#attachment;
    const { ring, words } = attachment;
    const slowest = ring.deferredTo();
    if (slowest < 0) return this.#budget.suspend();
    if (ring.isolateOf(slowest) === 0n) {
      ring.evict(slowest);
      return this.#budget.suspend();
    }
    attachment.wake(slowest, WAITERS_RECEIVERS);
    const serviceCount = words[attachment.fieldOffset(slowest, PARTICIPANT_SERVICE_COUNT) >>> 2];
    this.#budget.charge(slowest, serviceCount, performance.now());
    if (this.#budget.remainingMs === 0) ring.evict(slowest);
  }
}

/** Keeps a receiver that died while it read in place from blocking a sender for ever. */
export class PinWatch {
  readonly #attachment: Attachment;
  #checkedAtMs = -Infinity;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /** Reclaims what a dead receiver pins on the sender's lane. */
  evictStalled(): void {
    const attachment = this.#attachment;
    const owner = attachment.ring.oldestPin();
    if (owner < 0) return;
    const now = performance.now();
    if (now - this.#checkedAtMs < PIN_CHECK_MS) return;
    this.#checkedAtMs = now;
    if (!attachment.isParticipantAlive(owner)) attachment.reclaimDead();
  }

  /** Milliseconds until the next check; `Infinity` if no receiver pins bytes of the lane. */
  get waitBoundMs(): number {
    return this.#attachment.ring.oldestPin() < 0 ? Infinity : PIN_CHECK_MS;
  }
}
