/**
 * A receiver with a buffer for the messages that were claimed and not yielded yet.
 *
 * @module
 */

import type { QueueClock } from "./clock.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type Claim,
  type Claimant,
  type DeliveryTarget,
  type QueueDelivery,
  type QueueReceiver,
  type SettleReservation,
} from "./store.ts";

/** A message in a buffer. */
interface Buffered {
  readonly delivery: QueueDelivery;
  /** When its lease began, at the earliest. */
  readonly sinceMs: number;
}

/** What a buffer needs to know of its consumer. */
export interface BufferOptions {
  readonly clock: QueueClock;
  readonly leaseMs: number;
  /** Milliseconds after which messages may be ready of which nobody has told. Null: somebody always tells. */
  readonly pollMs: number | null;
  /**
   * Whether messages may be handed over during a claim, and before one that is due. If not, the one waits for the other, so
   * that no more are held than asked for.
   */
  readonly mayOverlap: boolean;
  /** Called when a reservation has ended. */
  readonly onSettled: () => void;
}

/** Claims messages from a receiver, and buffers them while their leases last. */
export class BufferedReceiver {
  readonly receiver: QueueReceiver;
  readonly #clock: QueueClock;
  readonly #options: BufferOptions;
  #buffer: Buffered[] = [];
  /** Number of messages that are being published, and may be leased to the consumer. */
  #reserved = 0;
  #unreserved: (() => void) | undefined;
  /** Whether messages may be ready. */
  #isWoken = true;
  #isClaiming = false;
  #claimedAtMs = -Infinity;
  /** When a lease of the receiver ends. Infinity if none is known. */
  #dueAtMs = Infinity;
  /** Missed messages that were reported to the subscriber, and that the store still counts. */
  #reported = 0;

  constructor(
    receiver: QueueReceiver,
    options: BufferOptions,
  ) {
    this.receiver = receiver;
    this.#clock = options.clock;
    this.#options = options;
  }

  /** The next message. */
  get first(): QueueDelivery | undefined {
    return this.#buffer.at(0)?.delivery;
  }

  /** Number of messages in the buffer. */
  get length(): number {
    return this.#buffer.length;
  }

  /** Removes the next message from the buffer. */
  shift(): QueueDelivery | undefined {
    return this.#buffer.shift()?.delivery;
  }

  /** Records that messages may be ready. */
  wake(): void {
    this.#isWoken = true;
  }

  /** Records that messages may be ready in some milliseconds. False if some may be ready before that. */
  expect(inMs: number): boolean {
    const atMs = this.#clock.now() + inMs;
    if (this.#isWoken || atMs >= this.#dueAtMs) return false;
    this.#dueAtMs = atMs;
    return true;
  }

  /** When a lease of the receiver ends, and messages may be ready. */
  get dueAtMs(): number {
    return this.#mayClaim ? this.#dueAtMs : Infinity;
  }

  /** Whether messages may be ready. */
  get isClaimDue(): boolean {
    return this.#mayClaim && this.#mayHaveMore;
  }

  get #mayClaim(): boolean {
    return this.#reserved === 0 || this.#options.mayOverlap;
  }

  /** Who gets messages without a claim still claims now and then: that tells of more than messages. */
  get #mayHaveMore(): boolean {
    const nowMs = this.#clock.now();
    return this.#isWoken || nowMs >= this.#dueAtMs || this.#isPollDue(nowMs);
  }

  #isPollDue(nowMs: number): boolean {
    const { pollMs } = this.#options;
    return pollMs !== null && nowMs - this.#claimedAtMs >= pollMs;
  }

  /** Reserves the place of a message that is about to be published, if less than `limit` are held or reserved. */
  reserve(limit: number): SettleReservation | undefined {
    if (this.#buffer.length + this.#reserved >= limit) return undefined;
    if (!this.#options.mayOverlap && (this.#isClaiming || this.#mayHaveMore)) return undefined;
    this.#reserved++;
    const sinceMs = this.#clock.now();
    return (delivery) => this.#settle(delivery, sinceMs);
  }

  #settle(delivery: QueueDelivery | undefined, sinceMs: number): void {
    this.#reserved--;
    if (delivery !== undefined) {
      this.#buffer.push({ delivery, sinceMs });
      this.#dueAtMs = Math.min(this.#dueAtMs, sinceMs + this.#options.leaseMs);
    }
    if (this.#reserved === 0) this.#unreserved?.();
    this.#options.onSettled();
  }

  /** Waits until nothing is reserved. */
  async unreserved(): Promise<void> {
    if (this.#reserved === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#unreserved = resolve;
    await promise;
  }

  /** Drops the buffered messages if their leases have ended: another consumer may have them. */
  dropExpired(): void {
    if (this.#buffer.length === 0) return;
    const nowMs = this.#clock.now();
    const live = this.#buffer.filter(({ delivery, sinceMs }) =>
      nowMs - sinceMs < (delivery.leaseMs ?? this.#options.leaseMs)
    );
    if (live.length === this.#buffer.length) return;
    this.#buffer = live;
    this.#isWoken = true;
  }

  /** Claims up to `limit` messages. Returns how many messages the subscriber has missed. */
  async claim(limit: number, claimant: Claimant): Promise<number> {
    return await this.#fill(limit, async () => {
      const claim = await this.receiver.claim(limit, this.#reported, claimant);
      return { claim, result: claim.missed };
    });
  }

  /** Whether an acknowledgement may take the next messages with it: some may be ready, and none is buffered. */
  get canCarryClaim(): boolean {
    return this.receiver.acknowledgeAndClaim !== undefined && this.#buffer.length === 0 &&
      !this.#isClaiming && this.isClaimDue;
  }

  /** Acknowledges a message, and claims up to `limit` others. */
  async acknowledgeAndClaim(
    target: DeliveryTarget,
    result: string | undefined,
    limit: number,
    claimant: Claimant,
  ): Promise<{ outcome: AcknowledgeOutcome; missed: number }> {
    return await this.#fill(limit, async () => {
      const reported = this.#reported;
      const { outcome, claim } = await this.receiver.acknowledgeAndClaim!(
        target,
        result,
        limit,
        reported,
        claimant,
      );
      return { claim, result: { outcome, missed: claim.missed } };
    });
  }

  async #fill<R>(limit: number, call: () => Promise<{ claim: Claim; result: R }>): Promise<R> {
    const startedMs = this.#clock.now();
    this.#isWoken = false;
    this.#isClaiming = true;
    try {
      const { claim, result } = await call();
      this.#hold(claim, limit, startedMs);
      return result;
    } catch (error) {
      this.#isWoken = true;
      throw error;
    } finally {
      this.#isClaiming = false;
    }
  }

  #hold(claim: Claim, limit: number, startedMs: number): void {
    const { deliveries, missed, nextDueMs, knowsMore = false } = claim;
    const isOverlapping = this.#buffer.length > 0;
    this.#buffer.push(...deliveries.map((delivery) => ({ delivery, sinceMs: startedMs })));
    if (isOverlapping) this.#buffer.sort((a, b) => byPriority(a.delivery, b.delivery));
    this.#claimedAtMs = startedMs;
    this.#dueAtMs = nextDueMs === null ? Infinity : this.#clock.now() + nextDueMs;
    if (!knowsMore && deliveries.length === limit) this.#isWoken = true;
    this.#reported = missed;
  }

  /** Releases the leases of the buffered messages. */
  async release(): Promise<void> {
    const released = this.#buffer.map(({ delivery }) => delivery);
    this.#buffer = [];
    if (released.length > 0) await this.receiver.release(released);
  }
}
