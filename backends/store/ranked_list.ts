/**
 * Entries in the order of their scores, and those with the same score in that of their keys. They are kept
 * in chunks of up to 128 entries: a search halves the chunks, then one chunk. What is added or removed
 * moves the entries of its chunk only. Sums of the sizes of chunks tell ranks.
 *
 * @module
 */

import { PrefixSums } from "./prefix_sums.ts";
import type { TableEntry } from "./entry_table.ts";

/** A chunk with more entries becomes two. */
const MAX_CHUNK = 128;
/** A chunk with fewer entries becomes part of the one before it, if that stays well below the limit. */
const MIN_CHUNK = 16;

/** An entry with a score. The list changes the score of none that is in it. */
export class ScoredEntry implements TableEntry {
  order = 0;
  place = 0;

  constructor(readonly key: string, public score: number) {}
}

/** Tells whether an entry comes before some place. It must be true up to that place, and false from there on. */
export type IsBefore = (entry: ScoredEntry) => boolean;

/** Some entries, and their scores once more: these are compared without going to the entries. */
interface Chunk {
  readonly scores: number[];
  readonly entries: ScoredEntry[];
}

/** Less than 0 if an entry comes before another one. */
export function compareEntries(one: ScoredEntry, other: ScoredEntry): number {
  if (one.score !== other.score) return one.score - other.score;
  return one.key < other.key ? -1 : 1;
}

/** The list. */
export class RankedList {
  readonly #chunks: Chunk[] = [];
  /** The last score of each chunk: a search compares these without going to the chunks. */
  readonly #lastScores: number[] = [];
  #size = 0;
  /** The sizes of the chunks; undefined after their number has changed. */
  #sizes: PrefixSums | undefined;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** The chunk in which an entry is, or to which it belongs. There must be one. */
  #chunkOf(entry: ScoredEntry): number {
    let [low, high] = [0, this.#chunks.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#lastScores[middle];
      if (last < entry.score || last === entry.score && this.#endsBefore(middle, entry)) {
        low = middle + 1;
      } else high = middle;
    }
    return low;
  }

  #endsBefore(index: number, { key }: ScoredEntry): boolean {
    const { entries } = this.#chunks[index];
    return entries[entries.length - 1].key < key;
  }

  #setLastScore(index: number): void {
    const { scores } = this.#chunks[index];
    this.#lastScores[index] = scores[scores.length - 1];
  }

  /** Adds an entry that is not in it. */
  add(entry: ScoredEntry): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push({ scores: [], entries: [] });
      this.#sizes = undefined;
    }
    const index = this.#chunkOf(entry);
    const chunk = this.#chunks[index];
    const place = placeOf(chunk, entry);
    insert(chunk, place, entry);
    this.#size++;
    this.#sizes?.add(index, 1);
    this.#setLastScore(index);
    if (chunk.entries.length > MAX_CHUNK) this.#split(index);
  }

  #split(index: number): void {
    const { scores, entries } = this.#chunks[index];
    const half = entries.length >>> 1;
    const rest = { scores: scores.splice(half), entries: entries.splice(half) };
    this.#chunks.splice(index + 1, 0, rest);
    this.#lastScores.splice(index + 1, 0, this.#lastScores[index]);
    this.#setLastScore(index);
    this.#sizes = undefined;
  }

  /** Removes an entry that is in it. */
  remove(entry: ScoredEntry): void {
    const index = this.#chunkOf(entry);
    const chunk = this.#chunks[index];
    const place = placeOf(chunk, entry);
    removeAt(chunk, place);
    this.#size--;
    this.#sizes?.add(index, -1);
    if (chunk.entries.length > 0) this.#setLastScore(index);
    if (chunk.entries.length < MIN_CHUNK) this.#merge(index);
  }

  /** Appends a small chunk to the one before it, or removes it if it is empty. */
  #merge(index: number): void {
    const { scores, entries } = this.#chunks[index];
    const before = this.#chunks[index - 1];
    const fits = before !== undefined && before.entries.length < MAX_CHUNK / 2;
    if (entries.length > 0 && !fits) return;
    before?.scores.push(...scores);
    before?.entries.push(...entries);
    this.#chunks.splice(index, 1);
    this.#lastScores.splice(index, 1);
    if (entries.length > 0) this.#setLastScore(index - 1);
    this.#sizes = undefined;
  }

  get #ranks(): PrefixSums {
    return this.#sizes ??= new PrefixSums(this.#chunks.map(({ entries }) => entries.length));
  }

  /** Number of entries before an entry that is in it. */
  rankOf(entry: ScoredEntry): number {
    const index = this.#chunkOf(entry);
    return this.#ranks.before(index) + placeOf(this.#chunks[index], entry);
  }

  /** Number of entries before a place. */
  countBefore(isBefore: IsBefore): number {
    const index = firstFalse(this.#chunks.length, (i) => isBefore(this.#chunks[i].entries.at(-1)!));
    if (index === this.#chunks.length) return this.#size;
    const { entries } = this.#chunks[index];
    return this.#ranks.before(index) + firstFalse(entries.length, (i) => isBefore(entries[i]));
  }

  /** The entries from one rank up to another one, which is not among them. */
  slice(start: number, end: number): ScoredEntry[] {
    if (start >= end || start >= this.#size) return [];
    let { index, rest } = this.#ranks.find(start);
    const parts: ScoredEntry[][] = [];
    for (let left = end - start; left > 0 && index < this.#chunks.length; index++) {
      const part = this.#chunks[index].entries.slice(rest, rest + left);
      parts.push(part);
      left -= part.length;
      rest = 0;
    }
    return parts.length === 1 ? parts[0] : parts.flat();
  }
}

/** Inserts an entry. A loop over so few entries is faster than `splice`, which makes an array. */
function insert({ scores, entries }: Chunk, place: number, entry: ScoredEntry): void {
  scores.push(entry.score);
  entries.push(entry);
  for (let i = scores.length - 1; i > place; i--) scores[i] = scores[i - 1];
  for (let i = entries.length - 1; i > place; i--) entries[i] = entries[i - 1];
  scores[place] = entry.score;
  entries[place] = entry;
}

function removeAt({ scores, entries }: Chunk, place: number): void {
  for (let i = place + 1; i < scores.length; i++) scores[i - 1] = scores[i];
  for (let i = place + 1; i < entries.length; i++) entries[i - 1] = entries[i];
  scores.pop();
  entries.pop();
}

function isBeforeEntry({ scores, entries }: Chunk, place: number, entry: ScoredEntry): boolean {
  const score = scores[place];
  return score < entry.score || score === entry.score && entries[place].key < entry.key;
}

/** The place of an entry in its chunk. */
function placeOf(chunk: Chunk, entry: ScoredEntry): number {
  let [low, high] = [0, chunk.scores.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBeforeEntry(chunk, middle, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first number below `count` for which a condition is false; `count` if it is true for all. */
function firstFalse(count: number, condition: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
