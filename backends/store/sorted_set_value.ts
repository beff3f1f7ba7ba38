/**
 * A sorted set: members, each once, in the order of their scores.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { EntryTable } from "./entry_table.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";
import { compareEntries, type IsBefore, RankedList, ScoredEntry } from "./ranked_list.ts";

/** Most members of a sorted set in the packed form of Redis, and most bytes of one in it. */
const MAX_PACKED_MEMBERS = 128;
const MAX_PACKED_BYTES = 64;
/** Bytes of a score, and of the places of its entry. */
const SCORE_BYTES = 32;

/** A member with its score. */
export interface ScoredMember {
  readonly key: string;
  readonly score: number;
}

/** The members of a key with their scores. */
export class SortedSetValue implements Collection {
  /** Its tables count as one member more. */
  bytes = ENTRY_BYTES;
  readonly members: EntryTable<ScoredEntry> = new EntryTable();
  readonly #order = new RankedList();

  /** A sorted set of members that are all different: they are sorted once. */
  static from(members: Iterable<ScoredMember>): SortedSetValue {
    const entries = Array.from(members, ({ key, score }) => new ScoredEntry(key, score + 0));
    const set = new SortedSetValue();
    for (const entry of entries.sort(compareEntries)) set.#add(entry);
    return set;
  }

  /** Number of members. */
  get size(): number {
    return this.members.size;
  }

  get table(): EntryTable<ScoredEntry> {
    return this.members;
  }

  get entries(): number {
    return this.members.size + 1;
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
    return SortedSetValue.from(this.members.values()) as this;
  }

  /** The score of a member, or undefined. */
  score(member: string): number | undefined {
    return this.members.get(member)?.score;
  }

  /** Sets the score of a member, which is added if there is none; true if it is new. -0 becomes 0. */
  set(member: string, value: number): boolean {
    const score = value + 0;
    const entry = this.members.get(member);
    if (entry === undefined) {
      this.#add(new ScoredEntry(member, score));
      return true;
    }
    this.#order.remove(entry);
    entry.score = score;
    this.#order.add(entry);
    return false;
  }

  #add(entry: ScoredEntry): void {
    this.members.add(entry);
    this.#order.add(entry);
    this.bytes += entry.key.length + SCORE_BYTES + ENTRY_BYTES;
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
