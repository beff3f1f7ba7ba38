/**
 * The bytes in the queues of all subscribers of a store that are clients of servers. When they exceed their
 * share of `maxBytes`, the entries that have waited longest are dropped: those of slow subscribers.
 *
 * @module
 */

import { Deque } from "../../lib/base/deque.ts";
import { StoreFullError } from "./errors.ts";
import { textBytes } from "./text.ts";
import { shareOf } from "./transit_quota.ts";

/** Records in excess at which those of entries that were taken are removed in bulk. */
const MAX_STALE_RECORDS = 1024;

/** Bytes of a subscription besides its name: a set, and places in three maps. */
const SUBSCRIPTION_BYTES = 600;

/** Bytes of a place in a queue, and of its record here. Both grow by doubling. */
const PLACE_BYTES = 40;

/** Responses that wait for entries use at most this part of the limit. */
const STREAM_SHARE = 1 / 2;

/** An entry of a queue. */
export interface CountedEntry {
  readonly bytes: number;
}

/** A queue that the quota counts. */
export interface CountedQueue {
  /** Entries in it. */
  readonly length: number;
  /** Drops its oldest entry, or all of them; returns their number. */
  dropForRoom(): number;
}

/** The quota of the queues of a store. An entry that several queues share counts once. */
export class QueueQuota {
  readonly #maxBytes: () => number;
  readonly #queuesOf = new Map<CountedEntry, number>();
  /** The queue of each entry that was added, in their order. Some entries were taken since. */
  #order = new Deque<CountedQueue>();
  /** Entries that were taken and are still in `#order`; in each queue the first ones. */
  readonly #taken = new Map<CountedQueue, number>();
  #takenCount = 0;
  #used = 0;
  /** Bytes of responses that wait for entries. */
  #streamed = 0;

  /** @param maxBytes the limit of the store */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /**
   * Counts the subscription of a client.
   *
   * @throws {StoreFullError} if there is no room for it
   */
  addSubscription(name: string): void {
    const bytes = subscriptionBytes(name);
    const limit = shareOf(this.#maxBytes());
    if (this.#used + bytes > limit) {
      throw new StoreFullError(
        `cannot subscribe: the subscriptions and queues of all clients use ${this.#used} of ${limit} ` +
          "bytes; end subscriptions, or raise maxBytes",
      );
    }
    this.#used += bytes;
  }

  /** Counts a response that waits for entries; returns what ends that, or undefined if there is no room. */
  reserveStream(bytes: number): (() => void) | undefined {
    const limit = shareOf(this.#maxBytes());
    if (this.#streamed + bytes > limit * STREAM_SHARE || this.#used + bytes > limit) {
      return undefined;
    }
    this.#addStreamed(bytes);
    return () => this.#addStreamed(-bytes);
  }

  #addStreamed(bytes: number): void {
    this.#streamed += bytes;
    this.#used += bytes;
  }

  /** Counts the end of one. */
  removeSubscription(name: string): void {
    this.#used -= subscriptionBytes(name);
  }

  /** Counts an entry that was added to a queue. */
  add(queue: CountedQueue, delivery: CountedEntry): void {
    const queues = this.#queuesOf.get(delivery) ?? 0;
    this.#used += PLACE_BYTES + (queues === 0 ? delivery.bytes : 0);
    this.#queuesOf.set(delivery, queues + 1);
    this.#order.push(queue);
  }

  /** Counts an entry that was taken from a queue. */
  remove(queue: CountedQueue, delivery: CountedEntry): void {
    const queues = this.#queuesOf.get(delivery)! - 1;
    this.#used -= PLACE_BYTES;
    if (queues > 0) this.#queuesOf.set(delivery, queues);
    else {
      this.#queuesOf.delete(delivery);
      this.#used -= delivery.bytes;
    }
    this.#taken.set(queue, (this.#taken.get(queue) ?? 0) + 1);
    if (++this.#takenCount > MAX_STALE_RECORDS && this.#takenCount * 2 > this.#order.length) {
      this.#compact();
    }
  }

  #compact(): void {
    this.#order.filter((queue) => !this.#wasTaken(queue));
  }

  /** True for the record of an entry that was taken, which is then forgotten. */
  #wasTaken(queue: CountedQueue): boolean {
    const taken = this.#taken.get(queue);
    if (taken === undefined) return false;
    if (taken > 1) this.#taken.set(queue, taken - 1);
    else this.#taken.delete(queue);
    this.#takenCount--;
    return true;
  }

  /** Drops the entries that were added first until the others fit; returns their number. */
  makeRoom(): number {
    const limit = shareOf(this.#maxBytes());
    let dropped = 0;
    while (this.#used > limit) {
      const queue = this.#order.first;
      if (queue === undefined) break;
      if (this.#takenCount > 0 && this.#wasTaken(queue)) this.#order.shift();
      else dropped += queue.dropForRoom();
    }
    return dropped;
  }
}

function subscriptionBytes(name: string): number {
  return textBytes(name) + SUBSCRIPTION_BYTES;
}
