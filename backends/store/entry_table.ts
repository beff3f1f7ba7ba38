/**
 * A table of entries by byte string that keeps their order. It also chooses one at random, and is read in
 * parts with a cursor while others change it.
 *
 * @module
 */

import { textHash } from "../../lib/base/text_hash.ts";

/** Removed places at which the table begins to look whether it should close the gaps. */
const MIN_GAPS = 16;

/** An entry of a table. Its places belong to the table. */
export interface TableEntry {
  /** What identifies it in its table. */
  readonly key: string;
  /** Place among the entries that were added. It never changes, and none has it again. */
  order: number;
  /** Index in the array of places. */
  place: number;
  /** The next one whose key has the same hash. */
  next: TableEntry | undefined;
}

/** One part of a table. */
export interface ScanPart<T> {
  readonly entries: readonly T[];
  /** Where the next part begins; 0 after the last one. */
  readonly cursor: number;
}

/** The entries by key. */
export class EntryTable<T extends TableEntry> {
  /** The first entry by the hash of its key. The others follow it. */
  readonly #byHash = new Map<number, T>();
  /** The entries in their order, with gaps where some were removed. */
  #places: (T | undefined)[] = [];
  #added = 0;
  #size = 0;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** The entry with a key, or undefined. */
  get(key: string): T | undefined {
    let entry = this.#byHash.get(textHash(key));
    while (entry !== undefined && entry.key !== key) entry = entry.next as T | undefined;
    return entry;
  }

  /** True if a key has an entry. */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Adds an entry whose key has none. */
  add(entry: T): void {
    entry.order = ++this.#added;
    entry.place = this.#places.length;
    this.#places.push(entry);
    const hash = textHash(entry.key);
    entry.next = this.#byHash.get(hash);
    this.#byHash.set(hash, entry);
    this.#size++;
  }

  /** Removes the entry of a key; undefined if it has none. */
  delete(key: string): T | undefined {
    const entry = this.get(key);
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    this.#places[entry.place] = undefined;
    this.#size--;
    this.#closeGaps();
    return entry;
  }

  #unlink(entry: T): void {
    const hash = textHash(entry.key);
    let former = this.#byHash.get(hash)!;
    if (former !== entry) {
      while (former.next !== entry) former = former.next as T;
      former.next = entry.next;
    } else if (entry.next === undefined) this.#byHash.delete(hash);
    else this.#byHash.set(hash, entry.next as T);
    entry.next = undefined;
  }

  #closeGaps(): void {
    const gaps = this.#places.length - this.size;
    if (gaps < MIN_GAPS || gaps <= this.size) return;
    this.#places = this.#places.filter((entry) => entry !== undefined);
    for (const [place, entry] of this.#places.entries()) entry!.place = place;
  }

  /** The entries, in the order in which they were added. Others may be added and removed in between. */
  *values(): Generator<T, void, void> {
    let places = this.#places;
    for (let place = 0, order = 0; place < places.length; place++) {
      const entry = places[place];
      if (entry === undefined) continue;
      order = entry.order;
      yield entry;
      if (places === this.#places) continue;
      places = this.#places;
      place = this.#placeOf(order + 1) - 1;
    }
  }

  /** Removes all. */
  clear(): void {
    this.#byHash.clear();
    this.#places = [];
    this.#size = 0;
  }

  /** One of the entries, all with the same chance. There must be one. */
  random(): T {
    for (;;) {
      const entry = this.#places[Math.floor(Math.random() * this.#places.length)];
      if (entry !== undefined) return entry;
    }
  }

  /**
   * The next part of the table. An entry that is there from the first part to the last one is in one of
   * them, whatever is added and removed in between.
   *
   * @param cursor 0, or what the part before had
   * @param count most entries that it has
   */
  scan(cursor: number, count: number): ScanPart<T> {
    const entries: T[] = [];
    let place = this.#afterGaps(this.#placeOf(cursor));
    for (
      ;
      place < this.#places.length && entries.length < count;
      place = this.#afterGaps(place + 1)
    ) {
      entries.push(this.#places[place]!);
    }
    return { entries, cursor: this.#places[place]?.order ?? 0 };
  }

  /** The first place from one on that is no gap. */
  #afterGaps(place: number): number {
    while (place < this.#places.length && this.#places[place] === undefined) place++;
    return place;
  }

  /** The first place whose entry has at least an order, by halving the places in between. */
  #placeOf(order: number): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.#afterGaps(middle);
      if (found >= high || this.#places[found]!.order >= order) high = middle;
      else low = found + 1;
    }
    return low;
  }
}
