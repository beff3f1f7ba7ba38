/**
 * Delivers the messages of a channel to the loop of an agent. A wakeup only starts a claim. The store
 * decides what there is to deliver, so that a lost wakeup costs time but no message.
 *
 * @module
 */

import { afterCommit } from "../../lib/base/after_commit.ts";
import { withTurn } from "../../lib/base/turn.ts";
import { Backoff, type BackoffOptions, retry } from "../../lib/base/retry.ts";
import type { QueueClock } from "./clock.ts";
import {
  QueueConnectionError,
  QueueOutOfMemoryError,
  QueueReplicationError,
  QueueTimeoutError,
} from "./errors.ts";
import { logUnheeded, trace, tracing } from "../../lib/base/log.ts";
import { logger } from "./log.ts";
import type { QueueObserver } from "./observer.ts";
import { toDelivery } from "./records.ts";
import { BufferedReceiver } from "./buffered_receiver.ts";
import { byPriority, type QueueDelivery, type QueueReceiver } from "./store.ts";
import type { DeliveryRecord, Gap, SubscribeOptions, Subscription } from "./types.ts";

/** Delays after calls that failed. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 2000 };

/** Longest wait of the end of a subscription for the server, in milliseconds. */
const CLEAR_GRACE_MS = 250;

/** What a subscription needs to know of its queue. */
export interface SubscriptionHost {
  readonly clock: QueueClock;
  readonly leaseMs: number;
  readonly pollMs: number | null;
  readonly receivers: QueueReceiver[];
  readonly observer: QueueObserver;
  /** Called once, when the subscription has ended. */
  readonly onEnd: () => void;
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
  readonly #receivers: BufferedReceiver[];
  readonly #stopListening: (() => void)[] = [];
  #isReady = false;
  #last: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;
  /** Ends the wait of `next()` for the server. */
  #leave: (() => void) | undefined;
  #refilling: Promise<void> | undefined;
  readonly #cleared = Promise.withResolvers<void>();
  #missed = 0;
  readonly #closing = new AbortController();
  #ending: Promise<void> | undefined;

  constructor(
    host: SubscriptionHost,
    channel: string,
    agentId: string,
    options: SubscribeOptions,
  ) {
    this.#host = host;
    this.#channel = channel;
    this.#agentId = agentId;
    logUnheeded();
    this.#prefetch = options.prefetch ?? 1;
    this.#onGap = options.onGap;
    this.#signal = options.signal;
    this.#receivers = host.receivers.map((receiver) =>
      new BufferedReceiver(receiver, host.clock, host.leaseMs)
    );
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.ready = this.#start(options.from ?? "now");
    // A failure must not end a program that awaits neither `ready` nor `next()`.
    this.ready.catch(() => {});
    if (this.#signal?.aborted) this.#onAbort();
  }

  get missed(): number {
    return this.#missed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Calls wait for each other, so that each of them returns another message. */
  next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const { observer } = this.#host;
    return observer.next(this.#channel, this.#agentId, () => this.#nextInOrder());
  }

  #nextInOrder(): Promise<IteratorResult<DeliveryRecord<T>>> {
    const result = this.#last.then(() => withTurn(() => this.#next()));
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

  /**
   * Ends the subscription, and releases the messages that were not yielded. Waits for that, but not long for
   * a server that is away.
   */
  end(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  /** Settles when nothing of a subscription that has ended is left to do. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  get #hasEnded(): boolean {
    return this.#closing.signal.aborted;
  }

  readonly #onAbort = (): void => void this.end();

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
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

  async #start(from: "now" | "oldest"): Promise<void> {
    for (const buffered of this.#receivers) {
      const { receiver } = buffered;
      await this.#retry(async () => {
        const stop = await receiver.listen(() => this.#onWakeup(buffered));
        if (this.#hasEnded) stop();
        else this.#stopListening.push(stop);
      });
      await this.#retry(() => receiver.register(from));
    }
    this.#isReady = true;
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
      if (!this.#hasEnded) throw error;
    }
  }

  /** The result of work, or undefined as soon as the subscription ends. */
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

  #onWakeup(receiver: BufferedReceiver): void {
    receiver.wake();
    this.#wake?.();
  }

  async #next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    if (!this.#isReady) await this.#untilEnd(this.ready);
    const backoff = new Backoff(BACKOFF);
    while (!this.#hasEnded) {
      try {
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
        if (tracing) trace(`received message ${delivery.id} of channel "${this.#channel}"`);
        logger.debug("message_received", { ...this.#names(), messageId: delivery.id });
        return { done: false, value: toDelivery<T>(delivery, this.#agentId) };
      }
      if (!this.#receivers.some(({ isClaimDue }) => isClaimDue)) await this.#sleepUntilDue();
    }
    return { done: true, value: undefined };
  }

  /** A message that is buffered is yielded without a wait. */
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
    const outcomes = await Promise.allSettled(empty.map((receiver) => this.#claim(receiver)));
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    // One server of a cluster may be down. The messages of the others are delivered.
    const hasMessages = this.#receivers.some(({ first }) => first !== undefined);
    if (!isTransient(failure.reason) || !hasMessages) throw failure.reason;
    this.#reportInterruption(failure.reason);
  }

  async #claim(receiver: BufferedReceiver): Promise<void> {
    const missed = await receiver.claim(this.#prefetch);
    if (missed > 0) this.#reportGap(missed);
  }

  #reportGap(missed: number): void {
    this.#missed += missed;
    logger.warn("messages_missed", { ...this.#names(), missed });
    const gap = { channel: this.#channel, agentId: this.#agentId, missed };
    afterCommit("callback", "onGap", () => this.#onGap?.(gap));
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
    if (pollMs === null || untilDueMs <= pollMs) return await this.#sleep(untilDueMs);
    await this.#sleep(pollMs);
    for (const receiver of this.#receivers) receiver.wake();
  }

  /** Sleeps until a wakeup, the end of the subscription, or `delayMs` have passed. */
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

/** Whether the server may serve again later. */
function isTransient(error: unknown): boolean {
  return error instanceof QueueConnectionError || error instanceof QueueTimeoutError ||
    error instanceof QueueReplicationError || error instanceof QueueOutOfMemoryError;
}
