/**
 * The claims of consumers: what they get, and when there may be more.
 *
 * @module
 */

import { TextSet } from "../../../lib/base/text_map.ts";
import type { EngineConfig } from "../config.ts";
import type { Claim, Claimant, QueueDelivery } from "../store.ts";
import { ConsumerSightings } from "./consumer_sightings.ts";
import type { SpacePart } from "./contents.ts";
import { after, type Delivery, toQueueDelivery } from "./entry.ts";
import { RateWindows } from "./rate_windows.ts";
import type { StoredMessages } from "./stored_messages.ts";

/** Whose messages a consumer claims, and how many. */
export interface ClaimOptions {
  readonly channel: string;
  readonly agent: string;
  readonly limit: number;
  /** Missed messages that have been reported. */
  readonly reported: number;
  readonly claimant: Claimant;
}

/** Leases messages to consumers, unless their channel is paused or their rate is used up. */
export class Claims {
  readonly #messages: StoredMessages;
  readonly #rates = new RateWindows();
  readonly #consumers = new ConsumerSightings();
  readonly #paused = new TextSet();
  /** Number of leases. */
  #tokens = 0;

  constructor(messages: StoredMessages) {
    this.#messages = messages;
  }

  claim(options: ClaimOptions, config: EngineConfig): Claim {
    const { channel, agent, limit, reported, claimant } = options;
    const { queues } = this.#messages;
    const { ms } = this.#messages.now();
    this.noteConsumer(channel, claimant.consumer);
    const missed = queues.reportMissed(agent, channel, reported);
    if (this.#paused.has(channel)) return { deliveries: [], missed, nextDueMs: null };
    const room = this.#rates.room(channel, claimant.rate, ms);
    const claimed = queues.claim(
      agent,
      channel,
      Math.min(limit, room),
      (delivery) => this.#lease(delivery, claimant, config),
    );
    this.#rates.take(channel, claimant.rate, ms, claimed.length);
    for (const { entry } of claimed) this.#messages.count("delivered", entry, agent);
    const nextDueMs = this.#nextDueMs(channel, claimed.length === room);
    return { deliveries: claimed.map(toQueueDelivery), missed, nextDueMs };
  }

  /** A consumer asks for messages. */
  noteConsumer(channel: string, consumer: string): void {
    this.#consumers.add(channel, consumer, this.#messages.clock.now());
  }

  #lease({ entry }: Delivery, claimant: Claimant, config: EngineConfig) {
    return {
      end: after(this.#messages.now(), entry.leaseMs ?? config.leaseMs),
      token: tokenOf(++this.#tokens, claimant),
      maxAttempts: entry.maxAttempts ?? config.maxAttempts,
    };
  }

  /** The claim that returns no messages and changes nothing. Undefined if there is something to claim. */
  idle(channel: string, agent: string, { rate }: Claimant): Claim | undefined {
    const { queues, clock } = this.#messages;
    const ms = clock.now();
    const missed = queues.missedOf(agent, channel);
    if (this.#paused.has(channel)) return { deliveries: [], missed, nextDueMs: null };
    const isLimited = this.#rates.room(channel, rate, ms) === 0;
    if (!isLimited && queues.hasReady(agent, channel)) return undefined;
    return { deliveries: [], missed, nextDueMs: this.#nextDueMs(channel, isLimited) };
  }

  /** Milliseconds until more messages of a channel may be ready. Null if nothing is known. */
  #nextDueMs(channel: string, isLimited: boolean): number | null {
    const ms = this.#messages.clock.now();
    const windowEndMs = isLimited ? this.#rates.endMs(channel, ms) : undefined;
    const dueMs = Math.min(windowEndMs ?? Infinity, this.#nextReadyMs(channel));
    return dueMs === Infinity ? null : dueMs - ms;
  }

  /** When more messages of a channel may be ready. */
  #nextReadyMs(channel: string): number {
    const { queues, delayed, index } = this.#messages;
    return Math.min(
      queues.nextLeaseEndMs ?? Infinity,
      queues.nextRetryMs ?? Infinity,
      delayed.nextDueMs(channel) ?? Infinity,
      // The end of a message may let the next one with its ordering key go on.
      queues.hasLines ? index.nextExpiryMs ?? Infinity : Infinity,
    );
  }

  /** Releases messages that were claimed and not yielded. */
  release(agent: string, claimed: readonly Pick<QueueDelivery, "id" | "leaseToken">[]): void {
    for (const { id, leaseToken } of claimed) {
      const delivery = this.#messages.index.get(id)?.deliveries.get(agent);
      if (delivery === undefined || delivery.leaseEnd === null) continue;
      if (delivery.token !== leaseToken) continue;
      this.#messages.queues.release(delivery);
      this.#messages.count("released", delivery.entry, agent);
    }
  }

  /** Begins or ends a pause. */
  setPaused(channel: string, isPaused: boolean): void {
    if (isPaused) {
      this.#paused.add(channel);
    } else if (this.#paused.delete(channel)) {
      this.#messages.listeners.wake(channel);
    }
  }

  /** Whether a channel is paused. */
  isPaused(channel: string): boolean {
    return this.#paused.has(channel);
  }

  /** Whether some channel is paused. */
  get hasPaused(): boolean {
    return this.#paused.size > 0;
  }

  /** Number of consumers that have asked for messages of a channel lately, or wait for some here. */
  consumers(channel: string): number {
    const seen = this.#consumers.count(channel, this.#messages.clock.now());
    return Math.max(seen, this.#messages.listeners.count(channel));
  }

  *contents(): Generator<SpacePart> {
    const windows = this.#rates.export();
    yield { type: "claims", tokens: this.#tokens, windows, heldUntilMs: 0 };
    for (const channel of this.#paused) yield { type: "paused", channel, heldUntilMs: Infinity };
  }

  /** Adds a part of another copy. */
  restore(part: SpacePart): void {
    if (part.type === "paused") this.#paused.add(part.channel);
    if (part.type !== "claims") return;
    this.#tokens = part.tokens;
    this.#rates.import(part.windows);
  }
}

/** The name of a lease. That of its holder comes last. */
function tokenOf(number: number, { holder }: Claimant): string {
  return holder === undefined ? `${number}` : `${number}@${holder}`;
}
