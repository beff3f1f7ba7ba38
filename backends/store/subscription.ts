/**
 * A subscriber and its queue, which whoever serves it drains.
 *
 * @module
 */

import { Deque } from "../../lib/base/deque.ts";
import { checkLimit, DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_LENGTH } from "./limits.ts";
import type { StoredMessage } from "./stored_message.ts";
import type { Value } from "./value.ts";

/** A message that was stored in a topic. */
export interface StoredDelivery {
  readonly kind: "stored";
  readonly topic: string;
  /** The pattern that it came through. */
  readonly pattern?: string;
  readonly message: StoredMessage;
  /** When it was handed out, in milliseconds of the store's clock. */
  readonly atMs: number;
  readonly bytes: number;
}

/** Something that was published to a channel. */
export interface PublishedDelivery {
  readonly kind: "published";
  /** The channel. */
  readonly topic: string;
  /** The pattern that it came through. */
  readonly pattern?: string;
  readonly value: Value;
  /** When it was published, in milliseconds of the store's clock. */
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * An entry of a queue. All subscribers to one topic, and all to one pattern, get the same object: what a
 * front makes of it can be made once (`WeakMap`).
 */
export type Delivery = StoredDelivery | PublishedDelivery;

/** What happens when a subscriber's queue is full: the oldest entries go and are counted, or it is cut off. */
export type OverflowPolicy = "dropOldest" | "disconnect";

/** Options of a subscriber. */
export interface SubscriptionQueueOptions {
  /** Most entries in its queue; 10,000 when left out. */
  maxQueueLength?: number;
  /** Most bytes in its queue; 64 MiB when left out. A single entry may be larger. */
  maxQueueBytes?: number;
  /** What happens when the queue is full; `"dropOldest"` when left out. */
  overflow?: OverflowPolicy;
  /** Called when the queue is no longer empty, and when the subscriber was cut off. Must not throw. */
  onReady?: () => void;
  /** By which front it subscribes, such as `"tcp"`; `"memory"` when left out. */
  transport?: string;
  /** How it is told from the others of its front; nothing when left out. */
  name?: string;
}

/** Somebody who subscribes, with one queue whatever it subscribes to. */
export class Subscription {
  /** Topics that it subscribes to. */
  readonly topics: Set<string> = new Set();
  /** Patterns that it subscribes to. */
  readonly patterns: Set<string> = new Set();
  /** By which front it subscribes. */
  readonly transport: string;
  /** How it is told from the others of its front. */
  readonly name: string;
  readonly #maxQueueLength: number;
  readonly #maxQueueBytes: number;
  readonly #overflow: OverflowPolicy;
  readonly #onReady: () => void;
  readonly #queue = new Deque<Delivery>();
  #bytes = 0;
  #delivered = 0;
  #dropped = 0;
  #isDisconnected = false;

  constructor(options: SubscriptionQueueOptions = {}) {
    this.#maxQueueLength = checkLimit(
      "maxQueueLength",
      options.maxQueueLength,
      DEFAULT_MAX_QUEUE_LENGTH,
    );
    this.#maxQueueBytes = checkLimit(
      "maxQueueBytes",
      options.maxQueueBytes,
      DEFAULT_MAX_QUEUE_BYTES,
    );
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

  /** When its oldest entry was handed out, in milliseconds of the store's clock. */
  get oldestAtMs(): number | undefined {
    return this.#queue.first?.atMs;
  }

  /** Entries that were put into its queue. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Entries it lost because its queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True once it was cut off: its queue is empty and stays so. */
  get isDisconnected(): boolean {
    return this.#isDisconnected;
  }

  /** Takes entries out of the queue, the oldest first, at most `limit`. */
  take(limit: number = Infinity): Delivery[] {
    return Array.from({ length: Math.min(limit, this.length) }, () => this.shift()!);
  }

  /** Takes the oldest entry out of the queue. */
  shift(): Delivery | undefined {
    const delivery = this.#queue.shift();
    this.#bytes -= delivery?.bytes ?? 0;
    return delivery;
  }

  /** Puts an entry into the queue; the number of entries that were lost for it. */
  push(delivery: Delivery): number {
    if (this.#isDisconnected) return 0;
    const wasEmpty = this.length === 0;
    this.#queue.push(delivery);
    this.#bytes += delivery.bytes;
    this.#delivered++;
    const dropped = this.#isOverfull ? this.#applyOverflow() : 0;
    this.#dropped += dropped;
    if (wasEmpty || this.#isDisconnected) this.#onReady();
    return dropped;
  }

  get #isOverfull(): boolean {
    if (this.length > this.#maxQueueLength) return true;
    return this.#bytes > this.#maxQueueBytes && this.length > 1;
  }

  #applyOverflow(): number {
    if (this.#overflow === "disconnect") {
      this.#isDisconnected = true;
      return this.take().length;
    }
    let dropped = 0;
    for (; this.#isOverfull; dropped++) this.shift();
    return dropped;
  }
}
