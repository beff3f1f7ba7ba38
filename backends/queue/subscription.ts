/**
 * The way from an agent's inboxes to its loop. A hint only says that it is worth looking: what there
 * is to deliver is decided by the store alone, so that a lost hint costs time and never a message.
 *
 * @module
 */

import { toDelivery } from "./checks.ts";
import type { QueueClock } from "./clock.ts";
import { QueueConnectionError, QueueReplicationError, QueueTimeoutError } from "./errors.ts";
import { logger } from "./events.ts";
import { byTurn, type Claim, type Inbox, type StoredDelivery } from "./store.ts";
import type { DeliveryRecord, Gap, SubscribeOptions, Subscription } from "./types.ts";

/** First pause after a look that failed, in milliseconds; it doubles with each failure. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** What a subscription needs to know of its queue. */
export interface SubscriptionHost {
  readonly clock: QueueClock;
  readonly leaseMs: number;
  readonly pollMs: number | null;
  readonly inboxes: Inbox[];
  /** Told once, when the subscription has ended. */
  readonly onEnd: () => void;
}

/** One inbox, with what was taken from it and not yet yielded. */
interface Source {
  readonly inbox: Inbox;
  taken: StoredDelivery[];
  /** From then on the leases of `taken` are no longer ours. */
  lapsesAtMs: number;
  /** There may be something to take. */
  isHinted: boolean;
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
  readonly #sources: Source[];
  readonly #stopListening: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;
  #missed = 0;
  #hasEnded = false;
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
    this.#sources = host.inboxes.map((inbox) => ({
      inbox,
      taken: [],
      lapsesAtMs: Infinity,
      isHinted: true,
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

  readonly #onAbort = (): void => void this.end();

  async #end(): Promise<void> {
    this.#hasEnded = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
    for (const stop of this.#stopListening) stop();
    // A claim under way would otherwise come back to nobody.
    await this.ready.catch(() => {});
    await this.#refilling?.catch(() => {});
    await Promise.all(this.#sources.map((source) => this.#giveBack(source)));
    this.#host.onEnd();
  }

  async #giveBack(source: Source): Promise<void> {
    const { taken } = source;
    source.taken = [];
    if (taken.length === 0) return;
    try {
      await source.inbox.release(taken);
    } catch (error) {
      logger.debug("release_failed", { ...this.#names(), count: taken.length, error });
    }
  }

  async #start(from: "now" | "oldest"): Promise<void> {
    for (const source of this.#sources) {
      await this.#persist(async () => {
        const stop = await source.inbox.listen(() => this.#hint(source));
        if (this.#hasEnded) stop();
        else this.#stopListening.push(stop);
      });
      await this.#persist(() => source.inbox.register(from));
    }
  }

  /** Does something until it works, fails for good, or nobody needs it any more. */
  async #persist(action: () => Promise<void>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#hasEnded; pauseMs = longer(pauseMs)) {
      try {
        return await action();
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#tellInterruption(error);
        await this.#sleep(pauseMs);
      }
    }
  }

  #hint(source: Source): void {
    source.isHinted = true;
    this.#wake?.();
  }

  #refilling: Promise<void> | undefined;

  async #next(): Promise<IteratorResult<DeliveryRecord<T>>> {
    await this.ready;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#hasEnded;) {
      try {
        this.#refilling = this.#refill();
        await this.#refilling;
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (!isPassing(error)) {
          await this.end();
          throw error;
        }
        this.#tellInterruption(error);
        await this.#sleep(pauseMs);
        pauseMs = longer(pauseMs);
        continue;
      } finally {
        this.#refilling = undefined;
      }
      const delivery = this.#hasEnded ? undefined : this.#takeBest();
      if (delivery !== undefined) {
        return { done: false, value: toDelivery<T>(delivery, this.#agentId) };
      }
      if (!this.#sources.some((source) => this.#isWorthALook(source))) await this.#sleepUntilDue();
    }
    return { done: true, value: undefined };
  }

  #isWorthALook(source: Source): boolean {
    return source.isHinted || this.#host.clock.now() >= source.dueAtMs;
  }

  async #refill(): Promise<void> {
    const now = this.#host.clock.now();
    for (const source of this.#sources) {
      if (source.taken.length > 0 && now >= source.lapsesAtMs) {
        source.taken = [];
        source.isHinted = true;
      }
    }
    const empty = this.#sources.filter((source) =>
      source.taken.length === 0 && this.#isWorthALook(source)
    );
    const outcomes = await Promise.allSettled(empty.map((source) => this.#claim(source)));
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    // One part of a cluster may be away: what the others have is not to wait for it.
    if (!isPassing(failure.reason) || !this.#sources.some(({ taken }) => taken.length > 0)) {
      throw failure.reason;
    }
    this.#tellInterruption(failure.reason);
  }

  async #claim(source: Source): Promise<void> {
    const { clock, leaseMs } = this.#host;
    const askedAtMs = clock.now();
    source.isHinted = false;
    let claim: Claim;
    try {
      claim = await source.inbox.claim(this.#prefetch, source.reported);
    } catch (error) {
      source.isHinted = true;
      throw error;
    }
    source.taken = claim.deliveries;
    source.lapsesAtMs = askedAtMs + leaseMs;
    source.dueAtMs = claim.nextDueMs === null ? Infinity : clock.now() + claim.nextDueMs;
    if (claim.deliveries.length === this.#prefetch) source.isHinted = true;
    source.reported = claim.missed;
    if (claim.missed > 0) this.#tellGap(claim.missed);
  }

  #tellGap(missed: number): void {
    this.#missed += missed;
    logger.warn("messages_missed", { ...this.#names(), missed });
    this.#onGap?.({ channel: this.#channel, agentId: this.#agentId, missed });
  }

  #takeBest(): StoredDelivery | undefined {
    let best: Source | undefined;
    for (const source of this.#sources) {
      if (source.taken.length === 0) continue;
      if (best === undefined || byTurn(source.taken[0], best.taken[0]) < 0) best = source;
    }
    return best?.taken.shift();
  }

  async #sleepUntilDue(): Promise<void> {
    const now = this.#host.clock.now();
    const dueAtMs = Math.min(...this.#sources.map((source) => source.dueAtMs));
    const untilDueMs = Math.max(0, dueAtMs - now);
    const { pollMs } = this.#host;
    if (pollMs === null || untilDueMs <= pollMs) return await this.#sleep(untilDueMs);
    await this.#sleep(pollMs);
    for (const source of this.#sources) source.isHinted = true;
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

  #tellInterruption(error: unknown): void {
    logger.warn("subscription_interrupted", { ...this.#names(), error });
  }

  #names(): { channel: string; agentId: string } {
    return { channel: this.#channel, agentId: this.#agentId };
  }
}

function longer(pauseMs: number): number {
  return Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
}

/** Whether an error says that the server is away for now. */
function isPassing(error: unknown): boolean {
  return error instanceof QueueConnectionError || error instanceof QueueTimeoutError ||
    error instanceof QueueReplicationError;
}
