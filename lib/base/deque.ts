/**
 * A queue in memory.
 *
 * @module
 */

/** A queue whose `shift` takes constant time on average: `Array.shift` moves all other items. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  /** Number of items. */
  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The item that `shift` removes next. */
  get first(): T | undefined {
    return this.#items[this.#start];
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Removes and returns the first item, or returns undefined. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start++] = undefined;
    if (this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** Keeps only the items that meet a condition. */
  filter(condition: (item: T) => boolean): void {
    this.#items = (this.#items.slice(this.#start) as T[]).filter(condition);
    this.#start = 0;
  }

  /** The items, the first one first. */
  values(): IteratorObject<T> {
    return (this.#items.values() as IteratorObject<T>).drop(this.#start);
  }

  /** Removes and returns all items. */
  drain(): T[] {
    const all = this.#items.slice(this.#start) as T[];
    this.#items = [];
    this.#start = 0;
    return all;
  }
}
