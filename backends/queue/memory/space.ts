/**
 * The messages of a namespace in the memory of this process. Its indexes and queues are those of the
 * store on Redis, so that both give the same results.
 *
 * It is deterministic: ids are those of its caller, times those of its clock. Calls with the same arguments
 * at the same times make the same namespace in each process.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { EngineConfig } from "../config.ts";
import type {
  AcknowledgeOutcome,
  Claim,
  Claimant,
  DeliveryTarget,
  Failure,
  LeaseOutcome,
  MessageToPut,
  NewMessage,
  PublishOutcome,
  QueueDeadLetter,
  QueueDelivery,
  QueueRecord,
  StoredResult,
  StoredSchedule,
  StoreStats,
} from "../store.ts";
import type { MessageFilters, PurgedState, QueueEvent } from "../types.ts";
import { countDeliveries, purgedStateOf } from "./channel_view.ts";
import { Claims } from "./claims.ts";
import type { Original, SpacePart } from "./contents.ts";
import {
  after,
  type FormerAttempts,
  type QueueEntry,
  toQueueDeadLetter,
  toQueueDelivery,
  toQueueRecord,
} from "./entry.ts";
import { ExpiringMap } from "./expiring_map.ts";
import { LeaseCalls } from "./lease_calls.ts";
import { ScheduleTable } from "./schedule_table.ts";
import { type EngineClock, type NewEntry, StoredMessages } from "./stored_messages.ts";

/**
 * All messages of a namespace. Queues that share it see the same messages. Callers call `sweep` before each
 * other call.
 */
export class MemorySpace {
  readonly #messages: StoredMessages;
  readonly #claims: Claims;
  readonly #leases: LeaseCalls;
  readonly #duplicates = new ExpiringMap<Original>();
  readonly #schedules = new ScheduleTable();

  constructor(clock: EngineClock) {
    this.#messages = new StoredMessages(clock);
    this.#claims = new Claims(this.#messages);
    this.#leases = new LeaseCalls(this.#messages);
  }

  /** Does all that is due by the time of the clock. */
  sweep(): void {
    this.#messages.sweep();
    this.#duplicates.advance(this.#messages.clock.now());
  }

  /** When something is due next. Infinity if nothing is. */
  get nextDueMs(): number {
    return this.#messages.nextDueMs;
  }

  /** The claim that returns no messages and changes nothing. Undefined if there is something to claim. */
  idleClaim(channel: string, agent: string, claimant: Claimant): Claim | undefined {
    return this.#claims.idle(channel, agent, claimant);
  }

  /** A consumer asks for messages. */
  noteConsumer(channel: string, consumer: string): void {
    this.#claims.noteConsumer(channel, consumer);
  }

  /** The processes that hold leases, as their consumers have named them. */
  holders(): Set<string> {
    return this.#messages.queues.holders();
  }

  /** Ends the leases of a process, which has ended. */
  endLeasesOf(holder: string): void {
    this.#messages.queues.endLeasesOf(holder, this.#messages.now());
  }

  /** Whether there is something to do or to look at: schedules, dead letters, messages that are not done. */
  get hasWork(): boolean {
    return this.#schedules.size > 0 || this.#messages.hasWork;
  }

  /** Whether there is nothing that anybody could want. */
  get isEmpty(): boolean {
    return this.#messages.isEmpty && this.#schedules.size === 0 && !this.#claims.hasPaused;
  }

  /** Most bytes that the records of a journal take which remove all messages one by one. */
  get removalBytes(): number {
    return this.#messages.index.removalBytes + this.#messages.queues.removalBytes;
  }

  publish(message: NewMessage, id: string, config: EngineConfig): PublishOutcome {
    this.sweep();
    const record = this.#duplicateOf(message);
    if (record !== undefined) return { record, isNew: false };
    const mayDrop = config.whenFull === "dropOldest";
    if (!mayDrop && this.#messages.activeCount(message.channel) >= config.maxItems) return "full";
    return { record: this.#publish(message, id, config), isNew: true };
  }

  /** The message that a publisher has stored before. If it is gone, it is as it would be. */
  #duplicateOf(message: NewMessage): QueueRecord | undefined {
    const key = duplicateKey(message);
    const original = key === undefined ? undefined : this.#duplicates.get(key);
    if (original === undefined) return undefined;
    const entry = this.#messages.index.get(original.id);
    if (entry !== undefined) return toQueueRecord(entry, undefined);
    const wouldBe = { ...this.#toEntry(message, original.id), sequence: 0 };
    const record = toQueueRecord({ ...wouldBe, deliveries: new TextMap() }, undefined);
    return { ...record, ...original, updatedMs: original.createdMs };
  }

  #publish(message: NewMessage, id: string, config: EngineConfig): QueueRecord {
    const key = duplicateKey(message);
    const entry = this.#messages.add(this.#toEntry(message, id), config);
    if (key !== undefined) {
      const { createdMs, dueMs, expiresMs } = entry;
      const untilMs = this.#messages.clock.now() + message.deduplicationMs;
      this.#duplicates.set(key, { id, createdMs, dueMs, expiresMs }, untilMs);
    }
    return toQueueRecord(entry, undefined);
  }

  #toEntry(message: NewMessage, id: string): NewEntry {
    const { ttlMs, delayMs, dueMs, deduplicationMs: _, ...rest } = message;
    const now = this.#messages.now();
    const waitMs = Math.max(0, dueMs === null ? delayMs ?? 0 : dueMs - now.dateMs);
    const due = after(now, waitMs);
    return {
      ...rest,
      id,
      createdMs: now.dateMs,
      updatedMs: now.dateMs,
      dueMs: waitMs === 0 ? null : due.dateMs,
      readyAtMs: waitMs === 0 ? null : due.ms,
      expiresMs: ttlMs === null ? null : due.dateMs + ttlMs,
      deadlineMs: ttlMs === null ? null : due.ms + ttlMs,
      acknowledged: false,
      former: null,
      isAbandoned: false,
    };
  }

  put(message: MessageToPut, config: EngineConfig): void {
    this.sweep();
    const replaced = this.#messages.index.get(message.id);
    const former = formerAttempts(replaced, config);
    if (replaced !== undefined) this.#messages.remove(replaced);
    const now = this.#messages.now();
    const { expiresMs, dueMs } = message;
    if (expiresMs !== null && expiresMs <= now.dateMs) return;
    const isDelayed = dueMs !== null && dueMs > now.dateMs && !message.acknowledged;
    const entry = {
      ...message,
      updatedMs: now.dateMs,
      dueMs: isDelayed ? dueMs : null,
      readyAtMs: isDelayed ? now.ms + dueMs - now.dateMs : null,
      deadlineMs: expiresMs === null ? null : now.ms + expiresMs - now.dateMs,
      former,
      isAbandoned: false,
    };
    this.#messages.add(entry, config);
  }

  register(channel: string, agent: string, from: "now" | "oldest"): void {
    this.#messages.register(channel, agent, from);
  }

  /** Whether an agent gets the broadcasts of a channel. */
  isSubscribed(channel: string, agent: string): boolean {
    return this.#messages.subscribers.get(channel)?.has(agent) ?? false;
  }

  /** Whether a subscription of an agent to a channel lives here. */
  hasListeners(channel: string, agent: string): boolean {
    return this.#messages.listeners.has(channel, agent);
  }

  unsubscribe(channel: string, agent: string, isSubscribed: boolean): boolean {
    return this.#messages.unsubscribe(channel, agent, isSubscribed);
  }

  listen(channel: string, agent: string, onWakeup: () => void): () => void {
    return this.#messages.listeners.add(channel, agent, onWakeup);
  }

  listenToEvents(onEvent: (event: QueueEvent) => void): () => void {
    return this.#messages.events.listen(onEvent);
  }

  claim(
    channel: string,
    agent: string,
    limit: number,
    reported: number,
    claimant: Claimant,
    config: EngineConfig,
  ): Claim {
    this.sweep();
    return this.#claims.claim({ channel, agent, limit, reported, claimant }, config);
  }

  release(agent: string, claimed: readonly Pick<QueueDelivery, "id" | "leaseToken">[]): void {
    this.#claims.release(agent, claimed);
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): AcknowledgeOutcome {
    return this.#leases.acknowledge(target, result);
  }

  extend(target: DeliveryTarget, leaseMs: number | undefined, config: EngineConfig): LeaseOutcome {
    return this.#leases.extend(target, leaseMs, config);
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): LeaseOutcome {
    return this.#leases.giveBack(target, delayMs, failure);
  }

  reject(target: DeliveryTarget, failure: Failure): LeaseOutcome {
    return this.#leases.reject(target, failure);
  }

  progress(target: DeliveryTarget, value: string): LeaseOutcome {
    return this.#leases.progress(target, value);
  }

  requeue(id: string, agent: string | undefined): AcknowledgeOutcome {
    return this.#leases.requeue(id, agent);
  }

  setPaused(channel: string, isPaused: boolean): void {
    this.#claims.setPaused(channel, isPaused);
  }

  purge(channel: string, states: readonly PurgedState[]): number {
    const purged = [...this.#messages.index.ofChannel(channel).values()].filter((entry) => {
      const state = purgedStateOf(entry);
      return state !== undefined && states.includes(state);
    });
    return this.#removeAll(purged);
  }

  #removeAll(entries: readonly QueueEntry[]): number {
    for (const entry of entries) this.#messages.remove(entry);
    return entries.length;
  }

  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): boolean {
    return this.#schedules.put(schedule, replacedMs);
  }

  removeSchedule(key: string): boolean {
    return this.#schedules.remove(key);
  }

  schedules(): { nowMs: number; schedules: StoredSchedule[] } {
    return { nowMs: this.#messages.now().dateMs, schedules: this.#schedules.all() };
  }

  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
    id: string,
    config: EngineConfig,
  ): boolean {
    this.sweep();
    if (!this.#schedules.advance(key, dueMs, nextMs, message === null ? 0 : 1)) return false;
    // A full channel does not keep a schedule from its time.
    if (message !== null && this.#duplicateOf(message) === undefined) {
      this.#publish(message, id, config);
    }
    return true;
  }

  pending(agent: string, channel: string | undefined, limit: number): QueueDelivery[] {
    const page = this.#messages.queues.pendingOf(agent, channel).take(limit);
    return page.map(toQueueDelivery).toArray();
  }

  deadLetters(agent: string, channel: string | undefined, limit: number): QueueDeadLetter[] {
    const page = this.#messages.queues.deadOf(agent, channel).take(limit);
    return page.map(toQueueDeadLetter).toArray();
  }

  delayed(channel: string | undefined, limit: number): QueueRecord[] {
    const page = this.#messages.delayed.of(channel).take(limit);
    return page.map((entry) => toQueueRecord(entry, undefined)).toArray();
  }

  result(id: string): StoredResult | undefined {
    return this.#messages.results.get(id);
  }

  channels(): string[] {
    const names = new Set([...this.#messages.counts.channels(), ...this.#messages.subscribed()]);
    return [...names].sort();
  }

  stats(channel: string): StoreStats {
    const { index, counts } = this.#messages;
    const { ms, dateMs } = this.#messages.now();
    return {
      ...countDeliveries(index.ofChannel(channel).values(), dateMs),
      consumers: this.#claims.consumers(channel),
      isPaused: this.#claims.isPaused(channel),
      totals: counts.totals(channel),
      perSecond: counts.perSecond(channel, ms),
    };
  }

  get(id: string, agent: string | undefined): QueueRecord | undefined {
    const entry = this.#messages.index.get(id);
    return entry && toQueueRecord(entry, agent);
  }

  delete(id: string): boolean {
    const entry = this.#messages.index.get(id);
    if (entry !== undefined) this.#messages.remove(entry);
    return entry !== undefined;
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): QueueRecord[] {
    const page = this.#messages.index.matching(filters).drop(offset).take(limit);
    return page.map((entry) => toQueueRecord(entry, agent)).toArray();
  }

  count(filters: MessageFilters): number {
    return this.#messages.index.matching(filters).reduce((count) => count + 1, 0);
  }

  clear(): number {
    return this.#removeAll([...this.#messages.index.values()]);
  }

  /** All that it has, as parts from which `restore` makes the same in another process. */
  *contents(): Generator<SpacePart> {
    yield* this.#messages.contents();
    yield* this.#claims.contents();
    for (const schedule of this.#schedules.all()) {
      yield { type: "schedule", schedule, heldUntilMs: Infinity };
    }
    for (const [key, original, heldUntilMs] of this.#duplicates.entries()) {
      yield { type: "duplicate", key, original, heldUntilMs };
    }
  }

  /** Adds a part of another copy of this namespace. */
  restore(part: SpacePart): void {
    if (part.type === "schedule") this.#schedules.restore(part.schedule);
    else if (part.type === "duplicate") {
      this.#duplicates.set(part.key, part.original, part.heldUntilMs);
    } else {
      this.#messages.restore(part);
      this.#claims.restore(part);
    }
  }
}

/** The key of what a message is about, for its channel. Neither part contains NUL. */
function duplicateKey({ channel, deduplicationId }: NewMessage): string | undefined {
  return deduplicationId === null ? undefined : `${channel}\0${deduplicationId}`;
}

/** The attempts of the pending deliveries of a message. A message that is put again keeps them. */
function formerAttempts(
  entry: QueueEntry | undefined,
  { maxAttempts }: EngineConfig,
): FormerAttempts | null {
  if (entry === undefined) return null;
  if (entry.readyAtMs !== null) return entry.former;
  const pending = entry.deliveries.values().filter(({ state }) => state === "pending");
  const byAgent = pending.map(({ agent, attempts }) => [agent, attempts] as const).toArray();
  return byAgent.length === 0 ? null : { byAgent, maxAttempts };
}
