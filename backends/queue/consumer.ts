/**
 * Takes the messages of a channel for an agent from the store. A wakeup only starts a claim. The store
 * decides what there is to deliver, so that a lost wakeup costs time but no message.
 *
 * @module
 */

import { afterCommit } from "../../lib/base/after_commit.ts";
import { Backoff, type BackoffOptions, retry } from "../../lib/base/retry.ts";
import { BufferedReceiver } from "./buffered_receiver.ts";
import type { QueueClock } from "./clock.ts";
import {
  QueueConnectionError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueTimeoutError,
} from "./errors.ts";
import { logger } from "./log.ts";
import { PollTimer } from "./poll_timer.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type Claimant,
  type DeliveryTarget,
  type QueueDelivery,
  type QueueReceiver,
  type SettleReservation,
} from "./store.ts";
import type { Gap, RateLimit } from "./types.ts";

/** Delays after calls of the store that failed. */
export const STORE_BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 2000 };

/** Longest wait of the end of a consumer for the server, in milliseconds. */
const CLEAR_GRACE_MS = 250;

/** What a consumer needs to know of its queue. */
export interface ConsumerHost {
  readonly clock: QueueClock;
  readonly leaseMs: number;
  readonly pollMs: number | null;
  readonly receivers: QueueReceiver[];
  /** Called with each message that is taken. */
  readonly onDelivery: (delivery: QueueDelivery) => void;
  /** Called once, when nothing of the consumer is left to do. */
  readonly onEnd: () => void;
}

/** Claims from receivers whose buffers are empty. The others hold some messages already. Never rejects. */
export type ClaimPlan = (
  empty: readonly BufferedReceiver[],
  claim: (receiver: BufferedReceiver, limit: number) => Promise<void>,
  held: number,
) => Promise<PromiseSettledResult<void>[]>;

/** What a consumer takes. */
export interface ConsumerOptions {
  readonly channel: string;
  readonly agentId: string;
  readonly from: "now" | "oldest";
  readonly limiter: RateLimit | undefined;
  readonly plan: ClaimPlan;
  /** How many messages the consumer may hold; `isAsked` if `next` waits for one. */
  readonly room: (isAsked: boolean) => number;
  /** Whether it may hold more for a moment, if some are handed over while it claims. */
  readonly mayOverlap: boolean;
  readonly onGap: ((gap: Gap) => void) | undefined;
}

/** Claims messages until it ends, over all failures that may pass. */
export class ChannelConsumer {
  /** Settles when the consumer receives what is published from now on. */
  readonly ready: Promise<void>;
  readonly #host: ConsumerHost;
  readonly #options: ConsumerOptions;
  readonly #claimant: Claimant;
  readonly #receivers: BufferedReceiver[];
  readonly #stopListening: (() => void)[] = [];
  readonly #cleared = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  readonly #timer: PollTimer;
  #isReady = false;
  /** Whether `next` waits for a message. */
  #isAsked = false;
  #wake: (() => void) | undefined;
  /** Ends the wait of `next()` for the server. */
  #leave: (() => void) | undefined;
  #refilling: Promise<void> | undefined;
  #missed = 0;
  #ending: Promise<void> | undefined;

  constructor(host: ConsumerHost, options: ConsumerOptions) {
    this.#host = host;
    this.#options = options;
    this.#timer = new PollTimer(host.clock);
    this.#claimant = { consumer: crypto.randomUUID(), rate: rateOf(options.limiter) };
    this.#receivers = host.receivers.map((receiver) =>
      new BufferedReceiver(receiver, {
        clock: host.clock,
        leaseMs: host.leaseMs,
        pollMs: host.pollMs,
        mayOverlap: options.mayOverlap,
        onSettled: () => this.#wake?.(),
      })
    );
    this.ready = this.#start();
    // A failure must not end a program that awaits neither `ready` nor `next()`.
    this.ready.catch(() => {});
  }

  /** Number of messages that were removed before the agent had acknowledged them, as reported. */
  get missed(): number {
    return this.#missed;
  }

  /** Settles when nothing of a consumer that has ended is left to do. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  get #hasEnded(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Ends the consumer, and releases the messages that were not taken. Waits for that, but not long for a server
   * that is away.
   */
  end(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#wake?.();
    this.#timer.stop();
    this.#leave?.();
    for (const stop of this.#stopListening) stop();
    void this.#clear();
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const cancel = this.#host.clock.setTimer(resolve, CLEAR_GRACE_MS);
    await Promise.race([this.cleared, timeout]);
    cancel();
  }

  async #clear(): Promise<void> {
    // A pending claim may still return messages.
    await this.ready.catch(() => {});
    await this.#refilling?.catch(() => {});
    await Promise.all(this.#receivers.map((receiver) => receiver.unreserved()));
    await Promise.all(this.#receivers.map((receiver) => this.#release(receiver)));
    this.#host.onEnd();
    this.#cleared.resolve();
  }

  async #release(receiver: BufferedReceiver): Promise<void> {
    try {
      await receiver.release();
    } catch (error) {
      logger.debug("release_failed", { ...this.#names(), error });
    }
  }

  async #start(): Promise<void> {
    for (const buffered of this.#receivers) {
      const { receiver } = buffered;
      await this.#retry(async () => {
        const stop = await receiver.listen(
          (inMs) => this.#onWakeup(buffered, inMs),
          () => this.#reserve(buffered),
        );
        if (this.#hasEnded) stop();
        else this.#stopListening.push(stop);
      });
      await this.#retry(() => receiver.register(this.#options.from));
    }
    this.#isReady = true;
  }

  /** Repeats an action until it succeeds, fails for good, or the consumer ends. */
  async #retry(action: () => Promise<void>): Promise<void> {
    if (this.#hasEnded) return;
    try {
      await retry(action, {
        backoff: STORE_BACKOFF,
        signal: this.#closing.signal,
        shouldRetry: isTransient,
        onRetry: (error) => this.#reportInterruption(error),
        sleep: async (delayMs) => void await this.#sleep(delayMs),
      });
    } catch (error) {
      if (!this.#hasEnded) throw error;
    }
  }

  /** The result of work, or undefined as soon as the consumer ends. */
  async #untilEnd<R>(work: Promise<R>): Promise<R | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<R | undefined>();
    work.then(resolve, reject);
    this.#leave = () => resolve(undefined);
    if (this.#hasEnded) this.#leave();
    try {
      return await promise;
    } finally {
      this.#leave = undefined;
    }
  }

  /**
   * Acknowledges a message that `next` has returned, and takes up to `limit` others in the same call of the store, which
   * `next` returns then. Undefined, and nothing is done, if none may be ready, or if several receivers are to be asked.
   */
  acknowledge(
    target: DeliveryTarget,
    result: string | undefined,
    limit: number,
  ): Promise<AcknowledgeOutcome> | undefined {
    const [receiver, ...others] = this.#receivers;
    const isFree = others.length === 0 && !this.#hasEnded && this.#refilling === undefined;
    if (
      !isFree || this.#claimant.rate !== null ||
      !receiver.canCarryClaim
    ) {
      return undefined;
    }
    const carrying = receiver.acknowledgeAndClaim(target, result, limit, this.#claimant);
    this.#refilling = carrying.then(({ missed }) => this.#reportMissed(missed), () => {})
      .finally(() => this.#refilling = undefined);
    return carrying.then(({ outcome }) => outcome);
  }

  #onWakeup(receiver: BufferedReceiver, inMs: number | undefined): boolean {
    if (inMs === undefined) receiver.wake();
    else if (!receiver.expect(inMs)) return false;
    const isWaiting = this.#wake !== undefined;
    this.#wake?.();
    return isWaiting;
  }

  /** Reserves the place of a message that is about to be published, for who waits or takes several ahead. */
  #reserve(receiver: BufferedReceiver): SettleReservation | undefined {
    const isTaking = this.#isAsked || receiver.length > 0;
    if (!isTaking || this.#hasEnded || this.#claimant.rate !== null) return undefined;
    return receiver.reserve(this.#options.room(this.#isAsked));
  }

  /** The next message, or undefined when the consumer has ended. One call at a time. */
  async next(): Promise<QueueDelivery | undefined> {
    this.#isAsked = true;
    try {
      return await this.#next();
    } finally {
      this.#isAsked = false;
    }
  }

  async #next(): Promise<QueueDelivery | undefined> {
    if (!this.#isReady) await this.#untilEnd(this.ready);
    const backoff = new Backoff(STORE_BACKOFF);
    while (!this.#hasEnded) {
      try {
        if (this.#refilling !== undefined) await this.#untilEnd(this.#refilling);
        if (this.#isRefillDue()) await this.#untilEnd(this.#startRefill());
        backoff.reset();
      } catch (error) {
        if (this.#hasEnded) break;
        if (!isTransient(error)) {
          await this.end();
          throw error;
        }
        this.#reportInterruption(error);
        await this.#sleep(backoff.next());
        continue;
      }
      const delivery = this.#hasEnded ? undefined : this.#takeBest();
      if (delivery !== undefined) {
        this.#host.onDelivery(delivery);
        return delivery;
      }
      if (!this.#receivers.some(({ isClaimDue }) => isClaimDue)) await this.#sleepUntilDue();
    }
    return undefined;
  }

  /** A message that is buffered is taken without a wait. */
  #isRefillDue(): boolean {
    for (const receiver of this.#receivers) receiver.dropExpired();
    return this.#receivers.some(({ first, isClaimDue }) => first === undefined && isClaimDue);
  }

  #startRefill(): Promise<void> {
    return this.#refilling = this.#refill().finally(() => this.#refilling = undefined);
  }

  /** Claims messages from the receivers whose buffers are empty. */
  async #refill(): Promise<void> {
    const empty = this.#receivers.filter(({ first, isClaimDue }) =>
      first === undefined && isClaimDue
    );
    const held = this.#receivers.reduce((sum, { length }) => sum + length, 0);
    const claim = (receiver: BufferedReceiver, limit: number) => this.#claim(receiver, limit);
    const outcomes = await this.#options.plan(empty, claim, held);
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    // One server of a cluster may be down. The messages of the others are delivered.
    const hasMessages = this.#receivers.some(({ first }) => first !== undefined);
    if (!isTransient(failure.reason) || !hasMessages) throw failure.reason;
    this.#reportInterruption(failure.reason);
  }

  async #claim(receiver: BufferedReceiver, limit: number): Promise<void> {
    this.#reportMissed(await receiver.claim(limit, this.#claimant));
  }

  #reportMissed(missed: number): void {
    if (missed === 0) return;
    this.#missed += missed;
    logger.warn("messages_missed", { ...this.#names(), missed });
    const gap = { ...this.#names(), missed };
    afterCommit("callback", "onGap", () => this.#options.onGap?.(gap));
  }

  /** The next message of all receivers, in the order of delivery. */
  #takeBest(): QueueDelivery | undefined {
    let best: BufferedReceiver | undefined;
    for (const receiver of this.#receivers) {
      if (receiver.first === undefined) continue;
      if (best === undefined || byPriority(receiver.first, best.first!) < 0) best = receiver;
    }
    return best?.shift();
  }

  async #sleepUntilDue(): Promise<void> {
    const now = this.#host.clock.now();
    const dueAtMs = Math.min(...this.#receivers.map(({ dueAtMs }) => dueAtMs));
    const untilDueMs = Math.max(0, dueAtMs - now);
    const { pollMs } = this.#host;
    if (pollMs === null || untilDueMs <= pollMs) {
      await this.#sleep(untilDueMs);
      return;
    }
    if (await this.#sleep(pollMs) === "woken") return;
    for (const receiver of this.#receivers) receiver.wake();
  }

  /** Sleeps until a wakeup, the end of the consumer, or `delayMs` have passed. */
  async #sleep(delayMs: number): Promise<"woken" | "over"> {
    if (this.#hasEnded) return "woken";
    const { promise, resolve } = Promise.withResolvers<"woken" | "over">();
    this.#wake = () => resolve("woken");
    if (delayMs !== Infinity) this.#timer.wait(delayMs, () => resolve("over"));
    const outcome = await promise;
    this.#wake = undefined;
    // A timer that goes on keeps the process alive.
    if (delayMs > (this.#host.pollMs ?? 0)) this.#timer.stop();
    else this.#timer.leave();
    return outcome;
  }

  #reportInterruption(error: unknown): void {
    logger.warn("subscription_interrupted", { ...this.#names(), error });
  }

  #names(): { channel: string; agentId: string } {
    return { channel: this.#options.channel, agentId: this.#options.agentId };
  }
}

function rateOf(limiter: RateLimit | undefined): Claimant["rate"] {
  return limiter === undefined
    ? null
    : { max: limiter.max, windowMs: Math.round(limiter.seconds * 1000) };
}

/** Whether the server may serve again later. */
export function isTransient(error: unknown): boolean {
  return error instanceof QueueConnectionError || error instanceof QueueTimeoutError ||
    error instanceof QueueReplicationError || error instanceof QueueOutOfMemoryError;
}
