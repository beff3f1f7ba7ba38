/**
 * Things with a time to live, the next one to expire first.
 *
 * @module
 */

import TinyQueue from "tinyqueue";

/** Something that may expire. */
export interface Expiring {
  /** Milliseconds of the store's clock; `Infinity` for never. */
  readonly expiresAtMs: number;
  /** True once it was removed, for whatever reason. */
  readonly isRemoved: boolean;
}

const byTime = (a: Expiring, b: Expiring) => a.expiresAtMs - b.expiresAtMs;

/** Those that will expire. What was removed before its time is skipped, and cleared out in bulk. */
export class ExpiryHeap<T extends Expiring> {
  #heap = new TinyQueue<T>([], byTime);
  /** Those in the heap that are gone. */
  #removedCount = 0;

  /** Enters one, if it will expire at all. */
  add(item: T): void {
    if (item.expiresAtMs !== Infinity) this.#heap.push(item);
  }

  /** Tells that one is gone that might be here. */
  markRemoved(item: T): void {
    if (item.expiresAtMs === Infinity) return;
    this.#removedCount++;
    if (this.#removedCount * 2 <= this.#heap.length) return;
    this.#heap = new TinyQueue(this.#heap.data.filter((kept) => !kept.isRemoved), byTime);
    this.#removedCount = 0;
  }

  /** When the next one expires; `Infinity` if none will. */
  get nextAtMs(): number {
    return this.#first()?.expiresAtMs ?? Infinity;
  }

  /** Takes out the next one whose time has come. */
  popDue(nowMs: number): T | undefined {
    const next = this.#first();
    return next === undefined || next.expiresAtMs > nowMs ? undefined : this.#heap.pop();
  }

  /** The next one to expire, after those are out that are gone. */
  #first(): T | undefined {
    let first = this.#heap.peek();
    for (; first?.isRemoved; first = this.#heap.peek()) {
      this.#heap.pop();
      this.#removedCount--;
    }
    return first;
  }

  clear(): void {
    this.#heap = new TinyQueue<T>([], byTime);
    this.#removedCount = 0;
  }
}
