/**
 * How many bytes the store holds, and room for more.
 *
 * @module
 */

import { StoreFullError } from "./errors.ts";

/** Bytes that an entry costs besides its text, about. */
export const ENTRY_BYTES = 200;

/** The bytes of a store, and the most that they may be. */
export class MemoryQuota {
  /** Bytes in use. */
  used = 0;
  /** The most; `Infinity` for no limit. */
  readonly maxBytes: number;
  /** Removes the oldest message; false when there is none. */
  readonly #evictOldest: () => boolean;

  constructor(maxBytes: number, evictOldest: () => boolean) {
    this.maxBytes = maxBytes;
    this.#evictOldest = evictOldest;
  }

  /** Throws if `bytes` could not be had whatever were evicted. */
  check(bytes: number): void {
    if (bytes <= this.maxBytes) return;
    throw new StoreFullError(`cannot store ${bytes} bytes: maxBytes is ${this.maxBytes}`);
  }

  /** Takes bytes, and evicts messages until there is room. */
  charge(bytes: number): void {
    this.check(bytes);
    while (this.used + bytes > this.maxBytes) {
      if (this.#evictOldest()) continue;
      throw new StoreFullError(
        `cannot store ${bytes} bytes: ${this.used} of maxBytes ${this.maxBytes} are in use, none ` +
          "of them by messages; delete keys, or raise maxBytes",
      );
    }
    this.used += bytes;
  }

  /** Gives bytes back. */
  release(bytes: number): void {
    this.used -= bytes;
  }
}
