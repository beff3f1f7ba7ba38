/**
 * A receiver with a buffer for the messages that were claimed and not yielded yet.
 *
 * @module
 */

import type { QueueClock } from "./clock.ts";
import type {
  AcknowledgeOutcome,
  Claim,
  Claimant,
  DeliveryTarget,
  QueueDelivery,
  QueueReceiver,
} from "./store.ts";

/** Claims messages from a receiver, and buffers them while their leases last. */
export class BufferedReceiver {
  readonly receiver: QueueReceiver;
  readonly #clock: QueueClock;
  readonly #leaseMs: number;
  #buffer: QueueDelivery[] = [];
  /** When the buffered messages were claimed, at the earliest. */
  #claimedAtMs = 0;
  /** Whether messages may be ready. */
  #isWoken = true;
  #isClaiming = false;
  /** When a lease of the receiver ends. Infinity if none is known. */
  #dueAtMs = Infinity;
  /** Missed messages that were reported to the subscriber, and that the store still counts. */
  #reported = 0;

  constructor(receiver: QueueReceiver, clock: QueueClock, leaseMs: number) {
    this.receiver = receiver;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** The next message. */
  get first(): QueueDelivery | undefined {
    return this.#buffer.at(0);
  }

  /** Number of messages in the buffer. */
  get length(): number {
    return this.#buffer.length;
  }

  /** Removes the next message from the buffer. */
  shift(): QueueDelivery | undefined {
    return this.#buffer.shift();
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
    return this.#dueAtMs;
  }

  /** Whether messages may be ready. */
  get isClaimDue(): boolean {
    return this.#isWoken || this.#clock.now() >= this.#dueAtMs;
  }

  /** Drops the buffered messages if their leases have ended: another consumer may have them. */
  dropExpired(): void {
    if (this.#buffer.length === 0) return;
    const heldMs = this.#clock.now() - this.#claimedAtMs;
    const live = this.#buffer.filter(({ leaseMs }) => heldMs < (leaseMs ?? this.#leaseMs));
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
    this.#buffer = deliveries;
    this.#claimedAtMs = startedMs;
    this.#dueAtMs = nextDueMs === null ? Infinity : this.#clock.now() + nextDueMs;
    if (!knowsMore && deliveries.length === limit) this.#isWoken = true;
    this.#reported = missed;
  }

  /** Releases the leases of the buffered messages. */
  async release(): Promise<void> {
    const released = this.#buffer;
    this.#buffer = [];
    if (released.length > 0) await this.receiver.release(released);
  }
}
