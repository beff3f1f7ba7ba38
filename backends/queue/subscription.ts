/**
 * The way from an agent's inboxes to its loop. A hint only says that it is worth looking: what there
 * is to deliver is decided by the store alone, so that a lost hint costs time and never a message.
 *
 * @module
 */

import { Backoff, type BackoffOptions, retry } from "../../lib/base/retry.ts";
import type { QueueClock } from "./clock.ts";
import { QueueConnectionError, QueueReplicationError, QueueTimeoutError } from "./errors.ts";
import { logger } from "./log.ts";
import { toDelivery } from "./records.ts";
import { byPriority, type Claim, type QueueDelivery, type QueueReceiver } from "./store.ts";
import type { DeliveryRecord, Gap, SubscribeOptions, Subscription } from "./types.ts";

/** Delays after calls that failed. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 2000 };

/** What a subscription needs to know of its queue. */
export interface SubscriptionHost {
  readonly clock: QueueClock;
  readonly leaseMs: number;
  readonly pollMs: number | null;
  readonly receivers: QueueReceiver[];
  /** Told once, when the subscription has ended. */
  readonly onEnd: () => void;
}

/** One inbox, with what was taken from it and not yet yielded. */
interface ReceiverState {
  readonly receiver: QueueReceiver;
  claimed: QueueDelivery[];
  /** From then on the leases of `taken` are no longer ours. */
  leaseExpiresAtMs: number;
  /** There may be something to take. */
  isWoken: boolean;
  /** When a lease ends there; Infinity if none is known. */
  dueAtMs: number;
  /** Missed messages that were passed on, and that the store still counts. */
  reported: number;
}

/** A subscription on any store. */
export class QueueSubscription<T> implements Subscription<T> {
  readonly ready: Promise<void>;
  readonly #host: SubscriptionHost;
  readonly #channel: string;
  readonly #agentId: string;
  readonly #prefetch: number;
  readonly #onGap: ((gap: Gap) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #receivers: ReceiverState[];
  readonly #stopListening: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;
  #missed = 0;
  readonly #closing = new AbortController();
  #ending: Promise<void> | undefined;

  constructor(
    host: SubscriptionHost,
    channel: string,
    agentId: string,
    prefetch: number,
    options: SubscribeOptions,
  ) {
    this.#host = host;
    this.#channel = channel;
    this.#agentId = agentId;
    this.#prefetch = prefetch;
    this.#onGap = options.onGap;
    this.#signal = options.signal;
    this.#receivers = host.receivers.map((receiver) => ({
      receiver,
      claimed: [],
      leaseExpiresAtMs: Infinity,
      isWoken: true,
      dueAtMs: Infinity,
      reported: 0,
    }));
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.ready = this.#start(options.from ?? "now");
    // Whoever waits for neither `ready` nor `next()` is not to be ended by it.
    this.ready.catch(() => {});
    if (this.#signal?.aborted) this.#onAbort();
  }

  get missed(): number {
    return this.#missed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Calls wait for each other: every message goes to one of them. */
  next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<DeliveryRecord<T>>> {
    await this.end();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Ends the subscription and gives back what was not yielded. */
  end(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  get #hasEnded(): boolean {
    return this.#closing.signal.aborted;
  }

  readonly #onAbort = (): void => void this.end();

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
    for (const stop of this.#stopListening) stop();
    // A claim under way would otherwise come back to nobody.
    await this.ready.catch(() => {});
    await this.#refilling?.catch(() => {});
    await Promise.all(this.#receivers.map((receiver) => this.#release(receiver)));
    this.#host.onEnd();
  }

  async #release(state: ReceiverState): Promise<void> {
    const { claimed } = state;
    state.claimed = [];
    if (claimed.length === 0) return;
    try {
      await state.receiver.release(claimed);
    } catch (error) {
      logger.debug("release_failed", { ...this.#names(), count: claimed.length, error });
    }
  }

  async #start(from: "now" | "oldest"): Promise<void> {
    for (const state of this.#receivers) {
      await this.#retry(async () => {
        const stop = await state.receiver.listen(() => this.#onWakeup(state));
        if (this.#hasEnded) stop();
        else this.#stopListening.push(stop);
      });
      await this.#retry(() => state.receiver.register(from));
    }
  }

  /** Repeats an action until it succeeds, fails for good, or the subscription ends. */
  async #retry(action: () => Promise<void>): Promise<void> {
    if (this.#hasEnded) return;
    try {
      await retry(action, {
        backoff: BACKOFF,
        signal: this.#closing.signal,
        shouldRetry: isTransient,
        onRetry: (error) => this.#reportInterruption(error),
        sleep: (delayMs) => this.#sleep(delayMs),
      });
    } catch (error) {
      if (!this.#hasEnded || !isTransient(error)) throw error;
    }
  }

  #onWakeup(state: ReceiverState): void {
    state.isWoken = true;
    this.#wake?.();
  }

  #refilling: Promise<void> | undefined;

  async #next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    await this.ready;
    const backoff = new Backoff(BACKOFF);
    while (!this.#hasEnded) {
      try {
        this.#refilling = this.#refill();
        await this.#refilling;
        backoff.reset();
      } catch (error) {
        if (!isTransient(error)) {
          await this.end();
          throw error;
        }
        this.#reportInterruption(error);
        await this.#sleep(backoff.next());
        continue;
      } finally {
        this.#refilling = undefined;
      }
      const delivery = this.#hasEnded ? undefined : this.#takeBest();
      if (delivery !== undefined) {
        return { done: false, value: toDelivery<T>(delivery, this.#agentId) };
      }
      if (!this.#receivers.some((state) => this.#isClaimDue(state))) await this.#sleepUntilDue();
    }
    return { done: true, value: undefined };
  }

  #isClaimDue(state: ReceiverState): boolean {
    return state.isWoken || this.#host.clock.now() >= state.dueAtMs;
  }

  async #refill(): Promise<void> {
    const now = this.#host.clock.now();
    for (const state of this.#receivers) {
      if (state.claimed.length > 0 && now >= state.leaseExpiresAtMs) {
        state.claimed = [];
        state.isWoken = true;
      }
    }
    const empty = this.#receivers.filter((source) =>
      source.claimed.length === 0 && this.#isClaimDue(source)
    );
    const outcomes = await Promise.allSettled(empty.map((source) => this.#claim(source)));
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    // One part of a cluster may be away: what the others have is not to wait for it.
    if (
      !isTransient(failure.reason) || !this.#receivers.some(({ claimed }) => claimed.length > 0)
    ) {
      throw failure.reason;
    }
    this.#reportInterruption(failure.reason);
  }

  async #claim(state: ReceiverState): Promise<void> {
    const { clock, leaseMs } = this.#host;
    const askedAtMs = clock.now();
    state.isWoken = false;
    let claim: Claim;
    try {
      claim = await state.receiver.claim(this.#prefetch, state.reported);
    } catch (error) {
      state.isWoken = true;
      throw error;
    }
    state.claimed = claim.deliveries;
    state.leaseExpiresAtMs = askedAtMs + leaseMs;
    state.dueAtMs = claim.nextDueMs === null ? Infinity : clock.now() + claim.nextDueMs;
    if (claim.deliveries.length === this.#prefetch) state.isWoken = true;
    state.reported = claim.missed;
    if (claim.missed > 0) this.#reportGap(claim.missed);
  }

  #reportGap(missed: number): void {
    this.#missed += missed;
    logger.warn("messages_missed", { ...this.#names(), missed });
    this.#onGap?.({ channel: this.#channel, agentId: this.#agentId, missed });
  }

  #takeBest(): QueueDelivery | undefined {
    let best: ReceiverState | undefined;
    for (const state of this.#receivers) {
      if (state.claimed.length === 0) continue;
      if (best === undefined || byPriority(state.claimed[0], best.claimed[0]) < 0) best = state;
    }
    return best?.claimed.shift();
  }

  async #sleepUntilDue(): Promise<void> {
    const now = this.#host.clock.now();
    const dueAtMs = Math.min(...this.#receivers.map((source) => source.dueAtMs));
    const untilDueMs = Math.max(0, dueAtMs - now);
    const { pollMs } = this.#host;
    if (pollMs === null || untilDueMs <= pollMs) return await this.#sleep(untilDueMs);
    await this.#sleep(pollMs);
    for (const state of this.#receivers) state.isWoken = true;
  }

  /** Until a hint, the end, or some milliseconds are over. */
  async #sleep(delayMs: number): Promise<void> {
    if (this.#hasEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = delayMs === Infinity
      ? undefined
      : this.#host.clock.setTimer(resolve, Math.ceil(delayMs));
    await promise;
    this.#wake = undefined;
    cancel?.();
  }

  #reportInterruption(error: unknown): void {
    logger.warn("subscription_interrupted", { ...this.#names(), error });
  }

  #names(): { channel: string; agentId: string } {
    return { channel: this.#channel, agentId: this.#agentId };
  }
}

/** Whether an error says that the server is away for now. */
function isTransient(error: unknown): boolean {
  return error instanceof QueueConnectionError || error instanceof QueueTimeoutError ||
    error instanceof QueueReplicationError;
}
