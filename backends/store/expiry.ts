/**
 * A heap of items with a time to live; the next one to expire is first.
 *
 * @module
 */

import { Heap } from "../../lib/base/heap.ts";

/** An item that may expire. */
export interface Expiring {
  /** Milliseconds of the store's clock; `Infinity`: never. */
  readonly expiresAtMs: number;
  /** True after it was removed from the store. */
  readonly isRemoved: boolean;
}

const byTime = (a: Expiring, b: Expiring) => a.expiresAtMs - b.expiresAtMs;

/** The items that will expire. Items that were removed before are skipped, and deleted in bulk. */
export class ExpiryHeap<T extends Expiring> {
  #heap = new Heap<T>(byTime);
  /** Removed items in the heap. */
  #removedCount = 0;

  /** Adds an item if it expires. */
  add(item: T): void {
    if (item.expiresAtMs !== Infinity) this.#heap.push(item);
  }

  /** Reports that an item was removed from the store. */
  markRemoved(item: T): void {
    if (item.expiresAtMs === Infinity) return;
    this.#removedCount++;
    if (this.#removedCount * 2 <= this.#heap.length) return;
    this.#heap = new Heap(byTime, this.#heap.items.filter((kept) => !kept.isRemoved));
    this.#removedCount = 0;
  }

  /** Items that will expire. */
  get length(): number {
    return this.#heap.length - this.#removedCount;
  }

  /** Time of the next expiry; `Infinity` if there is none. */
  get nextAtMs(): number {
    return this.#first()?.expiresAtMs ?? Infinity;
  }

  /** Removes and returns the next item that has expired. */
  popDue(nowMs: number): T | undefined {
    const next = this.#first();
    return next === undefined || next.expiresAtMs > nowMs ? undefined : this.#heap.pop();
  }

  /** The next item to expire. Pops the removed items before it. */
  #first(): T | undefined {
    let first = this.#heap.peek();
    for (; first?.isRemoved; first = this.#heap.peek()) {
      this.#heap.pop();
      this.#removedCount--;
    }
    return first;
  }

  clear(): void {
    this.#heap = new Heap<T>(byTime);
    this.#removedCount = 0;
  }
}
