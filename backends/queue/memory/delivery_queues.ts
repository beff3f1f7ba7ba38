/**
 * The deliveries of a namespace: for each agent what is pending and what is dead, and for each agent and
 * channel what is ready.
 *
 * @module
 */

import { exhaustedReason } from "../store.ts";
import { DefaultMap } from "./default_map.ts";
import {
  byDeath,
  byDeliveryOrder,
  byLeaseEnd,
  byRetryTime,
  type Death,
  type Delivery,
  type Moment,
  newDelivery,
  type QueueEntry,
} from "./entry.ts";
import { jsonBytes } from "./json_bytes.ts";
import { OrderingLines } from "./ordering_lines.ts";
import { SortedList } from "./sorted_list.ts";

/** Bytes of the records of a journal that claim and acknowledge a delivery, without names. */
const SETTLEMENT_BYTES = 480;

const newQueue = () => new SortedList<Delivery>(byDeliveryOrder);

/** The deliveries of one channel to one agent. */
interface AgentQueue {
  /** Deliveries that are not acknowledged, leased or not. */
  readonly pending: SortedList<Delivery>;
  /** Pending deliveries that can be claimed. */
  readonly ready: SortedList<Delivery>;
  /** Messages that were trimmed before the agent had acknowledged them. */
  missed: number;
}

/** What follows from changes of deliveries. */
export interface DeliveryObserver {
  /** Consumers of the delivery's agent may claim it now, or later than they knew. */
  onReady(delivery: Delivery): void;
  onAcknowledged(delivery: Delivery): void;
  onDead(delivery: Delivery, wasDead: boolean): void;
  onLeaseEnded(delivery: Delivery): void;
  /** A delivery of a message has become pending, acknowledged or dead. */
  onChanged(entry: QueueEntry): void;
}

/** The deliveries of all agents. */
export class DeliveryQueues {
  readonly #leased = new SortedList<Delivery>(byLeaseEnd);
  readonly #retrying = new SortedList<Delivery>(byRetryTime);
  readonly #lines = new OrderingLines();
  readonly #pending = new DefaultMap(newQueue);
  readonly #dead = new DefaultMap(() => new SortedList<Delivery>(byDeath));
  readonly #queues = new DefaultMap<AgentQueue>(() => ({
    pending: newQueue(),
    ready: newQueue(),
    missed: 0,
  }));
  readonly #observer: DeliveryObserver;
  #pendingCount = 0;
  /** Bytes of the names in the records that settle all pending deliveries. */
  #nameBytes = 0;
  /** Number of deliveries that have become pending. */
  turns = 0;

  constructor(observer: DeliveryObserver) {
    this.#observer = observer;
  }

  /** Most bytes that the records of a journal take which claim and acknowledge all deliveries one by one. */
  get removalBytes(): number {
    return SETTLEMENT_BYTES * this.#pendingCount + this.#nameBytes;
  }

  #countPending({ agent, entry }: Delivery, change: 1 | -1): void {
    this.#pendingCount += change;
    const { id, channel } = entry;
    this.#nameBytes += change * (2 * jsonBytes(agent) + jsonBytes(id) + jsonBytes(channel));
  }

  /** Adds a delivery of a message to an agent, which has had some attempts. */
  deliver(entry: QueueEntry, agent: string, attempts = 0): void {
    const delivery = newDelivery(entry, agent, attempts);
    entry.deliveries.set(agent, delivery);
    this.#makePending(delivery);
  }

  /** Adds a dead letter. */
  deliverDead(entry: QueueEntry, agent: string, attempts: number, now: Moment): void {
    const delivery = newDelivery(entry, agent, attempts);
    entry.deliveries.set(agent, delivery);
    this.#makeDead(delivery, exhaustion(delivery, now));
  }

  /** Ends a pending delivery, or changes why one has ended. */
  kill(delivery: Delivery, death: Death): void {
    const wasDead = delivery.state === "dead";
    this.remove(delivery);
    this.#makeDead(delivery, death, wasDead);
  }

  #makeDead(delivery: Delivery, death: Death, wasDead = false): void {
    delivery.state = "dead";
    delivery.death = death;
    this.#dead.getOrCreate(delivery.agent).add(delivery);
    this.#observer.onDead(delivery, wasDead);
    this.#observer.onChanged(delivery.entry);
  }

  #makePending(delivery: Delivery): void {
    delivery.state = "pending";
    delivery.death = null;
    this.#observer.onChanged(delivery.entry);
    this.#countPending(delivery, 1);
    this.#pending.getOrCreate(delivery.agent).add(delivery);
    this.#queueOf(delivery).pending.add(delivery);
    delivery.turn = ++this.turns;
    this.#lines.join(delivery);
    this.#makeReady(delivery);
  }

  #makeReady(delivery: Delivery): void {
    if (!this.#lines.isBlocked(delivery)) this.#queueOf(delivery).ready.add(delivery);
    this.#observer.onReady(delivery);
  }

  #queueOf({ agent, entry }: Delivery): AgentQueue {
    return this.#queues.getOrCreate(queueKey(agent, entry.channel));
  }

  /** Removes a delivery from its queues. */
  remove(delivery: Delivery): void {
    if (delivery.state === "pending") this.#withdraw(delivery);
    if (delivery.state === "dead") this.#dead.getOrCreate(delivery.agent).remove(delivery);
  }

  #withdraw(delivery: Delivery): void {
    this.#endWait(delivery);
    this.#countPending(delivery, -1);
    this.#pending.getOrCreate(delivery.agent).remove(delivery);
    const queue = this.#queueOf(delivery);
    queue.pending.remove(delivery);
    queue.ready.remove(delivery);
    const next = this.#lines.leave(delivery);
    if (next !== undefined) this.#makeReady(next);
  }

  /** Ends the lease, or the wait for the next attempt. */
  #endWait(delivery: Delivery): void {
    if (delivery.leaseEnd !== null) this.#leased.remove(delivery);
    if (delivery.retryAt !== null) this.#retrying.remove(delivery);
    delivery.leaseEnd = null;
    delivery.retryAt = null;
  }

  /** Marks a delivery as acknowledged. */
  acknowledge(delivery: Delivery): void {
    this.remove(delivery);
    delivery.state = "acknowledged";
    this.#observer.onAcknowledged(delivery);
    this.#observer.onChanged(delivery.entry);
  }

  /** Makes a dead letter pending again, with no attempts. */
  requeue(delivery: Delivery): void {
    this.remove(delivery);
    delivery.attempts = 0;
    delivery.token = null;
    this.#makePending(delivery);
  }

  /** Leases up to `limit` deliveries, in the order of delivery. */
  claim(
    agent: string,
    channel: string,
    limit: number,
    lease: (delivery: Delivery) => { end: Moment; token: string; maxAttempts: number },
  ): Delivery[] {
    const { ready } = this.#queues.getOrCreate(queueKey(agent, channel));
    const claimed: Delivery[] = [];
    while (claimed.length < limit && ready.length > 0) {
      const delivery = ready.first!;
      const { end, token, maxAttempts } = lease(delivery);
      delivery.attempts++;
      delivery.maxAttempts = maxAttempts;
      delivery.token = token;
      this.lease(delivery, end);
      claimed.push(delivery);
    }
    return claimed;
  }

  /** Leases a pending delivery until `end`, with the token that it has. */
  lease(delivery: Delivery, end: Moment): void {
    this.#endWait(delivery);
    this.#queueOf(delivery).ready.remove(delivery);
    delivery.leaseEnd = end;
    this.#leased.add(delivery);
  }

  /** Leases a dead letter again. False if another message with its ordering key has its turn now. */
  revive(delivery: Delivery, end: Moment): boolean {
    if (this.#lines.isBlocked(delivery)) return false;
    this.remove(delivery);
    this.#makePending(delivery);
    this.lease(delivery, end);
    return true;
  }

  /** Ends a lease as if it had not been taken. */
  release(delivery: Delivery): void {
    delivery.attempts--;
    this.giveBack(delivery, null);
  }

  /** Ends a lease. The next attempt is due at `retryAt`, or now. */
  giveBack(delivery: Delivery, retryAt: Moment | null): void {
    this.#endWait(delivery);
    this.#queueOf(delivery).ready.remove(delivery);
    delivery.token = null;
    if (retryAt === null) return this.#makeReady(delivery);
    delivery.retryAt = retryAt;
    this.#retrying.add(delivery);
    this.#observer.onReady(delivery);
  }

  /** When the next lease ends. Undefined without leases. */
  get nextLeaseEndMs(): number | undefined {
    return this.#leased.first?.leaseEnd?.ms;
  }

  /** When the next attempt of a delivery is due. Undefined if none waits. */
  get nextRetryMs(): number | undefined {
    return this.#retrying.first?.retryAt?.ms;
  }

  /** Whether a delivery could wait for another one with its ordering key. */
  get hasLines(): boolean {
    return this.#lines.hasLines;
  }

  /** Ends the leases and the waits that are over. */
  advance(now: Moment): void {
    for (let next = this.#leased.first; next !== undefined; next = this.#leased.first) {
      if (next.leaseEnd!.ms > now.ms) break;
      this.#endLease(next, now);
    }
    for (let next = this.#retrying.first; next !== undefined; next = this.#retrying.first) {
      if (next.retryAt!.ms > now.ms) break;
      this.#endWait(next);
      this.#makeReady(next);
    }
  }

  /** The token stays: until another consumer has the message, its holder may go on. */
  #endLease(delivery: Delivery, now: Moment): void {
    if (delivery.attempts >= delivery.maxAttempts!) {
      this.kill(delivery, exhaustion(delivery, now));
      return;
    }
    this.#endWait(delivery);
    this.#observer.onLeaseEnded(delivery);
    this.#makeReady(delivery);
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
    return (this.#queues.get(queueKey(agent, channel))?.ready.length ?? 0) > 0;
  }

  /** Messages that an agent missed on a channel, and that were not reported. */
  missedOf(agent: string, channel: string): number {
    return this.#queues.get(queueKey(agent, channel))?.missed ?? 0;
  }

  /** The holders that the tokens of leases name. */
  holders(): Set<string> {
    const holders = this.#leased.values().map(({ token }) => holderOf(token));
    return new Set(holders.filter((holder) => holder !== undefined));
  }

  /** Ends the leases of a holder. */
  endLeasesOf(holder: string, now: Moment): void {
    for (const delivery of [...this.#leased.values()]) {
      if (holderOf(delivery.token) === holder) this.#endLease(delivery, now);
    }
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
    if (delivery.state === "dead") this.#dead.getOrCreate(delivery.agent).add(delivery);
    if (delivery.state !== "pending") return;
    this.#countPending(delivery, 1);
    const { ready, pending } = this.#queueOf(delivery);
    this.#pending.getOrCreate(delivery.agent).add(delivery);
    pending.add(delivery);
    const overtaken = this.#lines.join(delivery);
    if (overtaken !== undefined) ready.remove(overtaken);
    if (delivery.leaseEnd !== null) this.#leased.add(delivery);
    else if (delivery.retryAt !== null) this.#retrying.add(delivery);
    else this.#makeReady(delivery);
  }
}

/** The holder of a lease, if its token names one. */
function holderOf(token: string | null): string | undefined {
  return /^\d+@(-?\d+)$/.exec(token ?? "")?.[1];
}

/** The death of a delivery whose attempts are used up. */
export function exhaustion({ attempts }: Delivery, at: Moment): Death {
  return { at, reason: exhaustedReason(attempts), error: null };
}

/** The key of an agent on a channel. Neither name contains NUL. */
function queueKey(agent: string, channel: string): string {
  return `${agent}\0${channel}`;
}
