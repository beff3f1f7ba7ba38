/**
 * A table of entries by byte string that keeps their order. It also chooses one at random, and is read in
 * parts with a cursor while others change it.
 *
 * @module
 */

import { textHash } from "../../lib/base/text_hash.ts";
import { PlaceIndex } from "./place_index.ts";

/** Removed places at which the table begins to look whether it should close the gaps. */
const MIN_GAPS = 16;
/** With so many places a table has no index: their entries are looked at one by one. */
const MAX_SMALL = 8;

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
  /** The places of the entries by the hashes of their keys; undefined in a small table. */
  #index: PlaceIndex | undefined;
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
    const index = this.#index;
    if (index === undefined) return this.#getSmall(key);
    for (let slot = index.find(textHash(key)); slot !== -1; slot = index.findNext(slot)) {
      const entry = this.#places[index.placeAt(slot)]!;
      if (entry.key === key) return entry;
    }
    return undefined;
  }

  #getSmall(key: string): T | undefined {
    for (const entry of this.#places) if (entry !== undefined && entry.key === key) return entry;
    return undefined;
  }

  /** Reads the memory in which the search for a hash begins. */
  slotOfHash(hash: number): number {
    return this.#index?.peek(hash) ?? 0;
  }

  /** The first entry whose key has a hash, in a table that is not small; undefined if there is none. */
  entryOfHash(hash: number): T | undefined {
    const slot = this.#index?.find(hash) ?? -1;
    return slot === -1 ? undefined : this.#places[this.#index!.placeAt(slot)];
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
    this.#size++;
    if (this.#index !== undefined) this.#index.add(textHash(entry.key), entry.place);
    else if (this.#places.length > MAX_SMALL) this.#addIndex();
  }

  #addIndex(): void {
    this.#index = new PlaceIndex(this.#size);
    for (const entry of this.#places) {
      if (entry !== undefined) this.#index.add(textHash(entry.key), entry.place);
    }
  }

  /** Removes the entry of a key; undefined if it has none. */
  delete(key: string): T | undefined {
    const entry = this.get(key);
    if (entry === undefined) return undefined;
    if (this.#index !== undefined) this.#index.remove(slotOf(this.#index, entry));
    this.#places[entry.place] = undefined;
    this.#size--;
    this.#closeGaps();
    return entry;
  }

  #closeGaps(): void {
    const gaps = this.#places.length - this.size;
    if (gaps < MIN_GAPS || gaps <= this.size) return;
    const former = this.#places;
    this.#places = former.filter((entry) => entry !== undefined);
    for (const [place, entry] of this.#places.entries()) entry!.place = place;
    const isSmall = this.#size <= MAX_SMALL;
    this.#index = isSmall ? undefined : this.#index?.moved((place) => former[place]!.place);
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
    this.#index = undefined;
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

/** The slot of an entry, which is in the index. */
function slotOf(index: PlaceIndex, { key, place }: TableEntry): number {
  let slot = index.find(textHash(key));
  while (index.placeAt(slot) !== place) slot = index.findNext(slot);
  return slot;
}
