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
  byTurn,
  type Claim,
  type Inbox,
  type MessageToPut,
  type NewMessage,
  type QueueStore,
  type StoredDelivery,
  type StoredMessage,
} from "../store.ts";
import type { MessageFilters } from "../types.ts";

/** A message, and what each agent has made of it. */
interface Entry extends StoredMessage {
  updatedMs: number;
  acknowledged: boolean;
  readonly deliveries: Map<string, Delivery>;
}

/** A message for one agent. */
interface Delivery {
  readonly entry: Entry;
  readonly agent: string;
  attempts: number;
  leasedUntilMs: number | null;
  state: "pending" | "acknowledged" | "dead";
  diedMs: number;
}

/** What waits for an agent on a channel. */
interface Waiting {
  /** All that is not acknowledged. */
  readonly pending: SortedList<Delivery>;
  /** What nobody holds. */
  readonly ready: SortedList<Delivery>;
  missed: number;
}

const bySequence = (a: Entry, b: Entry) => a.sequence - b.sequence;
const byExpiry = (a: Entry, b: Entry) => a.expiresMs! - b.expiresMs! || bySequence(a, b);
const deliveriesByTurn = (a: Delivery, b: Delivery) => byTurn(a.entry, b.entry);
const byDeath = (a: Delivery, b: Delivery) => a.diedMs - b.diedMs || bySequence(a.entry, b.entry);
const byLease = (a: Delivery, b: Delivery) =>
  a.leasedUntilMs! - b.leasedUntilMs! || bySequence(a.entry, b.entry) ||
  (a.agent < b.agent ? -1 : Number(a.agent > b.agent));

/** The key of what belongs to an agent on a channel: ids have no NUL. */
function keyOf(agent: string, channel: string): string {
  return `${agent}\0${channel}`;
}

/** A map that makes what is asked for first. */
class Shelves<T> {
  readonly #items = new Map<string, T>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** What is there, or something new. */
  of(key: string): T {
    let item = this.#items.get(key);
    if (item === undefined) this.#items.set(key, item = this.#make());
    return item;
  }

  peek(key: string): T | undefined {
    return this.#items.get(key);
  }

  remove(key: string): void {
    this.#items.delete(key);
  }
}

/** All messages of a namespace; queues that share it see the same. */
export class MemorySpace {
  readonly clock: QueueClock;
  readonly #entries = new Map<string, Entry>();
  readonly #all = new SortedList<Entry>(bySequence);
  readonly #byAcknowledged = new Shelves(() => new SortedList<Entry>(bySequence));
  readonly #byChannel = new Shelves(() => new SortedList<Entry>(bySequence));
  readonly #bySource = new Shelves(() => new SortedList<Entry>(bySequence));
  readonly #byTarget = new Shelves(() => new SortedList<Entry>(bySequence));
  readonly #expiry = new SortedList<Entry>(byExpiry);
  readonly #leases = new SortedList<Delivery>(byLease);
  readonly #pending = new Shelves(() => new SortedList<Delivery>(deliveriesByTurn));
  readonly #dead = new Shelves(() => new SortedList<Delivery>(byDeath));
  readonly #waiting = new Shelves<Waiting>(() => ({
    pending: new SortedList(deliveriesByTurn),
    ready: new SortedList(deliveriesByTurn),
    missed: 0,
  }));
  readonly #subscribers = new Shelves(() => new Set<string>());
  readonly #listeners = new Shelves(() => new Set<() => void>());
  #sequence = 0;

  constructor(clock: QueueClock) {
    this.clock = clock;
  }

  publish(message: NewMessage, config: ResolvedConfig): StoredMessage {
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

  #store(message: Omit<StoredMessage, "sequence">, config: ResolvedConfig): StoredMessage {
    const entry: Entry = { ...message, sequence: ++this.#sequence, deliveries: new Map() };
    this.#entries.set(entry.id, entry);
    for (const index of this.#indexesOf(entry)) index.add(entry);
    const agents = entry.target === null ? this.#subscribersOf(entry.channel) : [entry.target];
    if (!entry.acknowledged) {
      for (const agent of agents) this.#deliver(entry, agent);
    } else {
      entry.deliveries.set(entry.target!, {
        ...undelivered(entry, entry.target!),
        state: "acknowledged",
      });
    }
    this.#trim(entry.channel, config.maxItems);
    return { ...entry };
  }

  #subscribersOf(channel: string): Iterable<string> {
    return this.#subscribers.peek(channel) ?? [];
  }

  #indexesOf(entry: Entry): SortedList<Entry>[] {
    return [
      this.#all,
      this.#byAcknowledged.of(String(entry.acknowledged)),
      this.#byChannel.of(entry.channel),
      this.#bySource.of(entry.source),
      this.#byTarget.of(targetKey(entry.target)),
      ...(entry.expiresMs === null ? [] : [this.#expiry]),
    ];
  }

  #deliver(entry: Entry, agent: string): void {
    const delivery = undelivered(entry, agent);
    entry.deliveries.set(agent, delivery);
    this.#makePending(delivery);
  }

  #makePending(delivery: Delivery): void {
    delivery.state = "pending";
    this.#pending.of(delivery.agent).add(delivery);
    const waiting = this.#waitingFor(delivery);
    waiting.pending.add(delivery);
    this.#makeReady(delivery);
  }

  #makeReady(delivery: Delivery): void {
    delivery.leasedUntilMs = null;
    this.#waitingFor(delivery).ready.add(delivery);
    for (const hint of this.#listeners.peek(placeOf(delivery)) ?? []) hint();
  }

  #waitingFor(delivery: Delivery): Waiting {
    return this.#waiting.of(placeOf(delivery));
  }

  /** Takes a delivery out of all that waits. */
  #withdraw(delivery: Delivery): void {
    if (delivery.leasedUntilMs !== null) this.#leases.remove(delivery);
    this.#pending.of(delivery.agent).remove(delivery);
    const waiting = this.#waitingFor(delivery);
    waiting.pending.remove(delivery);
    waiting.ready.remove(delivery);
    delivery.leasedUntilMs = null;
  }

  #remove(entry: Entry): void {
    for (const index of this.#indexesOf(entry)) index.remove(entry);
    this.#entries.delete(entry.id);
    for (const delivery of entry.deliveries.values()) {
      if (delivery.state === "pending") this.#withdraw(delivery);
      if (delivery.state === "dead") this.#dead.of(delivery.agent).remove(delivery);
    }
  }

  #trim(channel: string, maxItems: number): void {
    const stream = this.#byChannel.of(channel);
    while (stream.length > maxItems) {
      const oldest = stream.at(0)!;
      for (const delivery of oldest.deliveries.values()) {
        if (delivery.state === "pending") this.#waitingFor(delivery).missed++;
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
    for (let held = this.#leases.at(0); held !== undefined; held = this.#leases.at(0)) {
      if (maxAttempts === Infinity || held.leasedUntilMs! > now) break;
      this.#lapse(held, now, maxAttempts);
    }
    return now;
  }

  #lapse(delivery: Delivery, now: number, maxAttempts: number): void {
    if (delivery.attempts < maxAttempts) {
      this.#leases.remove(delivery);
      this.#makeReady(delivery);
      return;
    }
    this.#withdraw(delivery);
    delivery.state = "dead";
    delivery.diedMs = now;
    this.#dead.of(delivery.agent).add(delivery);
  }

  register(channel: string, agent: string, from: "now" | "oldest"): void {
    this.#sweep();
    const subscribers = this.#subscribers.of(channel);
    if (subscribers.has(agent)) return;
    subscribers.add(agent);
    if (from === "now") return;
    for (const entry of this.#byChannel.of(channel).values()) {
      if (entry.target === null) this.#deliver(entry, agent);
    }
  }

  unsubscribe(channel: string, agent: string): boolean {
    if (!this.#subscribers.of(channel).delete(agent)) return false;
    for (const entry of this.#byChannel.of(channel).values()) {
      const delivery = entry.target === null ? entry.deliveries.get(agent) : undefined;
      if (delivery?.state === "pending") this.#withdraw(delivery);
      if (delivery?.state === "dead") this.#dead.of(agent).remove(delivery);
      if (delivery?.state !== "acknowledged") entry.deliveries.delete(agent);
    }
    const waiting = this.#waiting.peek(keyOf(agent, channel));
    if (waiting !== undefined) waiting.missed = 0;
    return true;
  }

  listen(channel: string, agent: string, onHint: () => void): () => void {
    const listeners = this.#listeners.of(keyOf(agent, channel));
    listeners.add(onHint);
    return () => {
      listeners.delete(onHint);
      if (listeners.size === 0) this.#listeners.remove(keyOf(agent, channel));
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
    const waiting = this.#waiting.of(keyOf(agent, channel));
    waiting.missed -= Math.min(reported, waiting.missed);
    const deliveries: StoredDelivery[] = [];
    while (deliveries.length < limit && waiting.ready.length > 0) {
      const delivery = waiting.ready.at(0)!;
      waiting.ready.remove(delivery);
      delivery.attempts++;
      delivery.leasedUntilMs = now + config.leaseMs;
      this.#leases.add(delivery);
      deliveries.push(seen(delivery));
    }
    const next = this.#leases.at(0);
    const nextDueMs = next === undefined ? null : next.leasedUntilMs! - now;
    return { deliveries, missed: waiting.missed, nextDueMs };
  }

  release(agent: string, taken: readonly StoredDelivery[]): void {
    for (const { id, leasedUntilMs } of taken) {
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
    else this.#dead.of(delivery.agent).remove(delivery);
    delivery.state = "acknowledged";
    const { entry } = delivery;
    if (entry.target === null) return "acknowledged";
    this.#byAcknowledged.of("false").remove(entry);
    this.#byAcknowledged.of("true").add(entry);
    entry.acknowledged = true;
    entry.updatedMs = now;
    return "acknowledged";
  }

  requeue(id: string, agent: string | undefined, maxAttempts: number): AcknowledgeOutcome {
    this.#sweep(maxAttempts);
    const delivery = this.#find(id, agent);
    if (typeof delivery === "string") return delivery;
    if (delivery.state !== "dead") return "absent";
    this.#dead.of(delivery.agent).remove(delivery);
    delivery.attempts = 0;
    this.#makePending(delivery);
    return "acknowledged";
  }

  pending(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): StoredDelivery[] {
    this.#sweep(maxAttempts);
    const list = channel === undefined
      ? this.#pending.peek(agent)
      : this.#waiting.peek(keyOf(agent, channel))?.pending;
    return (list?.values() ?? [].values()).take(limit).map(seen).toArray();
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
    maxAttempts: number,
  ): StoredDelivery[] {
    this.#sweep(maxAttempts);
    const dead = this.#dead.peek(agent)?.values() ?? [].values();
    const wanted = dead.filter(({ entry }) => channel === undefined || entry.channel === channel);
    return wanted.take(limit).map(seen).toArray();
  }

  get(id: string, agent: string | undefined): StoredMessage | undefined {
    this.#sweep();
    const entry = this.#entries.get(id);
    return entry && viewed(entry, agent);
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
  ): StoredMessage[] {
    const page = this.#matching(filters).drop(offset).take(limit);
    return page.map((entry) => viewed(entry, agent)).toArray();
  }

  count(filters: MessageFilters): number {
    return this.#matching(filters).reduce((count) => count + 1, 0);
  }

  /** Walks the smallest index that the filters allow, the last stored first. */
  #matching(filters: MessageFilters): IteratorObject<Entry> {
    this.#sweep();
    const { channel, sourceAgent, targetAgent, acknowledged } = filters;
    const none = new SortedList<Entry>(bySequence);
    const indexes = [this.#all];
    if (channel !== undefined) indexes.push(this.#byChannel.peek(channel) ?? none);
    if (sourceAgent !== undefined) indexes.push(this.#bySource.peek(sourceAgent) ?? none);
    if (targetAgent !== undefined) {
      indexes.push(this.#byTarget.peek(targetKey(targetAgent)) ?? none);
    }
    if (acknowledged !== undefined) {
      indexes.push(this.#byAcknowledged.peek(String(acknowledged)) ?? none);
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

function undelivered(entry: Entry, agent: string): Delivery {
  return { entry, agent, attempts: 0, leasedUntilMs: null, state: "pending", diedMs: 0 };
}

function placeOf(delivery: Delivery): string {
  return keyOf(delivery.agent, delivery.entry.channel);
}

/** Agents have no empty names. */
function targetKey(target: string | null): string {
  return target ?? "";
}

function seen({ entry, agent, attempts, leasedUntilMs }: Delivery): StoredDelivery {
  return { ...viewed(entry, agent), attempts, leasedUntilMs };
}

/** A message as an agent sees it; a broadcast is acknowledged by each for itself. */
function viewed(entry: Entry, agent: string | undefined): StoredMessage {
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
  hurry(): void {}
  async close(): Promise<void> {}

  async publish(message: NewMessage): Promise<StoredMessage> {
    return await this.#space.publish(message, this.#config);
  }

  async put(message: MessageToPut): Promise<void> {
    await this.#space.put(message, this.#config);
  }

  inboxes(channel: string, agent: string): Inbox[] {
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
  ): Promise<StoredDelivery[]> {
    return await this.#space.pending(agent, channel, limit, this.#config.maxAttempts);
  }

  async deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<StoredDelivery[]> {
    return await this.#space.deadLetters(agent, channel, limit, this.#config.maxAttempts);
  }

  async requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#space.requeue(id, agent, this.#config.maxAttempts);
  }

  async get(id: string, agent: string | undefined): Promise<StoredMessage | undefined> {
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
  ): Promise<StoredMessage[]> {
    return await this.#space.list(filters, limit, offset, agent);
  }

  async count(filters: MessageFilters): Promise<number> {
    return await this.#space.count(filters);
  }

  async clear(): Promise<number> {
    return await this.#space.clear();
  }
}
