/**
 * The index of a table: places of entries by the hashes of their keys. It lies in one array of numbers, in
 * which a search reads neighbours: with many entries each other object that a search visits is a memory
 * access of its own, and takes longer than all the rest.
 *
 * @module
 */

import { HASH_BITS } from "../../lib/base/text_hash.ts";

/** A new index has room for `2 ** MIN_BITS` slots. */
const MIN_BITS = 4;
/** Most of the slots that are in use: three of four. A search then reads two or three of them. */
const USED = 3;
const OF = 4;

/** Places by hash. Several places may have one hash. */
export class PlaceIndex {
  /** In turns: a hash, and its place plus 1; with 0 the slot is free. */
  #slots: Int32Array;
  #bits: number;
  #size = 0;

  /** @param size places for which there is room before it grows */
  constructor(size = 0) {
    this.#bits = Math.max(MIN_BITS, Math.ceil(Math.log2((size * OF + 1) / USED)));
    this.#slots = new Int32Array(2 << this.#bits);
  }

  get #mask(): number {
    return (1 << this.#bits) - 1;
  }

  /** The slot at which the search for a hash begins. The order of slots is that of hashes. */
  #homeOf(hash: number): number {
    const dropped = HASH_BITS - this.#bits;
    return dropped >= 0 ? hash >>> dropped : hash << -dropped;
  }

  /** What is in the slot at which the search for a hash begins. */
  peek(hash: number): number {
    return this.#slots[2 * this.#homeOf(hash) + 1];
  }

  /** The first slot with a hash; -1 if there is none. */
  find(hash: number): number {
    return this.#search(hash, this.#homeOf(hash));
  }

  /** The next slot with the same hash; -1 if there is none. */
  findNext(slot: number): number {
    return this.#search(this.#slots[2 * slot], (slot + 1) & this.#mask);
  }

  #search(hash: number, from: number): number {
    const [slots, mask] = [this.#slots, this.#mask];
    for (let slot = from; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[2 * slot] === hash) return slot;
    }
    return -1;
  }

  /** The place in a slot that is in use. */
  placeAt(slot: number): number {
    return this.#slots[2 * slot + 1] - 1;
  }

  /** Adds a place. */
  add(hash: number, place: number): void {
    if (++this.#size * OF > USED << this.#bits) this.#grow();
    this.#put(hash, place);
  }

  #put(hash: number, place: number): void {
    const [slots, mask] = [this.#slots, this.#mask];
    let slot = this.#homeOf(hash);
    while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = place + 1;
  }

  #grow(): void {
    const former = this.#slots;
    this.#bits++;
    this.#slots = new Int32Array(2 * former.length);
    for (let at = 0; at < former.length; at += 2) {
      if (former[at + 1] !== 0) this.#put(former[at], former[at + 1] - 1);
    }
  }

  /** Frees a slot. Those after it move up, so that a search ends at the first free one. */
  remove(slot: number): void {
    const [slots, mask] = [this.#slots, this.#mask];
    let free = slot;
    for (let at = (slot + 1) & mask; slots[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = this.#homeOf(slots[2 * at]);
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      slots[2 * free] = slots[2 * at];
      slots[2 * free + 1] = slots[2 * at + 1];
      free = at;
    }
    slots[2 * free + 1] = 0;
    this.#size--;
  }

  /** An index with as much room as it needs, after all places have changed. */
  moved(newPlace: (place: number) => number): PlaceIndex {
    const index = new PlaceIndex(this.#size);
    for (let at = 0; at < this.#slots.length; at += 2) {
      if (this.#slots[at + 1] === 0) continue;
      index.add(this.#slots[at], newPlace(this.#slots[at + 1] - 1));
    }
    return index;
  }
}
