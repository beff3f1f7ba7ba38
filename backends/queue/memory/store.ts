/**
 * Messages in the memory of this process. It keeps the same structures as the one on Redis, so that
 * the two answer alike: an index for each field that filters, one by expiry, and for each agent and
 * channel what waits in the order of delivery.
 *
 * @module
 */

import type { QueueClock } from "../clock.ts";
import type { ResolvedConfig } from "../config.ts";
import { SortedList } from "./sorted_list.ts";
import {
  type AcknowledgeOutcome,
  byPriority,
  type Claim,
  type MessageToPut,
  type NewMessage,
  type QueueDelivery,
  type QueueReceiver,
  type QueueRecord,
  type QueueStore,
} from "../store.ts";
import type { MessageFilters } from "../types.ts";

/** A message, and what each agent has made of it. */
interface QueueEntry extends QueueRecord {
  updatedMs: number;
  acknowledged: boolean;
  readonly deliveries: Map<string, Delivery>;
}

/** A message for one agent. */
interface Delivery {
  readonly entry: QueueEntry;
  readonly agent: string;
  attempts: number;
  leasedUntilMs: number | null;
  state: "pending" | "acknowledged" | "dead";
  diedMs: number;
}

/** What waits for an agent on a channel. */
interface AgentQueue {
  /** All that is not acknowledged. */
  readonly pending: SortedList<Delivery>;
  /** What nobody holds. */
  readonly ready: SortedList<Delivery>;
  missed: number;
}

const bySequence = (a: QueueEntry, b: QueueEntry) => a.sequence - b.sequence;
const byExpiry = (a: QueueEntry, b: QueueEntry) => a.expiresMs! - b.expiresMs! || bySequence(a, b);
const deliveriesByPriority = (a: Delivery, b: Delivery) => byPriority(a.entry, b.entry);
const byDeath = (a: Delivery, b: Delivery) => a.diedMs - b.diedMs || bySequence(a.entry, b.entry);
const byLease = (a: Delivery, b: Delivery) =>
  a.leasedUntilMs! - b.leasedUntilMs! || bySequence(a.entry, b.entry) ||
  (a.agent < b.agent ? -1 : Number(a.agent > b.agent));

/** The key of what belongs to an agent on a channel: ids have no NUL. */
function queueKeyOf(agent: string, channel: string): string {
  return `${agent}\0${channel}`;
}

/** A map that makes what is asked for first. */
class DefaultMap<T> {
  readonly #items = new Map<string, T>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** What is there, or something new. */
  getOrCreate(key: string): T {
    let item = this.#items.get(key);
    if (item === undefined) this.#items.set(key, item = this.#make());
    return item;
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  delete(key: string): void {
    this.#items.delete(key);
  }
}

/** All messages of a namespace; queues that share it see the same. */
export class MemorySpace {
  readonly clock: QueueClock;
  readonly #entries = new Map<string, QueueEntry>();
  readonly #all = new SortedList<QueueEntry>(bySequence);
  readonly #byAcknowledged = new DefaultMap(() => new SortedList<QueueEntry>(bySequence));
  readonly #byChannel = new DefaultMap(() => new SortedList<QueueEntry>(bySequence));
  readonly #bySource = new DefaultMap(() => new SortedList<QueueEntry>(bySequence));
  readonly #byTarget = new DefaultMap(() => new SortedList<QueueEntry>(bySequence));
  readonly #expiry = new SortedList<QueueEntry>(byExpiry);
  readonly #leases = new SortedList<Delivery>(byLease);
  readonly #pending = new DefaultMap(() => new SortedList<Delivery>(deliveriesByPriority));
  readonly #dead = new DefaultMap(() => new SortedList<Delivery>(byDeath));
  readonly #queues = new DefaultMap<AgentQueue>(() => ({
    pending: new SortedList(deliveriesByPriority),
    ready: new SortedList(deliveriesByPriority),
    missed: 0,
  }));
  readonly #subscribers = new DefaultMap(() => new Set<string>());
  readonly #listeners = new DefaultMap(() => new Set<() => void>());
  #sequence = 0;

  constructor(clock: QueueClock) {
    this.clock = clock;
  }

  publish(message: NewMessage, config: ResolvedConfig): QueueRecord {
    const now = this.#sweep();
    const { ttlMs, ...rest } = message;
    return this.#store({
      ...rest,
      id: crypto.randomUUID(),
      createdMs: now,
      updatedMs: now,
      expiresMs: ttlMs === null ? null : now + ttlMs,
      acknowledged: false,
    }, config);
  }

  put(message: MessageToPut, config: ResolvedConfig): void {
    const now = this.#sweep();
    const former = this.#entries.get(message.id);
    if (former !== undefined) this.#remove(former);
    if (message.expiresMs !== null && message.expiresMs <= now) return;
    this.#store({ ...message, updatedMs: now }, config);
  }

  #store(message: Omit<QueueRecord, "sequence">, config: ResolvedConfig): QueueRecord {
    const entry: QueueEntry = { ...message, sequence: ++this.#sequence, deliveries: new Map() };
    this.#entries.set(entry.id, entry);
    for (const index of this.#indexesOf(entry)) index.add(entry);
    const agents = entry.target === null ? this.#subscribersOf(entry.channel) : [entry.target];
    if (!entry.acknowledged) {
      for (const agent of agents) this.#deliver(entry, agent);
    } else {
      entry.deliveries.set(entry.target!, {
        ...newDelivery(entry, entry.target!),
        state: "acknowledged",
      });
    }
    this.#trim(entry.channel, config.maxItems);
    return { ...entry };
  }

  #subscribersOf(channel: string): Iterable<string> {
    return this.#subscribers.get(channel) ?? [];
  }

  #indexesOf(entry: QueueEntry): SortedList<QueueEntry>[] {
    return [
      this.#all,
      this.#byAcknowledged.getOrCreate(String(entry.acknowledged)),
      this.#byChannel.getOrCreate(entry.channel),
      this.#bySource.getOrCreate(entry.source),
      this.#byTarget.getOrCreate(targetKey(entry.target)),
      ...(entry.expiresMs === null ? [] : [this.#expiry]),
    ];
  }

  #deliver(entry: QueueEntry, agent: string): void {
    const delivery = newDelivery(entry, agent);
    entry.deliveries.set(agent, delivery);
    this.#makePending(delivery);
  }

  #makePending(delivery: Delivery): void {
    delivery.state = "pending";
    this.#pending.getOrCreate(delivery.agent).add(delivery);
    const queue = this.#queueOf(delivery);
    queue.pending.add(delivery);
    this.#makeReady(delivery);
  }

  #makeReady(delivery: Delivery): void {
    delivery.leasedUntilMs = null;
    this.#queueOf(delivery).ready.add(delivery);
    for (const wakeup of this.#listeners.get(queueKey(delivery)) ?? []) wakeup();
  }

  #queueOf(delivery: Delivery): AgentQueue {
    return this.#queues.getOrCreate(queueKey(delivery));
  }

  /** Takes a delivery out of all that waits. */
  #withdraw(delivery: Delivery): void {
    if (delivery.leasedUntilMs !== null) this.#leases.remove(delivery);
    this.#pending.getOrCreate(delivery.agent).remove(delivery);
    const queue = this.#queueOf(delivery);
    queue.pending.remove(delivery);
    queue.ready.remove(delivery);
    delivery.leasedUntilMs = null;
  }

  #remove(entry: QueueEntry): void {
    for (const index of this.#indexesOf(entry)) index.remove(entry);
    this.#entries.delete(entry.id);
    for (const delivery of entry.deliveries.values()) {
      if (delivery.state === "pending") this.#withdraw(delivery);
      if (delivery.state === "dead") this.#dead.getOrCreate(delivery.agent).remove(delivery);
    }
  }

  #trim(channel: string, maxItems: number): void {
    const stream = this.#byChannel.getOrCreate(channel);
    while (stream.length > maxItems) {
      const oldest = stream.at(0)!;
      for (const delivery of oldest.deliveries.values()) {
        if (delivery.state === "pending") this.#queueOf(delivery).missed++;
      }
      this.#remove(oldest);
    }
  }

  /** Removes what has expired and ends leases that are over; answers the time. */
  #sweep(maxAttempts = Infinity): number {
    const now = this.clock.now();
    for (let entry = this.#expiry.at(0); entry !== undefined; entry = this.#expiry.at(0)) {
      if (entry.expiresMs! > now) break;
      this.#remove(entry);
    }
    for (let leased = this.#leases.at(0); leased !== undefined; leased = this.#leases.at(0)) {
      if (maxAttempts === Infinity || leased.leasedUntilMs! > now) break;
      this.#expireLease(leased, now, maxAttempts);
    }
    return now;
  }

  #expireLease(delivery: Delivery, now: number, maxAttempts: number): void {
    if (delivery.attempts < maxAttempts) {
      this.#leases.remove(delivery);
      this.#makeReady(delivery);
      return;
    }
    this.#withdraw(delivery);
    delivery.state = "dead";
    delivery.diedMs = now;
    this.#dead.getOrCreate(delivery.agent).add(delivery);
  }

  register(channel: string, agent: string, from: "now" | "oldest"): void {
    this.#sweep();
    const subscribers = this.#subscribers.getOrCreate(channel);
    if (subscribers.has(agent)) return;
    subscribers.add(agent);
    if (from === "now") return;
    for (const entry of this.#byChannel.getOrCreate(channel).values()) {
      if (entry.target === null) this.#deliver(entry, agent);
    }
  }

  unsubscribe(channel: string, agent: string): boolean {
    if (!this.#subscribers.getOrCreate(channel).delete(agent)) return false;
    for (const entry of this.#byChannel.getOrCreate(channel).values()) {
      const delivery = entry.target === null ? entry.deliveries.get(agent) : undefined;
      if (delivery?.state === "pending") this.#withdraw(delivery);
      if (delivery?.state === "dead") this.#dead.getOrCreate(agent).remove(delivery);
      if (delivery?.state !== "acknowledged") entry.deliveries.delete(agent);
    }
    const queue = this.#queues.get(queueKeyOf(agent, channel));
    if (queue !== undefined) queue.missed = 0;
    return true;
  }

  listen(channel: string, agent: string, onWakeup: () => void): () => void {
    const listeners = this.#listeners.getOrCreate(queueKeyOf(agent, channel));
    listeners.add(onWakeup);
    return () => {
      listeners.delete(onWakeup);
      if (listeners.size === 0) this.#listeners.delete(queueKeyOf(agent, channel));
    };
  }

  claim(
    channel: string,
    agent: string,
    limit: number,
    reported: number,
    config: ResolvedConfig,
  ): Claim {
    const now = this.#sweep(config.maxAttempts);
    const queue = this.#queues.getOrCreate(queueKeyOf(agent, channel));
    queue.missed -= Math.min(reported, queue.missed);
    const deliveries: QueueDelivery[] = [];
    while (deliveries.length < limit && queue.ready.length > 0) {
      const delivery = queue.ready.at(0)!;
      queue.ready.remove(delivery);
      delivery.attempts++;
      delivery.leasedUntilMs = now + config.leaseMs;
      this.#leases.add(delivery);
      deliveries.push(toQueueDelivery(delivery));
    }
    const next = this.#leases.at(0);
    const nextDueMs = next === undefined ? null : next.leasedUntilMs! - now;
    return { deliveries, missed: queue.missed, nextDueMs };
  }

  release(agent: string, claimed: readonly QueueDelivery[]): void {
    for (const { id, leasedUntilMs } of claimed) {
      const delivery = this.#entries.get(id)?.deliveries.get(agent);
      if (delivery?.state !== "pending" || delivery.leasedUntilMs !== leasedUntilMs) continue;
      this.#leases.remove(delivery);
      delivery.attempts--;
      this.#makeReady(delivery);
    }
  }

  /** The delivery that an id and an agent mean. */
  #find(id: string, agent: string | undefined): Delivery | "absent" | "needs agent" {
    const entry = this.#entries.get(id);
    if (entry === undefined) return "absent";
    const whose = agent ?? entry.target;
    if (whose === null) return "needs agent";
    return entry.deliveries.get(whose) ?? "absent";
  }

  acknowledge(id: string, agent: string | undefined): AcknowledgeOutcome {
    const now = this.#sweep();
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state === "acknowledged") return "acknowledged";
    if (delivery.state === "pending") this.#withdraw(delivery);
    else this.#dead.getOrCreate(delivery.agent).remove(delivery);
    delivery.state = "acknowledged";
    const { entry } = delivery;
    if (entry.target === null) return "acknowledged";
    this.#byAcknowledged.getOrCreate("false").remove(entry);
    this.#byAcknowledged.getOrCreate("true").add(entry);
    entry.acknowledged = true;
    entry.updatedMs = now;
    return "acknowledged";
  }

  requeue(id: string, agent: string | undefined, maxAttempts: number): AcknowledgeOutcome {
    this.#sweep(maxAttempts);
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state !== "dead") return "absent";
    this.#dead.getOrCreate(delivery.agent).remove(delivery);
    delivery.attempts = 0;
    this.#makePending(delivery);
    return "acknowledged";
  }

  pending(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): QueueDelivery[] {
    this.#sweep(maxAttempts);
    const list = channel === undefined
      ? this.#pending.get(agent)
      : this.#queues.get(queueKeyOf(agent, channel))?.pending;
    return (list?.values() ?? [].values()).take(limit).map(toQueueDelivery).toArray();
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): QueueDelivery[] {
    this.#sweep(maxAttempts);
    const dead = this.#dead.get(agent)?.values() ?? [].values();
    const wanted = dead.filter(({ entry }) => channel === undefined || entry.channel === channel);
    return wanted.take(limit).map(toQueueDelivery).toArray();
  }

  get(id: string, agent: string | undefined): QueueRecord | undefined {
    this.#sweep();
    const entry = this.#entries.get(id);
    return entry && toQueueRecord(entry, agent);
  }

  delete(id: string): boolean {
    this.#sweep();
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#remove(entry);
    return entry !== undefined;
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): QueueRecord[] {
    const page = this.#matching(filters).drop(offset).take(limit);
    return page.map((entry) => toQueueRecord(entry, agent)).toArray();
  }

  count(filters: MessageFilters): number {
    return this.#matching(filters).reduce((count) => count + 1, 0);
  }

  /** Walks the smallest index that the filters allow, the last stored first. */
  #matching(filters: MessageFilters): IteratorObject<QueueEntry> {
    this.#sweep();
    const { channel, sourceAgent, targetAgent, acknowledged } = filters;
    const none = new SortedList<QueueEntry>(bySequence);
    const indexes = [this.#all];
    if (channel !== undefined) indexes.push(this.#byChannel.get(channel) ?? none);
    if (sourceAgent !== undefined) indexes.push(this.#bySource.get(sourceAgent) ?? none);
    if (targetAgent !== undefined) {
      indexes.push(this.#byTarget.get(targetKey(targetAgent)) ?? none);
    }
    if (acknowledged !== undefined) {
      indexes.push(this.#byAcknowledged.get(String(acknowledged)) ?? none);
    }
    const smallest = indexes.reduce((a, b) => b.length < a.length ? b : a);
    return smallest.reversed().filter((entry) =>
      (channel === undefined || entry.channel === channel) &&
      (sourceAgent === undefined || entry.source === sourceAgent) &&
      (targetAgent === undefined || entry.target === targetAgent) &&
      (acknowledged === undefined || entry.acknowledged === acknowledged)
    );
  }

  clear(): number {
    this.#sweep();
    const entries = [...this.#entries.values()];
    for (const entry of entries) this.#remove(entry);
    return entries.length;
  }
}

function newDelivery(entry: QueueEntry, agent: string): Delivery {
  return { entry, agent, attempts: 0, leasedUntilMs: null, state: "pending", diedMs: 0 };
}

function queueKey(delivery: Delivery): string {
  return queueKeyOf(delivery.agent, delivery.entry.channel);
}

/** Agents have no empty names. */
function targetKey(target: string | null): string {
  return target ?? "";
}

function toQueueDelivery({ entry, agent, attempts, leasedUntilMs }: Delivery): QueueDelivery {
  return { ...toQueueRecord(entry, agent), attempts, leasedUntilMs };
}

/** A message as an agent sees it; a broadcast is acknowledged by each for itself. */
function toQueueRecord(entry: QueueEntry, agent: string | undefined): QueueRecord {
  const { deliveries, ...message } = entry;
  if (entry.target !== null || agent === undefined) return message;
  return { ...message, acknowledged: deliveries.get(agent)?.state === "acknowledged" };
}

/** A space, as one queue uses it. */
export class MemoryStore implements QueueStore {
  readonly pollMs = null;
  readonly #space: MemorySpace;
  readonly #config: ResolvedConfig;

  constructor(space: MemorySpace, config: ResolvedConfig) {
    this.#space = space;
    this.#config = config;
  }

  async open(): Promise<void> {}
  stopRetrying(): void {}
  async close(): Promise<void> {}

  async publish(message: NewMessage): Promise<QueueRecord> {
    return await this.#space.publish(message, this.#config);
  }

  async put(message: MessageToPut): Promise<void> {
    await this.#space.put(message, this.#config);
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    const space = this.#space;
    return [{
      register: async (from) => await space.register(channel, agent, from),
      claim: async (limit, reported) =>
        await space.claim(channel, agent, limit, reported, this.#config),
      release: async (taken) => await space.release(agent, taken),
      listen: async (onHint) => await space.listen(channel, agent, onHint),
    }];
  }

  async unsubscribe(channel: string, agent: string): Promise<boolean> {
    return await this.#space.unsubscribe(channel, agent);
  }

  async acknowledge(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#space.acknowledge(id, agent);
  }

  async pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return await this.#space.pending(agent, channel, limit, this.#config.maxAttempts);
  }

  async deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return await this.#space.deadLetters(agent, channel, limit, this.#config.maxAttempts);
  }

  async requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#space.requeue(id, agent, this.#config.maxAttempts);
  }

  async get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return await this.#space.get(id, agent);
  }

  async delete(id: string): Promise<boolean> {
    return await this.#space.delete(id);
  }

  async list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return await this.#space.list(filters, limit, offset, agent);
  }

  async count(filters: MessageFilters): Promise<number> {
    return await this.#space.count(filters);
  }

  async clear(): Promise<number> {
    return await this.#space.clear();
  }
}
