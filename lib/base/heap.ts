/**
 * A binary heap: the item that comes first is at its front.
 *
 * @module
 */

/** Items of which the first one by `compare` is taken first. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number, items: Iterable<T> = []) {
    this.#compare = compare;
    for (const item of items) this.push(item);
  }

  get length(): number {
    return this.#items.length;
  }

  /** All items, in no order. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** The first item; undefined if there is none. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item. */
  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(item, items[parent]) >= 0) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  /** Removes and returns the first item; undefined if there is none. */
  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (this.#items.length > 0) this.#sink(last!);
    return first;
  }

  /** Puts an item in the place of the first one. */
  #sink(item: T): void {
    const items = this.#items;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < items.length && this.#compare(items[right], items[child]) < 0) child = right;
      if (this.#compare(items[child], item) >= 0) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = item;
  }
}
