/**
 * A map whose values are kept for a time.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import { SortedList } from "./sorted_list.ts";

interface Item<T> {
  readonly key: string;
  readonly value: T;
  readonly untilMs: number;
  readonly order: number;
}

/** Values by key, each until its time. */
export class ExpiringMap<T> {
  readonly #items = new TextMap<Item<T>>();
  readonly #byTime = new SortedList<Item<T>>((a, b) => a.untilMs - b.untilMs || a.order - b.order);
  #order = 0;

  /** Sets the value of a key until a time. */
  set(key: string, value: T, untilMs: number): void {
    this.delete(key);
    const item = { key, value, untilMs, order: ++this.#order };
    this.#items.set(key, item);
    this.#byTime.add(item);
  }

  /** The value of a key, or undefined. */
  get(key: string): T | undefined {
    return this.#items.get(key)?.value;
  }

  /** Removes a key with its value. */
  delete(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    this.#byTime.remove(item);
  }

  /** When the next value is over. Undefined if there is none. */
  get nextEndMs(): number | undefined {
    return this.#byTime.first?.untilMs;
  }

  /** Removes what is over. */
  advance(nowMs: number): void {
    for (let next = this.#byTime.first; next !== undefined; next = this.#byTime.first) {
      if (next.untilMs > nowMs) return;
      this.delete(next.key);
    }
  }

  /** The keys with their values and times, in the order in which they end. */
  entries(): IteratorObject<[string, T, number]> {
    return this.#byTime.values().map(({ key, value, untilMs }) => [key, value, untilMs]);
  }
}
