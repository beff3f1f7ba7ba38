/**
 * A table of entries by byte string that keeps their order. It also chooses one at random, and is read in
 * parts with a cursor while others change it.
 *
 * @module
 */

import { mapKey } from "../../lib/base/text_map.ts";

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
}

/** One part of a table. */
export interface ScanPart<T> {
  readonly entries: readonly T[];
  /** Where the next part begins; 0 after the last one. */
  readonly cursor: number;
}

/** The entries by key. */
export class EntryTable<T extends TableEntry> {
  readonly #byKey = new Map<string, T>();
  /** The entries in their order, with gaps where some were removed. */
  #places: (T | undefined)[] = [];
  #added = 0;

  /** Number of entries. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The entry with a key, or undefined. */
  get(key: string): T | undefined {
    return this.#byKey.get(mapKey(key));
  }

  /** True if a key has an entry. */
  has(key: string): boolean {
    return this.#byKey.has(mapKey(key));
  }

  /** Adds an entry whose key has none. */
  add(entry: T): void {
    entry.order = ++this.#added;
    entry.place = this.#places.length;
    this.#places.push(entry);
    this.#byKey.set(mapKey(entry.key), entry);
  }

  /** Removes the entry of a key; undefined if it has none. */
  delete(key: string): T | undefined {
    const id = mapKey(key);
    const entry = this.#byKey.get(id);
    if (entry === undefined) return undefined;
    this.#byKey.delete(id);
    this.#places[entry.place] = undefined;
    this.#closeGaps();
    return entry;
  }

  #closeGaps(): void {
    const gaps = this.#places.length - this.size;
    if (gaps < MIN_GAPS || gaps <= this.size) return;
    this.#places = this.#places.filter((entry) => entry !== undefined);
    for (const [place, entry] of this.#places.entries()) entry!.place = place;
  }

  /** The entries, in the order in which they were added. */
  values(): MapIterator<T> {
    return this.#byKey.values();
  }

  /** Removes all. */
  clear(): void {
    this.#byKey.clear();
    this.#places = [];
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
