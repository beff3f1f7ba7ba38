/**
 * The messages of a namespace with their deliveries, and what is told of them.
 *
 * @module
 */

import { TextMap, TextSet } from "../../../lib/base/text_map.ts";
import type { QueueClock } from "../clock.ts";
import type { EngineConfig } from "../config.ts";
import type { StoredResult } from "../store.ts";
import type { CountedEvent, QueueEvent } from "../types.ts";
import { ChannelCounts } from "./channel_counts.ts";
import { entryOf, messagePart, type SpacePart } from "./contents.ts";
import { DefaultMap } from "./default_map.ts";
import { DelayedMessages } from "./delayed_messages.ts";
import { DeliveryQueues } from "./delivery_queues.ts";
import { type Delivery, type Moment, newDelivery, type QueueEntry } from "./entry.ts";
import { EventHub } from "./event_hub.ts";
import { ExpiringMap } from "./expiring_map.ts";
import { Listeners } from "./listeners.ts";
import { MessageIndex } from "./message_index.ts";
import { SettledIndex } from "./settled_index.ts";

/** The time of a namespace. It has no timers. */
export type EngineClock = Pick<QueueClock, "now" | "date">;

/** A message that is not stored yet. */
export type NewEntry = Omit<QueueEntry, "sequence" | "deliveries">;

/** Stores messages, delivers them to agents, and removes what is over. */
export class StoredMessages {
  readonly clock: EngineClock;
  readonly index = new MessageIndex();
  readonly delayed = new DelayedMessages();
  readonly listeners = new Listeners();
  readonly counts = new ChannelCounts();
  readonly events = new EventHub(this.counts);
  readonly subscribers = new DefaultMap(() => new TextSet());
  readonly results = new ExpiringMap<StoredResult>();
  readonly queues = new DeliveryQueues({
    onReady: ({ agent, entry }) => this.listeners.wake(entry.channel, agent),
    onAcknowledged: ({ agent, entry }) => this.count("acknowledged", entry, agent),
    onLeaseEnded: ({ agent, entry }) => this.count("released", entry, agent, "its lease has ended"),
    onDead: (delivery, wasDead) => this.#onDead(delivery, wasDead),
    onChanged: (entry) => this.#onChanged(entry),
  });
  readonly #settled = new SettledIndex();
  #sequence = 0;

  constructor(clock: EngineClock) {
    this.clock = clock;
  }

  now(): Moment {
    const ms = this.clock.now();
    return { ms, dateMs: this.clock.date?.() ?? ms };
  }

  /** Counts and tells what has happened to a message. */
  count(type: CountedEvent, { channel, id }: QueueEntry, agentId?: string, reason?: string): void {
    const details = {
      ...agentId !== undefined && { agentId },
      ...reason !== undefined && { reason },
    };
    this.events.count({ type, channel, id, ...details }, this.clock.now());
  }

  /** Tells that a caller has lost its lease. */
  tellLost(type: QueueEvent["type"], { entry, agent }: Delivery): "lost" {
    const { channel, id } = entry;
    this.events.tell({ type, channel, id, agentId: agent, lost: true });
    return "lost";
  }

  /** Keeps what was made of a message, if it asks for it. */
  keepResult({ id, resultMs }: QueueEntry, result: StoredResult): void {
    if (resultMs !== null) this.results.set(id, result, this.clock.now() + resultMs);
  }

  /** A dead letter that gets another reason is told again, and counted once. */
  #onDead({ entry, agent, death }: Delivery, wasDead: boolean): void {
    const { reason, error } = death!;
    this.keepResult(entry, { type: "dead", reason, error });
    const { channel, id } = entry;
    if (wasDead) this.events.tell({ type: "dead", channel, id, agentId: agent, reason });
    else this.count("dead", entry, agent, reason);
  }

  #onChanged(entry: QueueEntry): void {
    if (this.#settled.update(entry)) this.#tellDrained(entry.channel);
  }

  #tellDrained(channel: string): void {
    if (this.activeCount(channel) === 0) this.events.tell({ type: "drained", channel });
  }

  /** Number of messages of a channel on which agents may still work. */
  activeCount(channel: string): number {
    return this.index.ofChannel(channel).length - this.#settled.count(channel);
  }

  /** Does all that is due by the time of the clock. */
  sweep(): void {
    const now = this.now();
    for (const entry of this.index.expired(now.ms)) this.#expire(entry);
    this.queues.advance(now);
    for (let entry = this.delayed.takeDue(now.ms); entry; entry = this.delayed.takeDue(now.ms)) {
      this.#deliver(entry);
    }
    this.results.advance(now.ms);
  }

  #expire(entry: QueueEntry): void {
    const wasActive = !this.#settled.has(entry);
    this.remove(entry);
    this.count("expired", entry);
    if (wasActive) this.#tellDrained(entry.channel);
  }

  /** When something is due next. Infinity if nothing is. */
  get nextDueMs(): number {
    return Math.min(
      this.index.nextExpiryMs ?? Infinity,
      this.queues.nextLeaseEndMs ?? Infinity,
      this.queues.nextRetryMs ?? Infinity,
      this.delayed.nextDueMs() ?? Infinity,
      this.results.nextEndMs ?? Infinity,
    );
  }

  /** Whether there are neither messages nor subscribers. */
  get isEmpty(): boolean {
    return this.index.size === 0 && this.subscribed().next().done === true;
  }

  /** Whether there are dead letters, or messages that are not done. */
  get hasWork(): boolean {
    return this.index.values().some((entry) => !this.#settled.isDone(entry));
  }

  /** The channels that have subscribers. */
  subscribed(): IteratorObject<string, undefined> {
    const subscribed = this.subscribers.entries().filter(([, agents]) => agents.size > 0);
    return subscribed.map(([channel]) => channel);
  }

  /** Stores a message, and delivers it if it is due. */
  add(message: NewEntry, config: EngineConfig): QueueEntry {
    const entry: QueueEntry = { ...message, sequence: ++this.#sequence, deliveries: new TextMap() };
    this.index.add(entry);
    this.count("published", entry);
    if (entry.acknowledged) this.#addDone(entry);
    else if (entry.readyAtMs !== null) this.#delay(entry);
    else this.#deliver(entry);
    this.#trim(entry.channel, config);
    return entry;
  }

  #addDone(entry: QueueEntry): void {
    const agent = entry.target!;
    entry.deliveries.set(agent, newDelivery(entry, agent, 0, "acknowledged"));
    this.#settled.update(entry);
  }

  /** Consumers sleep until a message is due. */
  #delay(entry: QueueEntry): void {
    this.delayed.add(entry);
    this.listeners.wake(entry.channel, entry.target ?? undefined);
  }

  #deliver(entry: QueueEntry): void {
    const { byAgent = [], maxAttempts = Infinity } = entry.former ?? {};
    const attempts = new Map(byAgent);
    for (const agent of this.#recipientsOf(entry)) {
      const count = attempts.get(agent) ?? 0;
      const isUsedUp = count >= (entry.maxAttempts ?? maxAttempts);
      if (isUsedUp) this.queues.deliverDead(entry, agent, count, this.now());
      else this.queues.deliver(entry, agent, count);
    }
  }

  #recipientsOf({ target, channel }: QueueEntry): Iterable<string> {
    return target === null ? this.subscribers.get(channel) ?? [] : [target];
  }

  /** Removes a message. */
  remove(entry: QueueEntry): void {
    this.index.remove(entry);
    this.delayed.remove(entry);
    this.#settled.remove(entry);
    for (const delivery of entry.deliveries.values()) this.queues.remove(delivery);
  }

  /**
   * Removes the oldest messages of a channel that has more than `maxItems`: first those that are done, then
   * dead letters, and then those that wait, if they may be dropped.
   */
  #trim(channel: string, { maxItems, whenFull }: EngineConfig): void {
    const messages = this.index.ofChannel(channel);
    while (messages.length > maxItems) {
      const waiting = whenFull === "dropOldest" ? messages.first : undefined;
      const oldest = this.#settled.first(channel) ?? waiting;
      if (oldest === undefined) return;
      for (const delivery of oldest.deliveries.values()) this.queues.countMissed(delivery);
      this.remove(oldest);
    }
  }

  /** Subscribes an agent to the broadcasts of a channel. */
  register(channel: string, agent: string, from: "now" | "oldest"): void {
    const subscribers = this.subscribers.getOrCreate(channel);
    if (subscribers.has(agent)) return;
    subscribers.add(agent);
    if (from === "now") return;
    for (const entry of this.index.ofChannel(channel).values()) {
      const isDue = entry.target === null && entry.readyAtMs === null;
      if (isDue && !entry.deliveries.has(agent)) this.queues.deliver(entry, agent);
    }
  }

  /** Removes the broadcasts that are pending for an agent and, unless it is `isSubscribed`, its subscription. */
  unsubscribe(channel: string, agent: string, isSubscribed: boolean): boolean {
    const subscribers = this.subscribers.getOrCreate(channel);
    if (!subscribers.has(agent)) return false;
    // A subscription of the agent that still lives gets the next broadcasts.
    if (!isSubscribed) subscribers.delete(agent);
    for (const entry of this.index.ofChannel(channel).values()) {
      if (entry.target === null) this.#withdraw(entry, agent);
    }
    this.queues.resetMissed(agent, channel);
    return true;
  }

  #withdraw(entry: QueueEntry, agent: string): void {
    const delivery = entry.deliveries.get(agent);
    if (delivery === undefined || delivery.state === "acknowledged") return;
    this.queues.remove(delivery);
    entry.deliveries.delete(agent);
    entry.isAbandoned = true;
    this.#settled.update(entry);
  }

  /** The delivery of a message to an agent, by default to its target. */
  find(id: string, agent: string | undefined): Delivery | "absent" | "needs agent" {
    const entry = this.index.get(id);
    if (entry === undefined) return "absent";
    const recipient = agent ?? entry.target;
    if (recipient === null) return "needs agent";
    return entry.deliveries.get(recipient) ?? "absent";
  }

  *contents(): Generator<SpacePart> {
    const { turns } = this.queues;
    yield { type: "messages", sequence: this.#sequence, turns, heldUntilMs: 0 };
    yield { type: "counts", counts: this.counts.export(), heldUntilMs: 0 };
    for (const [channel, agents] of this.subscribers.entries()) {
      if (agents.size === 0) continue;
      yield { type: "subscribers", channel, agents: [...agents], heldUntilMs: Infinity };
    }
    for (const entry of this.index.values()) yield messagePart(entry);
    for (const [agent, channel, missed] of this.queues.missed()) {
      yield { type: "missed", agent, channel, missed, heldUntilMs: 0 };
    }
    for (const [id, result, heldUntilMs] of this.results.entries()) {
      yield { type: "result", id, result, heldUntilMs };
    }
  }

  /** Adds a part of another copy. */
  restore(part: SpacePart): void {
    switch (part.type) {
      case "messages":
        this.#sequence = part.sequence;
        this.queues.turns = part.turns;
        return;
      case "counts":
        return this.counts.import(part.counts);
      case "subscribers": {
        const subscribers = this.subscribers.getOrCreate(part.channel);
        for (const agent of part.agents) subscribers.add(agent);
        return;
      }
      case "missed":
        return this.queues.setMissed(part.agent, part.channel, part.missed);
      case "result":
        return this.results.set(part.id, part.result, part.heldUntilMs);
      case "message":
        return this.#restoreMessage(entryOf(part));
    }
  }

  #restoreMessage(entry: QueueEntry): void {
    this.index.add(entry);
    if (entry.readyAtMs !== null) this.delayed.add(entry);
    for (const delivery of entry.deliveries.values()) this.queues.restore(delivery);
    this.#settled.update(entry);
  }
}
