/**
 * A list that stays sorted.
 *
 * @module
 */

/** Items in an order. No two items are equal in it. */
export class SortedList<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#items.length;
  }

  /** The item at an index. */
  at(index: number): T | undefined {
    return this.#items[index];
  }

  /** Inserts an item. */
  add(item: T): void {
    this.#items.splice(this.#insertionIndex(item), 0, item);
  }

  /** Removes an item. False if it is not in the list. */
  remove(item: T): boolean {
    const index = this.#insertionIndex(item);
    if (index === this.#items.length || this.#compare(this.#items[index], item) !== 0) return false;
    this.#items.splice(index, 1);
    return true;
  }

  /** The items, first to last. */
  values(): ArrayIterator<T> {
    return this.#items.values();
  }

  /** The items, last to first. */
  *reversed(): Generator<T> {
    for (let i = this.#items.length - 1; i >= 0; i--) yield this.#items[i];
  }

  #insertionIndex(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle], item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
