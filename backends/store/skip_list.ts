/**
 * Entries in the order of their scores. Those with the same score have the order of their keys. Search,
 * insertion, removal and rank take a time by the logarithm of their number.
 *
 * Each node has some levels, a quarter as often one more. On each level it refers to the next node that has
 * this level, and tells how many nodes further that is.
 *
 * @module
 */

import type { TableEntry } from "./entry_table.ts";

const MAX_LEVELS = 32;
/** Chance of one more level. */
const LEVEL_CHANCE = 0.25;

/** An entry with a score. The list changes the score of none that is in it. */
export class ScoredEntry implements TableEntry {
  order = 0;
  place = 0;
  /** The next node on each level; the list alone uses it. */
  readonly next: (ScoredEntry | undefined)[] = [];
  /** Distances to these nodes; to the end where there is none. */
  readonly distances: number[] = [];

  constructor(readonly key: string, public score: number) {}
}

/** Tells whether an entry comes before some place. It must be true up to that place, and false from there on. */
export type IsBefore = (entry: ScoredEntry) => boolean;

/** True if an entry comes before another one. */
function precedes(one: ScoredEntry, other: ScoredEntry): boolean {
  return one.score < other.score || one.score === other.score && one.key < other.key;
}

/** The list. */
export class SkipList {
  /** Before all entries, with as many levels as are in use. */
  readonly #head = new ScoredEntry("", -Infinity);
  #size = 0;
  /** The last node before a place on each level, and its rank: what a search has found. */
  readonly #path: ScoredEntry[] = [];
  readonly #ranks: number[] = [];

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Fills the path to the place of an entry. */
  #search(entry: ScoredEntry): void {
    let node = this.#head;
    let rank = 0;
    for (let level = this.#head.next.length - 1; level >= 0; level--) {
      for (
        let next = node.next[level];
        next !== undefined && precedes(next, entry);
        next = node.next[level]
      ) {
        rank += node.distances[level];
        node = next;
      }
      this.#path[level] = node;
      this.#ranks[level] = rank;
    }
  }

  /** Adds an entry that is not in it. */
  add(entry: ScoredEntry): void {
    this.#search(entry);
    const levels = randomLevels();
    while (this.#head.next.length < levels) this.#addLevel();
    const rank = this.#ranks[0];
    for (let level = 0; level < levels; level++) {
      const before = this.#path[level];
      const distance = rank - this.#ranks[level];
      entry.next[level] = before.next[level];
      entry.distances[level] = before.distances[level] - distance;
      before.next[level] = entry;
      before.distances[level] = distance + 1;
    }
    for (let level = levels; level < this.#head.next.length; level++) {
      this.#path[level].distances[level]++;
    }
    this.#size++;
  }

  #addLevel(): void {
    const level = this.#head.next.length;
    this.#head.next.push(undefined);
    this.#head.distances.push(this.#size);
    this.#path[level] = this.#head;
    this.#ranks[level] = 0;
  }

  /** Removes an entry that is in it. */
  remove(entry: ScoredEntry): void {
    this.#search(entry);
    for (let level = 0; level < this.#head.next.length; level++) {
      const before = this.#path[level];
      if (before.next[level] === entry) {
        before.next[level] = entry.next[level];
        before.distances[level] += entry.distances[level] - 1;
      } else before.distances[level]--;
    }
    entry.next.length = entry.distances.length = 0;
    this.#size--;
  }

  /** Number of entries before an entry that is in it. */
  rankOf(entry: ScoredEntry): number {
    return this.countBefore((other) => precedes(other, entry));
  }

  /** Number of entries before a place. */
  countBefore(isBefore: IsBefore): number {
    let node = this.#head;
    let rank = 0;
    for (let level = this.#head.next.length - 1; level >= 0; level--) {
      for (
        let next = node.next[level];
        next !== undefined && isBefore(next);
        next = node.next[level]
      ) {
        rank += node.distances[level];
        node = next;
      }
    }
    return rank;
  }

  /** The entry at a rank, or undefined. */
  at(rank: number): ScoredEntry | undefined {
    let node: ScoredEntry = this.#head;
    let left = rank + 1;
    for (let level = this.#head.next.length - 1; level >= 0; level--) {
      while (node.next[level] !== undefined && node.distances[level] <= left) {
        left -= node.distances[level];
        node = node.next[level]!;
      }
    }
    return left === 0 && node !== this.#head ? node : undefined;
  }

  /** The entries from one rank up to another one, which is not among them. */
  slice(start: number, end: number): ScoredEntry[] {
    const entries: ScoredEntry[] = [];
    let entry = start < end ? this.at(start) : undefined;
    for (let rank = start; rank < end && entry !== undefined; rank++) {
      entries.push(entry);
      entry = entry.next[0];
    }
    return entries;
  }
}

function randomLevels(): number {
  let levels = 1;
  while (levels < MAX_LEVELS && Math.random() < LEVEL_CHANCE) levels++;
  return levels;
}
