/**
 * The bytes that a store uses, and their limit.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { StoreFullError } from "./errors.ts";
import { HeldBytes } from "./held_bytes.ts";

/** Approximate bytes of an entry besides its text, from the first entry on. */
export const ENTRY_BYTES = 200;
/**
 * Further bytes that the engine uses for an entry: objects, and places in maps. They count from
 * `FREE_ENTRIES` entries on, so that a small limit is exact in what its user sees.
 */
const ENGINE_BYTES = 300;
/** Entries whose `ENGINE_BYTES` do not count. */
const FREE_ENTRIES = 128;

/** What something costs. */
export interface Cost {
  /** Bytes of its texts, with `ENTRY_BYTES` for each entry that a user has stored. */
  readonly bytes: number;
  /** Entries that the engine keeps for it. */
  readonly entries: number;
}

/** The sum of costs. */
class Total {
  #bytes = 0;
  #entries = 0;

  add(bytes: number, entries: number): void {
    this.#bytes += bytes;
    this.#entries += entries;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Bytes in all, with something more. */
  with(bytes: number, entries: number): number {
    return this.#bytes + bytes +
      ENGINE_BYTES * Math.max(0, this.#entries + entries - FREE_ENTRIES);
  }
}

/** The memory quota of a store. */
export class MemoryQuota {
  /** What is in use. */
  readonly #all = new Total();
  /** What eviction does not free: all but messages and the names of their topics. */
  readonly #kept = new Total();
  /** Limit of the bytes in use; `Infinity`: none. */
  maxBytes: number;
  /** What was removed and replies may still have. */
  readonly held: HeldBytes = new HeldBytes(() => this.maxBytes);
  /** Removes the message that was stored first. */
  readonly #evictOldest: () => void;

  constructor(maxBytes: number, evictOldest: () => void) {
    this.maxBytes = maxBytes;
    this.#evictOldest = evictOldest;
  }

  /** True if there is a limit. */
  get isBounded(): boolean {
    return this.maxBytes !== Infinity;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#all.with(0, 0);
  }

  /** Entries that the engine keeps. */
  get entries(): number {
    return this.#all.entries;
  }

  /** True if there is room without eviction. */
  hasRoom(bytes: number, entries: number): boolean {
    return this.#all.with(bytes, entries) <= this.maxBytes;
  }

  /**
   * Evicts the oldest messages until there is room.
   *
   * @param needed what is needed now: evicting may change it
   * @param most what is needed when nothing is left to evict
   * @throws {StoreFullError} if there is not enough room without any message; then nothing is evicted
   */
  makeRoom(needed: () => Cost, most: Cost): void {
    if (this.#fits(needed())) return;
    this.#checkFit(most);
    do this.#evictOldest(); while (!this.#fits(needed()));
  }

  #fits({ bytes, entries }: Cost): boolean {
    return this.hasRoom(bytes, entries);
  }

  #checkFit({ bytes, entries }: Cost): void {
    if (this.#kept.with(bytes, entries) <= this.maxBytes) return;
    if (bytes > this.maxBytes) {
      throw new StoreFullError(
        `cannot store ${pluralize(bytes, "byte")}: maxBytes is ${this.maxBytes}`,
      );
    }
    const kept = this.#kept.with(0, 0);
    throw new StoreFullError(
      `cannot store ${pluralize(bytes, "byte")}: ${kept} of maxBytes ${this.maxBytes} are in ` +
        `use, none ` +
        "of them by messages; delete keys, or raise maxBytes",
    );
  }

  /**
   * Makes room for what eviction does not free.
   *
   * @throws {StoreFullError} if there is not enough room without any message; then nothing is evicted
   */
  reserve(bytes: number, entries: number): void {
    const cost = { bytes, entries };
    this.makeRoom(() => cost, cost);
  }

  /** Charges what eviction does not free, after `reserve`; releases it if the numbers are less than 0. */
  charge(bytes: number, entries: number): void {
    this.#all.add(bytes, entries);
    this.#kept.add(bytes, entries);
  }

  /** Charges what eviction frees, after `makeRoom`; releases it if the numbers are less than 0. */
  chargeEvictable(bytes: number, entries: number): void {
    this.#all.add(bytes, entries);
    if (bytes < 0) this.held.countRemoved(-bytes);
  }
}
