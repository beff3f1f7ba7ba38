/**
 * A list that stays sorted.
 *
 * @module
 */

/** Most items of a chunk, which is divided when it has more. */
const MAX_CHUNK = 512;

/**
 * Items in an order. No two items are equal in it. They lie in chunks, so that a change moves few of them
 * however many there are.
 */
export class SortedList<T> {
  /** None is empty. */
  readonly #chunks: T[][] = [];
  readonly #compare: (a: T, b: T) => number;
  #length = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#length;
  }

  /** The first item. */
  get first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Inserts an item. */
  add(item: T): void {
    this.#length++;
    if (this.#chunks.length === 0) return void this.#chunks.push([item]);
    const index = Math.min(this.#chunkOf(item), this.#chunks.length - 1);
    const chunk = this.#chunks[index];
    chunk.splice(this.#indexIn(chunk, item), 0, item);
    if (chunk.length > MAX_CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(MAX_CHUNK / 2));
  }

  /** Removes an item. False if it is not in the list. */
  remove(item: T): boolean {
    const chunkIndex = this.#chunkOf(item);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return false;
    const index = this.#indexIn(chunk, item);
    if (this.#compare(chunk[index], item) !== 0) return false;
    this.#length--;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1);
    return true;
  }

  /** The items, first to last. */
  *values(): Generator<T, undefined> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** The items, last to first. */
  *reversed(): Generator<T, undefined> {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i];
      for (let j = chunk.length - 1; j >= 0; j--) yield chunk[j];
    }
  }

  /** Index of the first chunk that does not end before an item. */
  #chunkOf(item: T): number {
    return lowerBound(
      this.#chunks.length,
      (index) => this.#compare(this.#chunks[index].at(-1)!, item) < 0,
    );
  }

  /** Index of the first item of a chunk that is not before an item. */
  #indexIn(chunk: readonly T[], item: T): number {
    return lowerBound(chunk.length, (index) => this.#compare(chunk[index], item) < 0);
  }
}

/** The first index below `length` for which `isBefore` is false, as it is for all behind it. */
function lowerBound(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
