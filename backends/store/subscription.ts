/**
 * A subscriber with its queue. A server or a backend takes the entries and sends them.
 *
 * @module
 */

import type { ContextHeaders } from "../../lib/base/context_headers.ts";
import { Deque } from "../../lib/base/deque.ts";
import type { LossReports } from "../../lib/base/loss_reports.ts";
import { TextSet } from "../../lib/base/text_map.ts";
import { lossWarnings, warnOfDisconnection } from "./loss_warning.ts";
import { checkLimit, DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_LENGTH } from "./limits.ts";
import type { QueueQuota } from "./queue_quota.ts";
import type { StoredMessage } from "./stored_message.ts";
import type { Value } from "./value.ts";

/** A stored message for a subscriber. */
export interface StoredDelivery {
  readonly kind: "stored";
  readonly topic: string;
  /** The pattern that matched, for a subscription to a pattern. */
  readonly pattern?: string;
  readonly message: StoredMessage;
  /** Time of the delivery, in milliseconds of the store's clock. */
  readonly atMs: number;
  readonly bytes: number;
}

/** A published value for a subscriber. */
export interface PublishedDelivery {
  readonly kind: "published";
  /** The channel. */
  readonly topic: string;
  /** The pattern that matched, for a subscription to a pattern. */
  readonly pattern?: string;
  readonly value: Value;
  /** Trace context and baggage of the publisher. */
  readonly headers: ContextHeaders | undefined;
  /** Time of publication, in milliseconds of the store's clock. */
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * An entry of a queue. All subscribers to one topic, and all to one pattern, get the same object, so that
 * a server can cache its encoding (in a `WeakMap`).
 */
export type Delivery = StoredDelivery | PublishedDelivery;

/** What happens when a queue is full: the oldest entries are dropped, or the subscriber is disconnected. */
export type OverflowPolicy = "dropOldest" | "disconnect";

/** Options of a subscriber. */
export interface SubscriptionQueueOptions {
  /** Most entries in its queue. Default: 10,000. */
  maxQueueLength?: number | undefined;
  /** Most bytes in its queue. A single entry may be larger. Default: 64 MiB. */
  maxQueueBytes?: number | undefined;
  /**
   * What happens when the queue is full, even without the messages that have expired. Default:
   * `"dropOldest"`.
   */
  overflow?: OverflowPolicy | undefined;
  /** Called when the queue is no longer empty, and when the subscriber is disconnected. Must not throw. */
  onReady?: (() => void) | undefined;
  /** Transport of the subscriber, such as `"tcp"`. Default: `"memory"`. */
  transport?: string | undefined;
  /** Name of the subscriber within its transport. Default: empty. */
  name?: string | undefined;
}

/** A subscriber. It has one queue for all its topics and patterns. */
export class Subscription {
  /** Topics of its subscriptions. */
  readonly topics: TextSet = new TextSet();
  /** Patterns of its subscriptions. */
  readonly patterns: TextSet = new TextSet();
  /** Transport of the subscriber. */
  readonly transport: string;
  /** Name of the subscriber within its transport. */
  readonly name: string;
  readonly #maxQueueLength: number;
  readonly #maxQueueBytes: number;
  readonly #overflow: OverflowPolicy;
  readonly #onReady: () => void;
  readonly #queue = new Deque<Delivery>();
  #bytes = 0;
  /** Nothing in the queue expires before this time, in milliseconds of the store's clock. */
  #nextExpiryMs = Infinity;
  #delivered = 0;
  #dropped = 0;
  #losses: LossReports | undefined;
  #isDisconnected = false;
  #quota: QueueQuota | undefined;

  constructor(options: SubscriptionQueueOptions = {}) {
    const { maxQueueLength = DEFAULT_MAX_QUEUE_LENGTH, maxQueueBytes = DEFAULT_MAX_QUEUE_BYTES } =
      options;
    this.#maxQueueLength = checkLimit("maxQueueLength", maxQueueLength);
    this.#maxQueueBytes = checkLimit("maxQueueBytes", maxQueueBytes);
    this.#overflow = options.overflow ?? "dropOldest";
    this.#onReady = options.onReady ?? (() => {});
    this.transport = options.transport ?? "memory";
    this.name = options.name ?? "";
  }

  /** Entries in its queue. */
  get length(): number {
    return this.#queue.length;
  }

  /** Bytes in its queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Time of delivery of the oldest entry, in milliseconds of the store's clock. */
  get oldestAtMs(): number | undefined {
    return this.#queue.first?.atMs;
  }

  /** Entries added to its queue so far. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Entries dropped because its queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True after it was disconnected: its queue stays empty. */
  get isDisconnected(): boolean {
    return this.#isDisconnected;
  }

  /** Removes and returns at most `limit` entries, the oldest first; after `maxBytes` no further one. */
  take(limit: number = Infinity, maxBytes: number = Infinity): Delivery[] {
    const taken: Delivery[] = [];
    let bytes = 0;
    while (taken.length < limit && this.length > 0 && bytes < maxBytes) {
      const delivery = this.shift()!;
      bytes += delivery.bytes;
      taken.push(delivery);
    }
    return taken;
  }

  /** Removes and returns the oldest entry. */
  shift(): Delivery | undefined {
    const delivery = this.#queue.shift();
    if (delivery === undefined) return undefined;
    this.#bytes -= delivery.bytes;
    this.#quota?.remove(this, delivery);
    return delivery;
  }

  /** Counts the queue in a quota from now on, until `leaveQuota`. */
  joinQuota(quota: QueueQuota): void {
    if (this.#quota !== undefined) return;
    this.#quota = quota;
    for (const delivery of this.#queue.values()) quota.add(this, delivery);
  }

  /** Ends that. */
  leaveQuota(): void {
    for (const delivery of this.#queue.values()) this.#quota?.remove(this, delivery);
    this.#quota = undefined;
  }

  /** Drops the oldest entry, or disconnects: the queues of all subscribers together are full. */
  dropForRoom(): number {
    const count = this.#overflow === "disconnect" ? this.#disconnect() : 1;
    if (!this.#isDisconnected) this.shift();
    this.#countDropped(count);
    if (this.#isDisconnected) this.#onReady();
    return count;
  }

  #disconnect(): number {
    this.#isDisconnected = true;
    return this.take().length;
  }

  /** Adds an entry to the queue; returns the number of entries dropped for it. */
  push(delivery: Delivery): number {
    if (this.#isDisconnected) return 0;
    const wasEmpty = this.length === 0;
    this.#queue.push(delivery);
    this.#quota?.add(this, delivery);
    this.#bytes += delivery.bytes;
    this.#delivered++;
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryOf(delivery));
    if (this.#isOverfull) this.#removeExpired(delivery.atMs);
    const dropped = this.#isOverfull ? this.#applyOverflow() : 0;
    if (dropped > 0) this.#countDropped(dropped);
    if (wasEmpty || this.#isDisconnected) this.#onReady();
    return dropped;
  }

  #countDropped(count: number): void {
    this.#dropped += count;
    if (this.#isDisconnected) return warnOfDisconnection(this.name, this.transport, count);
    this.#losses ??= lossWarnings(this.name, this.transport);
    this.#losses.update(this.#dropped);
  }

  /** Reports the losses that were not reported yet: the subscriber has ended. */
  finish(): void {
    this.#losses?.finish(this.#dropped);
  }

  get #isOverfull(): boolean {
    if (this.length > this.#maxQueueLength) return true;
    return this.#bytes > this.#maxQueueBytes && this.length > 1;
  }

  /** What has expired makes room first. It does not count as dropped: it is no longer in the topic. */
  #removeExpired(nowMs: number): void {
    if (this.#nextExpiryMs > nowMs) return;
    const quota = this.#quota;
    this.leaveQuota();
    this.#queue.filter((delivery) => expiryOf(delivery) > nowMs);
    if (quota !== undefined) this.joinQuota(quota);
    this.#bytes = 0;
    this.#nextExpiryMs = Infinity;
    for (const delivery of this.#queue.values()) {
      this.#bytes += delivery.bytes;
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryOf(delivery));
    }
  }

  #applyOverflow(): number {
    if (this.#overflow === "disconnect") return this.#disconnect();
    let dropped = 0;
    for (; this.#isOverfull; dropped++) this.shift();
    return dropped;
  }
}

function expiryOf(delivery: Delivery): number {
  return delivery.kind === "stored" ? delivery.message.expiresAtMs : Infinity;
}
