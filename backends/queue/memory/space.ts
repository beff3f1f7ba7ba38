/**
 * The messages of a namespace in the memory of this process. Its indexes and queues are those of the
 * store on Redis, so that both give the same results.
 *
 * @module
 */

import { TextMap, TextSet } from "../../../lib/base/text_map.ts";
import type { QueueClock } from "../clock.ts";
import type { EngineConfig } from "../config.ts";
import type {
  AcknowledgeOutcome,
  Claim,
  MessageToPut,
  NewMessage,
  PublishOutcome,
  QueueDeadLetter,
  QueueDelivery,
  QueueRecord,
} from "../store.ts";
import type { MessageFilters } from "../types.ts";
import { entryOf, messagePart, type SpacePart } from "./contents.ts";
import { DefaultMap } from "./default_map.ts";
import { DeliveryQueues } from "./delivery_queues.ts";
import {
  type Delivery,
  newDelivery,
  type QueueEntry,
  toQueueDeadLetter,
  toQueueDelivery,
  toQueueRecord,
} from "./entry.ts";
import { MessageIndex } from "./message_index.ts";
import { SettledIndex } from "./settled_index.ts";

/** Bytes of the records that claim and acknowledge a message, with names of usual length. */
const REMOVAL_BYTES = 640;

/** All messages of a namespace. Queues that share it see the same messages. */
export class MemorySpace {
  readonly clock: QueueClock;
  readonly #messages = new MessageIndex();
  readonly #settled = new SettledIndex();
  readonly #queues = new DeliveryQueues((entry) => this.#settled.update(entry));
  readonly #subscribers = new DefaultMap(() => new TextSet());
  #sequence = 0;

  constructor(clock: QueueClock) {
    this.clock = clock;
  }

  publish(message: NewMessage, id: string, config: EngineConfig): PublishOutcome {
    const nowMs = this.#removeExpired();
    const dateMs = this.#date();
    const { ttlMs, delayMs: _, deduplicationMs: _window, ...rest } = message;
    const record = this.#store({
      ...rest,
      id,
      createdMs: dateMs,
      updatedMs: dateMs,
      expiresMs: ttlMs === null ? null : dateMs + ttlMs,
      deadlineMs: ttlMs === null ? null : nowMs + ttlMs,
      acknowledged: false,
    }, config);
    return { record, isNew: true };
  }

  put(message: MessageToPut, config: EngineConfig): void {
    const nowMs = this.#removeExpired();
    const former = this.#messages.get(message.id);
    const attempts = attemptsOf(former);
    if (former !== undefined) this.#remove(former);
    const dateMs = this.#date();
    const { expiresMs } = message;
    if (expiresMs !== null && expiresMs <= dateMs) return;
    const deadlineMs = expiresMs === null ? null : nowMs + expiresMs - dateMs;
    this.#store({ ...message, updatedMs: dateMs, deadlineMs }, config, attempts);
  }

  /** The date, for records. */
  #date(): number {
    return this.clock.date?.() ?? this.clock.now();
  }

  #store(
    message: Omit<QueueEntry, "sequence" | "deliveries">,
    config: EngineConfig,
    attempts: ReadonlyMap<string, number> = new Map(),
  ): QueueRecord {
    const entry: QueueEntry = { ...message, sequence: ++this.#sequence, deliveries: new TextMap() };
    this.#messages.add(entry);
    if (entry.acknowledged) {
      const agent = entry.target!;
      entry.deliveries.set(agent, newDelivery(entry, agent, "acknowledged"));
      this.#settled.update(entry);
    } else {
      for (const agent of this.#recipientsOf(entry)) {
        const count = attempts.get(agent) ?? 0;
        if (count < config.maxAttempts) this.#queues.deliver(entry, agent, count);
        else this.#queues.deliverDead(entry, agent, count, this.clock.now());
      }
    }
    this.#trim(entry.channel, config.maxItems);
    return toQueueRecord(entry, undefined);
  }

  #recipientsOf({ target, channel }: QueueEntry): Iterable<string> {
    return target === null ? this.#subscribers.get(channel) ?? [] : [target];
  }

  #remove(entry: QueueEntry): void {
    this.#messages.remove(entry);
    this.#settled.remove(entry);
    for (const delivery of entry.deliveries.values()) this.#queues.remove(delivery);
  }

  /**
   * Removes the oldest messages of a channel that has more than `maxItems`: first those that are done, then
   * dead letters.
   */
  #trim(channel: string, maxItems: number): void {
    const messages = this.#messages.ofChannel(channel);
    while (messages.length > maxItems) {
      const oldest = this.#settled.first(channel) ?? messages.at(0)!;
      for (const delivery of oldest.deliveries.values()) this.#queues.countMissed(delivery);
      this.#remove(oldest);
    }
  }

  /** Removes expired messages, and returns the time. */
  #removeExpired(): number {
    const nowMs = this.clock.now();
    for (const entry of this.#messages.expired(nowMs)) this.#remove(entry);
    return nowMs;
  }

  /** Does all that is due by the time of the clock. */
  sweep({ maxAttempts }: { readonly maxAttempts: number }): void {
    this.#sweep(maxAttempts);
  }

  /** When something is due next. Infinity if nothing is. */
  get nextDueMs(): number {
    return Math.min(
      this.#messages.nextExpiryMs ?? Infinity,
      this.#queues.nextLeaseEndMs ?? Infinity,
    );
  }

  /** Milliseconds until something is due. Null if nothing is. */
  get untilDueMs(): number | null {
    const dueMs = this.nextDueMs;
    return dueMs === Infinity ? null : dueMs - this.clock.now();
  }

  /** Whether a claim has something to return, when nothing is due. */
  hasReady(channel: string, agent: string): boolean {
    return this.#queues.hasReady(agent, channel);
  }

  /** Whether there is nothing that anybody could want. */
  get isEmpty(): boolean {
    return this.#messages.size === 0 && [...this.#subscribers.entries()].length === 0;
  }

  /** Most bytes that the records of a journal take which remove all messages one by one. */
  get removalBytes(): number {
    return REMOVAL_BYTES * this.#messages.size;
  }

  /** All that it has, as parts from which `restore` makes the same in another process. */
  *contents(): Generator<SpacePart> {
    yield { type: "counters", sequence: this.#sequence, heldUntilMs: 0 };
    for (const [channel, agents] of this.#subscribers.entries()) {
      if (agents.size === 0) continue;
      yield { type: "subscribers", channel, agents: [...agents], heldUntilMs: Infinity };
    }
    for (const entry of this.#messages.values()) yield messagePart(entry);
    for (const [agent, channel, missed] of this.#queues.missed()) {
      yield { type: "missed", agent, channel, missed, heldUntilMs: 0 };
    }
  }

  /** Adds a part of another copy of this namespace. */
  restore(part: SpacePart): void {
    if (part.type === "counters") this.#sequence = part.sequence;
    if (part.type === "missed") this.#queues.setMissed(part.agent, part.channel, part.missed);
    if (part.type === "subscribers") {
      for (const agent of part.agents) this.#subscribers.getOrCreate(part.channel).add(agent);
    }
    if (part.type === "message") {
      const entry = entryOf(part);
      this.#messages.add(entry);
      for (const delivery of entry.deliveries.values()) this.#queues.restore(delivery);
    }
  }

  /** Removes expired messages, ends the leases that are over, and returns the time. */
  #sweep(maxAttempts: number): number {
    const nowMs = this.#removeExpired();
    this.#queues.expireLeases(nowMs, maxAttempts);
    return nowMs;
  }

  register(channel: string, agent: string, from: "now" | "oldest"): void {
    this.#removeExpired();
    const subscribers = this.#subscribers.getOrCreate(channel);
    if (subscribers.has(agent)) return;
    subscribers.add(agent);
    if (from === "now") return;
    for (const entry of this.#messages.ofChannel(channel).values()) {
      if (entry.target === null) this.#queues.deliver(entry, agent);
    }
  }

  /** Whether a subscription of an agent to a channel lives here. */
  hasListeners(channel: string, agent: string): boolean {
    return this.#queues.hasListeners(agent, channel);
  }

  unsubscribe(channel: string, agent: string, isSubscribed: boolean): boolean {
    const subscribers = this.#subscribers.getOrCreate(channel);
    if (!subscribers.has(agent)) return false;
    // A subscription of the agent that still lives gets the next broadcasts.
    if (!isSubscribed) subscribers.delete(agent);
    for (const entry of this.#messages.ofChannel(channel).values()) {
      const delivery = entry.target === null ? entry.deliveries.get(agent) : undefined;
      if (delivery === undefined || delivery.state === "acknowledged") continue;
      this.#queues.remove(delivery);
      entry.deliveries.delete(agent);
      this.#settled.update(entry);
    }
    this.#queues.resetMissed(agent, channel);
    return true;
  }

  listen(channel: string, agent: string, onWakeup: () => void): () => void {
    return this.#queues.listen(agent, channel, onWakeup);
  }

  claim(
    channel: string,
    agent: string,
    limit: number,
    reported: number,
    config: EngineConfig,
  ): Claim {
    const nowMs = this.#sweep(config.maxAttempts);
    const missed = this.#queues.reportMissed(agent, channel, reported);
    const lease = { endMs: nowMs + config.leaseMs, untilMs: this.#date() + config.leaseMs };
    const deliveries = this.#queues.claim(agent, channel, limit, lease).map(toQueueDelivery);
    const endMs = this.#queues.nextLeaseEndMs;
    return { deliveries, missed, nextDueMs: endMs === undefined ? null : endMs - nowMs };
  }

  release(agent: string, claimed: readonly QueueDelivery[]): void {
    for (const { id, leasedUntilMs } of claimed) {
      const delivery = this.#messages.get(id)?.deliveries.get(agent);
      if (delivery?.state !== "pending" || delivery.lease?.untilMs !== leasedUntilMs) continue;
      this.#queues.release(delivery);
    }
  }

  /** The delivery of a message to an agent, by default to its target. */
  #find(id: string, agent: string | undefined): Delivery | "absent" | "needs agent" {
    const entry = this.#messages.get(id);
    if (entry === undefined) return "absent";
    const recipient = agent ?? entry.target;
    if (recipient === null) return "needs agent";
    return entry.deliveries.get(recipient) ?? "absent";
  }

  acknowledge(id: string, agent: string | undefined): AcknowledgeOutcome {
    this.#removeExpired();
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state === "acknowledged") return "acknowledged";
    this.#queues.acknowledge(delivery);
    if (delivery.entry.target !== null) this.#messages.acknowledge(delivery.entry, this.#date());
    return "acknowledged";
  }

  requeue(id: string, agent: string | undefined, maxAttempts: number): AcknowledgeOutcome {
    this.#sweep(maxAttempts);
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state !== "dead") return "absent";
    this.#queues.requeue(delivery);
    return "acknowledged";
  }

  pending(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): QueueDelivery[] {
    this.#sweep(maxAttempts);
    return this.#queues.pendingOf(agent, channel).take(limit).map(toQueueDelivery).toArray();
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): QueueDeadLetter[] {
    this.#sweep(maxAttempts);
    return this.#queues.deadOf(agent, channel).take(limit).map(toQueueDeadLetter).toArray();
  }

  get(id: string, agent: string | undefined): QueueRecord | undefined {
    this.#removeExpired();
    const entry = this.#messages.get(id);
    return entry && toQueueRecord(entry, agent);
  }

  delete(id: string): boolean {
    this.#removeExpired();
    const entry = this.#messages.get(id);
    if (entry !== undefined) this.#remove(entry);
    return entry !== undefined;
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): QueueRecord[] {
    this.#removeExpired();
    const page = this.#messages.matching(filters).drop(offset).take(limit);
    return page.map((entry) => toQueueRecord(entry, agent)).toArray();
  }

  count(filters: MessageFilters): number {
    this.#removeExpired();
    return this.#messages.matching(filters).reduce((count) => count + 1, 0);
  }

  clear(): number {
    this.#removeExpired();
    const entries = [...this.#messages.values()];
    for (const entry of entries) this.#remove(entry);
    return entries.length;
  }
}

/** The attempts of the pending deliveries of a message, by agent. A message that is put again keeps them. */
function attemptsOf(entry: QueueEntry | undefined): Map<string, number> {
  const pending = entry?.deliveries.values().filter(({ state }) => state === "pending") ?? [];
  return new Map([...pending].map(({ agent, attempts }) => [agent, attempts]));
}
