/**
 * The messages of a namespace in the memory of this process. Its indexes and queues are those of the
 * store on Redis, so that both give the same results.
 *
 * It is deterministic: ids are those of its caller, times those of its clock. Calls with the same arguments
 * at the same times make the same namespace in each process.
 *
 * @module
 */

import { TextMap, TextSet } from "../../../lib/base/text_map.ts";
import type { QueueClock } from "../clock.ts";
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
import type { CountedEvent, MessageFilters, PurgedState, QueueEvent } from "../types.ts";
import { ChannelCounts } from "./channel_counts.ts";
import { countDeliveries, purgedStateOf } from "./channel_view.ts";
import { ConsumerSightings } from "./consumer_sightings.ts";
import { entryOf, messagePart, type SpacePart } from "./contents.ts";
import { DefaultMap } from "./default_map.ts";
import { DelayedMessages } from "./delayed_messages.ts";
import { DeliveryQueues, exhaustion } from "./delivery_queues.ts";
import {
  after,
  type Delivery,
  type Moment,
  newDelivery,
  type QueueEntry,
  toQueueDeadLetter,
  toQueueDelivery,
  toQueueRecord,
} from "./entry.ts";
import { EventHub } from "./event_hub.ts";
import { ExpiringMap } from "./expiring_map.ts";
import { Listeners } from "./listeners.ts";
import { MessageIndex } from "./message_index.ts";
import { RateWindows } from "./rate_windows.ts";
import { SettledIndex } from "./settled_index.ts";

/** The time of a namespace. It has no timers. */
export type EngineClock = Pick<QueueClock, "now" | "date">;

/** How a message that is new here is stored. */
interface Storing {
  readonly config: EngineConfig;
  /** The attempts of the message that it replaces, by agent. */
  readonly attempts?: ReadonlyMap<string, number>;
}

/**
 * All messages of a namespace. Queues that share it see the same messages. Callers call `sweep` before each
 * other call.
 */
export class MemorySpace {
  readonly clock: EngineClock;
  readonly #messages = new MessageIndex();
  readonly #delayed = new DelayedMessages();
  readonly #settled = new SettledIndex();
  readonly #listeners = new Listeners();
  readonly #counts = new ChannelCounts();
  readonly #events = new EventHub(this.#counts);
  readonly #rates = new RateWindows();
  readonly #consumers = new ConsumerSightings();
  readonly #subscribers = new DefaultMap(() => new TextSet());
  readonly #paused = new TextSet();
  readonly #duplicates = new ExpiringMap<string>();
  readonly #results = new ExpiringMap<StoredResult>();
  readonly #schedules = new TextMap<StoredSchedule>();
  readonly #queues = new DeliveryQueues({
    onReady: ({ agent, entry }) => this.#listeners.wake(entry.channel, agent),
    onAcknowledged: (delivery) => this.#count("acknowledged", delivery.entry, delivery.agent),
    onLeaseEnded: ({ entry, agent }) =>
      this.#count("released", entry, agent, "its lease has ended"),
    onDead: (delivery) => this.#onDead(delivery),
    onChanged: (entry) => this.#onChanged(entry),
  });
  #sequence = 0;
  #tokens = 0;

  constructor(clock: EngineClock) {
    this.clock = clock;
  }

  #now(): Moment {
    const ms = this.clock.now();
    return { ms, dateMs: this.clock.date?.() ?? ms };
  }

  #count(type: CountedEvent, entry: QueueEntry, agentId?: string, reason?: string): void {
    const event = { type, channel: entry.channel, id: entry.id };
    const details = {
      ...agentId !== undefined && { agentId },
      ...reason !== undefined && { reason },
    };
    this.#events.count({ ...event, ...details }, this.clock.now());
  }

  #onDead({ entry, agent, death }: Delivery): void {
    const { at, reason, error } = death!;
    if (entry.resultMs !== null) {
      this.#results.set(entry.id, { type: "dead", reason, error }, at.ms + entry.resultMs);
    }
    this.#count("dead", entry, agent, reason);
  }

  #onChanged(entry: QueueEntry): void {
    if (this.#settled.update(entry)) this.#tellDrained(entry.channel);
  }

  /** Number of messages of a channel on which agents may still work. */
  #activeCount(channel: string): number {
    return this.#messages.ofChannel(channel).length - this.#settled.count(channel);
  }

  #tellDrained(channel: string): void {
    if (this.#activeCount(channel) === 0) this.#events.tell({ type: "drained", channel });
  }

  /** Does all that is due by the time of the clock. */
  sweep(): void {
    const now = this.#now();
    for (const entry of this.#messages.expired(now.ms)) this.#expire(entry);
    this.#queues.advance(now);
    for (let entry = this.#delayed.takeDue(now.ms); entry; entry = this.#delayed.takeDue(now.ms)) {
      for (const agent of this.#recipientsOf(entry)) this.#queues.deliver(entry, agent);
    }
    this.#duplicates.advance(now.ms);
    this.#results.advance(now.ms);
  }

  #expire(entry: QueueEntry): void {
    const wasActive = !this.#settled.has(entry);
    this.#remove(entry);
    this.#count("expired", entry);
    if (wasActive) this.#tellDrained(entry.channel);
  }

  /** When something is due next. Infinity if nothing is. */
  get nextDueMs(): number {
    return Math.min(
      this.#messages.nextExpiryMs ?? Infinity,
      this.#queues.nextLeaseEndMs ?? Infinity,
      this.#queues.nextRetryMs ?? Infinity,
      this.#delayed.nextDueMs() ?? Infinity,
      this.#results.nextEndMs ?? Infinity,
    );
  }

  /** The claim that returns no messages and changes nothing. Undefined if there is something to claim. */
  idleClaim(channel: string, agent: string, { rate }: Claimant): Claim | undefined {
    const nowMs = this.clock.now();
    const missed = this.#queues.missedOf(agent, channel);
    if (this.#paused.has(channel)) return { deliveries: [], missed, nextDueMs: null };
    const isLimited = this.#rates.room(channel, rate, nowMs) === 0;
    if (!isLimited && this.#queues.hasReady(agent, channel)) return undefined;
    const windowEndMs = isLimited ? this.#rates.endMs(channel, nowMs) : undefined;
    const dueMs = this.#nextClaimMs(channel, windowEndMs);
    return { deliveries: [], missed, nextDueMs: dueMs === Infinity ? null : dueMs - nowMs };
  }

  /** The processes that hold leases, as their consumers have named them. */
  holders(): Set<string> {
    return this.#queues.holders();
  }

  /** Ends the leases of a process, which has ended. */
  endLeasesOf(holder: string): void {
    this.#queues.endLeasesOf(holder, this.#now());
  }

  /** Whether there is something to do or to look at: schedules, dead letters, messages that are not done. */
  get hasWork(): boolean {
    return this.#schedules.size > 0 ||
      this.#messages.values().some((entry) => !this.#settled.isDone(entry));
  }

  /** Whether there is nothing that anybody could want. */
  get isEmpty(): boolean {
    return this.#messages.size === 0 && this.#schedules.size === 0 && this.#paused.size === 0 &&
      !this.#subscribers.entries().some(([, agents]) => agents.size > 0);
  }

  publish(message: NewMessage, id: string, config: EngineConfig): PublishOutcome {
    this.sweep();
    const record = this.#duplicateOf(message);
    if (record !== undefined) return { record, isNew: false };
    if (config.whenFull !== "dropOldest" && this.#isFull(message.channel, config)) return "full";
    return { record: this.#publish(message, id, config), isNew: true };
  }

  #isFull(channel: string, { maxItems }: EngineConfig): boolean {
    return this.#activeCount(channel) >= maxItems;
  }

  /** The message that a publisher has stored before. If it is gone, it is as it would be. */
  #duplicateOf(message: NewMessage): QueueRecord | undefined {
    const key = duplicateKey(message);
    const id = key === undefined ? undefined : this.#duplicates.get(key);
    if (id === undefined) return undefined;
    const entry = this.#messages.get(id) ??
      { ...this.#toEntry(message, id), sequence: 0, deliveries: new TextMap<Delivery>() };
    return toQueueRecord(entry, undefined);
  }

  #publish(message: NewMessage, id: string, config: EngineConfig): QueueRecord {
    const key = duplicateKey(message);
    if (key !== undefined) {
      this.#duplicates.set(key, id, this.clock.now() + message.deduplicationMs);
    }
    return this.#store(this.#toEntry(message, id), { config });
  }

  #toEntry(message: NewMessage, id: string): Omit<QueueEntry, "sequence" | "deliveries"> {
    const { ttlMs, delayMs, dueMs, deduplicationMs: _, ...rest } = message;
    const now = this.#now();
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
    };
  }

  put(message: MessageToPut, config: EngineConfig): void {
    this.sweep();
    const former = this.#messages.get(message.id);
    const attempts = attemptsOf(former);
    if (former !== undefined) this.#remove(former);
    const now = this.#now();
    const { expiresMs, dueMs } = message;
    if (expiresMs !== null && expiresMs <= now.dateMs) return;
    const deadlineMs = expiresMs === null ? null : now.ms + expiresMs - now.dateMs;
    const isDelayed = dueMs !== null && dueMs > now.dateMs && !message.acknowledged;
    const readyAtMs = isDelayed ? now.ms + dueMs - now.dateMs : null;
    const entry = {
      ...message,
      updatedMs: now.dateMs,
      deadlineMs,
      readyAtMs,
      dueMs: isDelayed ? dueMs : null,
    };
    this.#store(entry, { config, attempts });
  }

  #store(
    message: Omit<QueueEntry, "sequence" | "deliveries">,
    { config, attempts = new Map() }: Storing,
  ): QueueRecord {
    const entry: QueueEntry = { ...message, sequence: ++this.#sequence, deliveries: new TextMap() };
    this.#messages.add(entry);
    this.#count("published", entry);
    if (entry.acknowledged) this.#storeDone(entry);
    else if (entry.readyAtMs !== null) this.#delay(entry);
    else this.#deliver(entry, config, attempts);
    this.#trim(entry.channel, config);
    return toQueueRecord(entry, undefined);
  }

  #storeDone(entry: QueueEntry): void {
    const agent = entry.target!;
    entry.deliveries.set(agent, newDelivery(entry, agent, 0, "acknowledged"));
    this.#settled.update(entry);
  }

  /** Consumers sleep until a message is due. */
  #delay(entry: QueueEntry): void {
    this.#delayed.add(entry);
    this.#listeners.wake(entry.channel, entry.target ?? undefined);
  }

  #deliver(entry: QueueEntry, config: EngineConfig, attempts: ReadonlyMap<string, number>): void {
    const maxAttempts = entry.maxAttempts ?? config.maxAttempts;
    for (const agent of this.#recipientsOf(entry)) {
      const count = attempts.get(agent) ?? 0;
      if (count < maxAttempts) this.#queues.deliver(entry, agent, count);
      else this.#queues.deliverDead(entry, agent, count, this.#now());
    }
  }

  #recipientsOf({ target, channel }: QueueEntry): Iterable<string> {
    return target === null ? this.#subscribers.get(channel) ?? [] : [target];
  }

  #remove(entry: QueueEntry): void {
    this.#messages.remove(entry);
    this.#delayed.remove(entry);
    this.#settled.remove(entry);
    for (const delivery of entry.deliveries.values()) this.#queues.remove(delivery);
  }

  /**
   * Removes the oldest messages of a channel that has more than `maxItems`: first those that are done, then
   * dead letters, and then those that wait, if they may be dropped.
   */
  #trim(channel: string, { maxItems, whenFull }: EngineConfig): void {
    const messages = this.#messages.ofChannel(channel);
    while (messages.length > maxItems) {
      const waiting = whenFull === "dropOldest" ? messages.at(0) : undefined;
      const oldest = this.#settled.first(channel) ?? waiting;
      if (oldest === undefined) return;
      for (const delivery of oldest.deliveries.values()) this.#queues.countMissed(delivery);
      this.#remove(oldest);
    }
  }

  register(channel: string, agent: string, from: "now" | "oldest"): void {
    const subscribers = this.#subscribers.getOrCreate(channel);
    if (subscribers.has(agent)) return;
    subscribers.add(agent);
    if (from === "now") return;
    for (const entry of this.#messages.ofChannel(channel).values()) {
      if (entry.target === null && entry.readyAtMs === null) this.#queues.deliver(entry, agent);
    }
  }

  /** Whether an agent gets the broadcasts of a channel. */
  isSubscribed(channel: string, agent: string): boolean {
    return this.#subscribers.get(channel)?.has(agent) ?? false;
  }

  /** Whether a subscription of an agent to a channel lives here. */
  hasListeners(channel: string, agent: string): boolean {
    return this.#listeners.has(channel, agent);
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
    return this.#listeners.add(channel, agent, onWakeup);
  }

  listenToEvents(onEvent: (event: QueueEvent) => void): () => void {
    return this.#events.listen(onEvent);
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
    const now = this.#now();
    this.#consumers.add(channel, claimant.consumer, now.ms);
    const missed = this.#queues.reportMissed(agent, channel, reported);
    if (this.#paused.has(channel)) return { deliveries: [], missed, nextDueMs: null };
    const room = this.#rates.room(channel, claimant.rate, now.ms);
    const claimed = this.#queues.claim(agent, channel, Math.min(limit, room), ({ entry }) => ({
      end: after(now, entry.leaseMs ?? config.leaseMs),
      token: tokenOf(++this.#tokens, claimant),
      maxAttempts: entry.maxAttempts ?? config.maxAttempts,
    }));
    this.#rates.take(channel, claimant.rate, now.ms, claimed.length);
    for (const { entry } of claimed) this.#count("delivered", entry, agent);
    const isLimited = claimed.length === room;
    const dueMs = this.#nextClaimMs(
      channel,
      isLimited ? this.#rates.endMs(channel, now.ms) : undefined,
    );
    return {
      deliveries: claimed.map(toQueueDelivery),
      missed,
      nextDueMs: dueMs === Infinity ? null : dueMs - now.ms,
    };
  }

  /** When more messages of a channel may be ready. */
  #nextClaimMs(channel: string, windowEndMs: number | undefined): number {
    return Math.min(
      windowEndMs ?? Infinity,
      this.#queues.nextLeaseEndMs ?? Infinity,
      this.#queues.nextRetryMs ?? Infinity,
      this.#delayed.nextDueMs(channel) ?? Infinity,
      // The end of a message may let the next one with its ordering key go on.
      this.#queues.hasLines ? this.#messages.nextExpiryMs ?? Infinity : Infinity,
    );
  }

  /** Releases messages that were claimed and not yielded. */
  release(
    agent: string,
    claimed: readonly Pick<QueueDelivery, "id" | "leaseToken">[],
  ): void {
    for (const { id, leaseToken } of claimed) {
      const delivery = this.#messages.get(id)?.deliveries.get(agent);
      if (delivery === undefined || delivery.leaseEnd === null) continue;
      if (delivery.token !== leaseToken) continue;
      this.#queues.release(delivery);
      this.#count("released", delivery.entry, agent);
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

  /** Tells that a caller has lost its lease. */
  #lost(type: QueueEvent["type"], { entry, agent }: Delivery): "lost" {
    const { channel, id } = entry;
    this.#events.tell({ type, channel, id, agentId: agent, lost: true });
    return "lost";
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): AcknowledgeOutcome {
    const delivery = this.#find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    if (isLost(delivery, target)) return this.#lost("acknowledged", delivery);
    if (delivery.state === "acknowledged") return "acknowledged";
    const { entry } = delivery;
    const now = this.#now();
    if (entry.target !== null) this.#messages.acknowledge(entry, now.dateMs);
    if (entry.resultMs !== null) {
      const kept: StoredResult = { type: "result", json: result ?? "null" };
      this.#results.set(entry.id, kept, now.ms + entry.resultMs);
    }
    this.#queues.acknowledge(delivery);
    return "acknowledged";
  }

  /** The delivery whose lease a call changes: that of the caller or, without a token, whoever has it. */
  #findLeased(
    target: DeliveryTarget,
    type: QueueEvent["type"],
  ): Delivery | Exclude<LeaseOutcome, "done"> {
    const delivery = this.#find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    const isHeld = target.token === undefined
      ? delivery.leaseEnd !== null
      : delivery.state !== "acknowledged" && !isLost(delivery, target);
    return isHeld ? delivery : this.#lost(type, delivery);
  }

  extend(
    target: DeliveryTarget,
    leaseMs: number | undefined,
    config: EngineConfig,
  ): LeaseOutcome {
    const delivery = this.#findLeased(target, "progress");
    if (typeof delivery === "string") return delivery;
    const end = after(this.#now(), leaseMs ?? delivery.entry.leaseMs ?? config.leaseMs);
    if (delivery.state === "dead") {
      if (!this.#queues.revive(delivery, end)) return this.#lost("progress", delivery);
      this.#results.delete(target.id);
      return "done";
    }
    const isEarlier = delivery.leaseEnd !== null && end.ms < delivery.leaseEnd.ms;
    this.#queues.lease(delivery, end);
    if (isEarlier) this.#listeners.wake(delivery.entry.channel, delivery.agent);
    return "done";
  }

  giveBack(
    target: DeliveryTarget,
    delayMs: number,
    { reason, error }: Failure,
  ): LeaseOutcome {
    const delivery = this.#findLeased(target, "released");
    if (typeof delivery === "string") return delivery;
    const { entry, agent, attempts } = delivery;
    const now = this.#now();
    if (attempts >= delivery.maxAttempts!) {
      delivery.token = null;
      const exhausted = exhaustion(delivery, now);
      this.#queues.kill(delivery, { at: now, reason: reason ?? exhausted.reason, error });
      return "done";
    }
    this.#count("released", entry, agent, reason ?? undefined);
    this.#queues.giveBack(delivery, delayMs > 0 ? after(now, delayMs) : null);
    return "done";
  }

  reject(target: DeliveryTarget, { reason, error }: Failure): LeaseOutcome {
    const delivery = this.#find(target.id, target.agent);
    if (typeof delivery === "string") return delivery;
    const isPending = delivery.state === "pending";
    const isDeadByLease = delivery.state === "dead" && target.token !== undefined;
    if (isLost(delivery, target) || !isPending && !isDeadByLease) {
      return this.#lost("dead", delivery);
    }
    const at = this.#now();
    delivery.token = null;
    const exhausted = exhaustion(delivery, at);
    this.#queues.kill(delivery, { at, reason: reason ?? exhausted.reason, error });
    return "done";
  }

  progress(target: DeliveryTarget, value: string): LeaseOutcome {
    const delivery = this.#findLeased(target, "progress");
    if (typeof delivery === "string") return delivery;
    const { entry: { channel, id }, agent: agentId } = delivery;
    this.#events.tell({ type: "progress", channel, id, agentId, value: JSON.parse(value) });
    return "done";
  }

  requeue(id: string, agent: string | undefined): AcknowledgeOutcome {
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state !== "dead") return "absent";
    this.#results.delete(id);
    this.#queues.requeue(delivery);
    return "acknowledged";
  }

  setPaused(channel: string, isPaused: boolean): void {
    if (isPaused) {
      this.#paused.add(channel);
    } else if (this.#paused.delete(channel)) {
      this.#listeners.wake(channel);
    }
  }

  purge(channel: string, states: readonly PurgedState[]): number {
    const purged = [...this.#messages.ofChannel(channel).values()].filter((entry) => {
      const state = purgedStateOf(entry);
      return state !== undefined && states.includes(state);
    });
    for (const entry of purged) this.#remove(entry);
    return purged.length;
  }

  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): boolean {
    if (this.#schedules.get(schedule.key)?.nextMs !== replacedMs) return false;
    this.#schedules.set(schedule.key, schedule);
    return true;
  }

  removeSchedule(key: string): boolean {
    return this.#schedules.delete(key);
  }

  schedules(): { nowMs: number; schedules: StoredSchedule[] } {
    const schedules = [...this.#schedules.values()];
    schedules.sort((a, b) => a.key < b.key ? -1 : 1);
    return { nowMs: this.#now().dateMs, schedules };
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
    const schedule = this.#schedules.get(key);
    if (schedule?.nextMs !== dueMs) return false;
    const count = schedule.count + (message === null ? 0 : 1);
    this.#schedules.set(key, { ...schedule, nextMs, count });
    // A full channel does not keep a schedule from its time.
    if (message !== null && this.#duplicateOf(message) === undefined) {
      this.#publish(message, id, config);
    }
    return true;
  }

  pending(agent: string, channel: string | undefined, limit: number): QueueDelivery[] {
    return this.#queues.pendingOf(agent, channel).take(limit).map(toQueueDelivery).toArray();
  }

  deadLetters(agent: string, channel: string | undefined, limit: number): QueueDeadLetter[] {
    return this.#queues.deadOf(agent, channel).take(limit).map(toQueueDeadLetter).toArray();
  }

  delayed(channel: string | undefined, limit: number): QueueRecord[] {
    const page = this.#delayed.of(channel).take(limit);
    return page.map((entry) => toQueueRecord(entry, undefined)).toArray();
  }

  result(id: string): StoredResult | undefined {
    return this.#results.get(id);
  }

  channels(): string[] {
    const subscribed = this.#subscribers.entries().filter(([, agents]) => agents.size > 0);
    const names = new Set([...this.#counts.channels(), ...subscribed.map(([channel]) => channel)]);
    return [...names].sort();
  }

  stats(channel: string): StoreStats {
    const { ms, dateMs } = this.#now();
    return {
      ...countDeliveries(this.#messages.ofChannel(channel).values(), dateMs),
      consumers: Math.max(this.#consumers.count(channel, ms), this.#listeners.count(channel)),
      isPaused: this.#paused.has(channel),
      totals: this.#counts.totals(channel),
      perSecond: this.#counts.perSecond(channel, ms),
    };
  }

  get(id: string, agent: string | undefined): QueueRecord | undefined {
    const entry = this.#messages.get(id);
    return entry && toQueueRecord(entry, agent);
  }

  delete(id: string): boolean {
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
    const page = this.#messages.matching(filters).drop(offset).take(limit);
    return page.map((entry) => toQueueRecord(entry, agent)).toArray();
  }

  count(filters: MessageFilters): number {
    return this.#messages.matching(filters).reduce((count) => count + 1, 0);
  }

  clear(): number {
    const entries = [...this.#messages.values()];
    for (const entry of entries) this.#remove(entry);
    return entries.length;
  }

  /** Most bytes that the records of a journal take which remove all messages one by one. */
  get removalBytes(): number {
    return this.#messages.removalBytes + this.#queues.removalBytes;
  }

  /** All that it has, as parts from which `restore` makes the same in another process. */
  *contents(): Generator<SpacePart> {
    const { turns } = this.#queues;
    yield {
      type: "counters",
      sequence: this.#sequence,
      tokens: this.#tokens,
      turns,
      heldUntilMs: 0,
    };
    yield { type: "counts", counts: this.#counts.export(), heldUntilMs: 0 };
    yield { type: "windows", windows: this.#rates.export(), heldUntilMs: 0 };
    for (const [channel, agents] of this.#subscribers.entries()) {
      if (agents.size === 0) continue;
      yield { type: "subscribers", channel, agents: [...agents], heldUntilMs: Infinity };
    }
    for (const channel of this.#paused) yield { type: "paused", channel, heldUntilMs: Infinity };
    for (const schedule of this.#schedules.values()) {
      yield { type: "schedule", schedule, heldUntilMs: Infinity };
    }
    for (const entry of this.#messages.values()) yield messagePart(entry);
    for (const [agent, channel, missed] of this.#queues.missed()) {
      yield { type: "missed", agent, channel, missed, heldUntilMs: 0 };
    }
    for (const [key, id, heldUntilMs] of this.#duplicates.entries()) {
      yield { type: "duplicate", key, id, heldUntilMs };
    }
    for (const [id, result, heldUntilMs] of this.#results.entries()) {
      yield { type: "result", id, result, heldUntilMs };
    }
  }

  /** Adds a part of another copy of this namespace. */
  restore(part: SpacePart): void {
    switch (part.type) {
      case "counters":
        this.#sequence = part.sequence;
        this.#tokens = part.tokens;
        this.#queues.turns = part.turns;
        return;
      case "counts":
        return this.#counts.import(part.counts);
      case "windows":
        return this.#rates.import(part.windows);
      case "subscribers": {
        const subscribers = this.#subscribers.getOrCreate(part.channel);
        for (const agent of part.agents) subscribers.add(agent);
        return;
      }
      case "paused":
        return this.#paused.add(part.channel);
      case "schedule":
        return this.#schedules.set(part.schedule.key, part.schedule);
      case "missed":
        return this.#queues.setMissed(part.agent, part.channel, part.missed);
      case "duplicate":
        return this.#duplicates.set(part.key, part.id, part.heldUntilMs);
      case "result":
        return this.#results.set(part.id, part.result, part.heldUntilMs);
      case "message":
        return this.#restoreMessage(entryOf(part));
    }
  }

  #restoreMessage(entry: QueueEntry): void {
    this.#messages.add(entry);
    if (entry.readyAtMs !== null) this.#delayed.add(entry);
    for (const delivery of entry.deliveries.values()) this.#queues.restore(delivery);
    this.#settled.update(entry);
  }
}

/** The name of a lease. That of its holder comes last. */
function tokenOf(number: number, { holder }: Claimant): string {
  return holder === undefined ? `${number}` : `${number}@${holder}`;
}

/** Whether the lease that a caller names is not that of a delivery any more. */
function isLost(delivery: Delivery, { token }: DeliveryTarget): boolean {
  return token !== undefined && token !== delivery.token;
}

/** The key of what a message is about, for its channel. Neither part contains NUL. */
function duplicateKey({ channel, deduplicationId }: NewMessage): string | undefined {
  return deduplicationId === null ? undefined : `${channel}\0${deduplicationId}`;
}

/** The attempts of the pending deliveries of a message, by agent. A message that is put again keeps them. */
function attemptsOf(entry: QueueEntry | undefined): Map<string, number> {
  const pending = entry?.deliveries.values().filter(({ state }) => state === "pending") ?? [];
  return new Map([...pending].map(({ agent, attempts }) => [agent, attempts]));
}
