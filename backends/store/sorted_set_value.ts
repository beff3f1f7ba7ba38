/**
 * A sorted set: members, each once, in the order of their scores.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { EntryTable } from "./entry_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { type IsBefore, RankedList, ScoredEntry } from "./ranked_list.ts";

/** Most members of a sorted set in the packed form of Redis, and most bytes of one in it. */
const MAX_PACKED_MEMBERS = 128;
const MAX_PACKED_BYTES = 64;
/** Bytes of a score, and of the places of its entry. */
const SCORE_BYTES = 32;

/** The members of a key with their scores. */
export class SortedSetValue implements Collection {
  bytes = 0;
  readonly members: EntryTable<ScoredEntry> = new EntryTable();
  readonly #order = new RankedList();

  /** Number of members. */
  get size(): number {
    return this.members.size;
  }

  get entries(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get encoding(): string {
    const isSmall = this.size <= MAX_PACKED_MEMBERS &&
      this.members.values().every(({ key }) => key.length <= MAX_PACKED_BYTES);
    return isSmall ? "listpack" : "skiplist";
  }

  clone(): this {
    const copy = new SortedSetValue();
    for (const { key, score } of this.members.values()) copy.set(key, score);
    return copy as this;
  }

  /** The score of a member, or undefined. */
  score(member: string): number | undefined {
    return this.members.get(member)?.score;
  }

  /** Sets the score of a member, which is added if there is none; true if it is new. -0 becomes 0. */
  set(member: string, value: number): boolean {
    const score = value + 0;
    let entry = this.members.get(member);
    const isNew = entry === undefined;
    if (entry === undefined) {
      entry = new ScoredEntry(member, score);
      this.members.add(entry);
      this.bytes += member.length + SCORE_BYTES + ENTRY_BYTES;
    } else {
      this.#order.remove(entry);
      entry.score = score;
    }
    this.#order.add(entry);
    return isNew;
  }

  /** Removes a member; false if there was none. */
  delete(member: string): boolean {
    const entry = this.members.delete(member);
    if (entry === undefined) return false;
    this.#order.remove(entry);
    this.bytes -= member.length + SCORE_BYTES + ENTRY_BYTES;
    return true;
  }

  /** How many members come before this one; undefined if it is none. */
  rank(member: string): number | undefined {
    const entry = this.members.get(member);
    return entry && this.#order.rankOf(entry);
  }

  /** Number of members before a place. */
  countBefore(isBefore: IsBefore): number {
    return this.#order.countBefore(isBefore);
  }

  /** The members from one rank up to another one, which is not among them. */
  slice(start: number, end: number): ScoredEntry[] {
    return this.#order.slice(start, end);
  }
}
