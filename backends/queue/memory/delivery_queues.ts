/**
 * The deliveries of a namespace: for each agent what is pending and what is dead, and for each agent and
 * channel what is ready.
 *
 * @module
 */

import { DefaultMap } from "./default_map.ts";
import {
  byDeath,
  byDeliveryOrder,
  byLeaseEnd,
  type Delivery,
  type Lease,
  newDelivery,
  type QueueEntry,
} from "./entry.ts";
import { SortedList } from "./sorted_list.ts";

const newQueue = () => new SortedList<Delivery>(byDeliveryOrder);

/** The deliveries of one channel to one agent. */
interface AgentQueue {
  /** Deliveries that are not acknowledged, leased or not. */
  readonly pending: SortedList<Delivery>;
  /** Pending deliveries without a lease. */
  readonly ready: SortedList<Delivery>;
  /** Messages that were trimmed before the agent had acknowledged them. */
  missed: number;
}

/** The deliveries of all agents. */
export class DeliveryQueues {
  readonly #leased = new SortedList<Delivery>(byLeaseEnd);
  readonly #pending = new DefaultMap(newQueue);
  readonly #dead = new DefaultMap(() => new SortedList<Delivery>(byDeath));
  readonly #queues = new DefaultMap<AgentQueue>(() => ({
    pending: newQueue(),
    ready: newQueue(),
    missed: 0,
  }));
  readonly #listeners = new DefaultMap(() => new Set<() => void>());
  readonly #onSettled: (entry: QueueEntry) => void;

  /** `onSettled` is called with a message when a delivery of it becomes pending, acknowledged or dead. */
  constructor(onSettled: (entry: QueueEntry) => void) {
    this.#onSettled = onSettled;
  }

  /** Adds a delivery of a message to an agent, which has had some attempts. */
  deliver(entry: QueueEntry, agent: string, attempts = 0): void {
    const delivery = newDelivery(entry, agent);
    delivery.attempts = attempts;
    entry.deliveries.set(agent, delivery);
    this.#makePending(delivery);
  }

  /** Adds a dead letter. */
  deliverDead(entry: QueueEntry, agent: string, attempts: number, nowMs: number): void {
    const delivery = newDelivery(entry, agent);
    delivery.attempts = attempts;
    entry.deliveries.set(agent, delivery);
    this.#makeDead(delivery, nowMs);
  }

  #makeDead(delivery: Delivery, nowMs: number): void {
    delivery.state = "dead";
    delivery.diedMs = nowMs;
    this.#dead.getOrCreate(delivery.agent).add(delivery);
    this.#onSettled(delivery.entry);
  }

  #makePending(delivery: Delivery): void {
    delivery.state = "pending";
    this.#onSettled(delivery.entry);
    this.#pending.getOrCreate(delivery.agent).add(delivery);
    this.#queueOf(delivery).pending.add(delivery);
    this.#makeReady(delivery);
  }

  #makeReady(delivery: Delivery): void {
    delivery.lease = null;
    this.#queueOf(delivery).ready.add(delivery);
    for (const wakeup of this.#listeners.get(keyOf(delivery)) ?? []) wakeup();
  }

  #queueOf(delivery: Delivery): AgentQueue {
    return this.#queues.getOrCreate(keyOf(delivery));
  }

  /** Removes a delivery from its queues. */
  remove(delivery: Delivery): void {
    if (delivery.state === "pending") this.#withdraw(delivery);
    if (delivery.state === "dead") this.#dead.getOrCreate(delivery.agent).remove(delivery);
  }

  #withdraw(delivery: Delivery): void {
    if (delivery.lease !== null) this.#leased.remove(delivery);
    this.#pending.getOrCreate(delivery.agent).remove(delivery);
    const queue = this.#queueOf(delivery);
    queue.pending.remove(delivery);
    queue.ready.remove(delivery);
    delivery.lease = null;
  }

  /** Marks a delivery as acknowledged. */
  acknowledge(delivery: Delivery): void {
    this.remove(delivery);
    delivery.state = "acknowledged";
    this.#onSettled(delivery.entry);
  }

  /** Makes a dead letter pending again, with no attempts. */
  requeue(delivery: Delivery): void {
    this.remove(delivery);
    delivery.attempts = 0;
    this.#makePending(delivery);
  }

  /** Leases up to `limit` deliveries, in the order of delivery. */
  claim(agent: string, channel: string, limit: number, lease: Lease): Delivery[] {
    const { ready } = this.#queues.getOrCreate(queueKey(agent, channel));
    const claimed: Delivery[] = [];
    while (claimed.length < limit && ready.length > 0) {
      const delivery = ready.at(0)!;
      ready.remove(delivery);
      delivery.attempts++;
      delivery.lease = lease;
      this.#leased.add(delivery);
      claimed.push(delivery);
    }
    return claimed;
  }

  /** Ends a lease as if it had not been taken. */
  release(delivery: Delivery): void {
    this.#leased.remove(delivery);
    delivery.attempts--;
    this.#makeReady(delivery);
  }

  /** When the next lease ends. Undefined without leases. */
  get nextLeaseEndMs(): number | undefined {
    return this.#leased.at(0)?.lease?.endMs;
  }

  /** Ends the leases that are over. After `maxAttempts` a delivery becomes a dead letter. */
  expireLeases(nowMs: number, maxAttempts: number): void {
    for (let next = this.#leased.at(0); next !== undefined; next = this.#leased.at(0)) {
      if (next.lease!.endMs > nowMs) return;
      if (next.attempts < maxAttempts) {
        this.#leased.remove(next);
        this.#makeReady(next);
      } else {
        this.#withdraw(next);
        this.#makeDead(next, nowMs);
      }
    }
  }

  /** Pending deliveries to an agent, in the order of delivery. */
  pendingOf(agent: string, channel: string | undefined): IteratorObject<Delivery> {
    const list = channel === undefined
      ? this.#pending.get(agent)
      : this.#queues.get(queueKey(agent, channel))?.pending;
    return list?.values() ?? [].values();
  }

  /** Dead letters of an agent, the oldest first. */
  deadOf(agent: string, channel: string | undefined): IteratorObject<Delivery> {
    const dead: IteratorObject<Delivery> = this.#dead.get(agent)?.values() ?? [].values();
    return dead.filter(({ entry }) => channel === undefined || entry.channel === channel);
  }

  /** Counts a pending delivery whose message is trimmed. */
  countMissed(delivery: Delivery): void {
    if (delivery.state === "pending") this.#queueOf(delivery).missed++;
  }

  /** Messages that an agent missed on a channel, after `reported` of them were reported. */
  reportMissed(agent: string, channel: string, reported: number): number {
    const queue = this.#queues.getOrCreate(queueKey(agent, channel));
    queue.missed -= Math.min(reported, queue.missed);
    return queue.missed;
  }

  /** Resets the count of missed messages. */
  resetMissed(agent: string, channel: string): void {
    const queue = this.#queues.get(queueKey(agent, channel));
    if (queue !== undefined) queue.missed = 0;
  }

  /** Whether a claim has something to return. */
  hasReady(agent: string, channel: string): boolean {
    const queue = this.#queues.get(queueKey(agent, channel));
    return queue !== undefined && (queue.ready.length > 0 || queue.missed > 0);
  }

  /** Counts of missed messages by agent and channel. */
  *missed(): Generator<[agent: string, channel: string, missed: number]> {
    for (const [key, { missed }] of this.#queues.entries()) {
      if (missed > 0) yield [...key.split("\0") as [string, string], missed];
    }
  }

  /** Sets what `missed` has told. */
  setMissed(agent: string, channel: string, missed: number): void {
    this.#queues.getOrCreate(queueKey(agent, channel)).missed = missed;
  }

  /** Adds a delivery as it was in another copy of the namespace. */
  restore(delivery: Delivery): void {
    const { lease, diedMs } = delivery;
    if (delivery.state === "dead") this.#makeDead(delivery, diedMs);
    if (delivery.state !== "pending") return this.#onSettled(delivery.entry);
    this.#makePending(delivery);
    if (lease === null) return;
    this.#queueOf(delivery).ready.remove(delivery);
    delivery.lease = lease;
    this.#leased.add(delivery);
  }

  /** Whether a subscription of an agent to a channel lives. */
  hasListeners(agent: string, channel: string): boolean {
    return this.#listeners.get(queueKey(agent, channel)) !== undefined;
  }

  /** Calls `onWakeup` when a delivery becomes ready, until the result is called. */
  listen(agent: string, channel: string, onWakeup: () => void): () => void {
    const key = queueKey(agent, channel);
    const listeners = this.#listeners.getOrCreate(key);
    listeners.add(onWakeup);
    return () => {
      listeners.delete(onWakeup);
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }
}

function keyOf({ agent, entry }: Delivery): string {
  return queueKey(agent, entry.channel);
}

/** The key of an agent on a channel. Neither name contains NUL. */
function queueKey(agent: string, channel: string): string {
  return `${agent}\0${channel}`;
}
