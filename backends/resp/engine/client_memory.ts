/**
 * The bytes that clients keep in a server besides values: the commands between `MULTI` and `EXEC`, and the
 * names of keys that they watch or wait for. They count as what is on its way.
 *
 * @module
 */

import type { TransitQuota } from "../../store/transit_quota.ts";

/** Bytes that do not count: the memory of a client's objects is of this size, too. */
const FREE_BYTES = 4096;
/** Approximate bytes of a word besides its characters. */
const WORD_BYTES = 40;
/** Approximate bytes of a name in a table, besides its characters. */
const NAME_BYTES = 400;

/** Approximate bytes of a command that is kept. */
export function commandBytes(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length + WORD_BYTES, WORD_BYTES);
}

/** Approximate bytes of names that are kept in tables. */
export function nameBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + name.length + NAME_BYTES, 0);
}

/** What one client keeps for a purpose. */
export class ClientMemory {
  readonly #quota: TransitQuota;
  #used = 0;

  constructor(quota: TransitQuota) {
    this.#quota = quota;
  }

  /** Counts bytes, until `release`; false if there is no room for them. */
  reserve(bytes: number): boolean {
    const added = countedOf(this.#used + bytes) - countedOf(this.#used);
    if (added > 0 && !this.#quota.reserve(added)) return false;
    this.#used += bytes;
    return true;
  }

  /** Releases all bytes. */
  release(): void {
    this.#quota.add(-countedOf(this.#used));
    this.#used = 0;
  }
}

function countedOf(bytes: number): number {
  return Math.max(0, bytes - FREE_BYTES);
}
