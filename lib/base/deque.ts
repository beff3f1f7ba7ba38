/**
 * A queue in memory.
 *
 * @module
 */

/** Items in their order. `Array.shift` would move all the others. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  /** Items in it. */
  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The one that `shift` would take out. */
  get first(): T | undefined {
    return this.#items[this.#start];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out. */
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

  /** Takes all out. */
  drain(): T[] {
    const all = this.#items.slice(this.#start) as T[];
    this.#items = [];
    this.#start = 0;
    return all;
  }
}
