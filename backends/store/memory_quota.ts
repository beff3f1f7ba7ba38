/**
 * The bytes that a store uses, and their limit.
 *
 * @module
 */

import { StoreFullError } from "./errors.ts";

/** Approximate bytes of an entry besides its text. */
export const ENTRY_BYTES = 200;

/** The memory quota of a store. */
export class MemoryQuota {
  /** Bytes in use. */
  used = 0;
  /** Limit of the bytes in use; `Infinity`: none. */
  maxBytes: number;
  /** Removes the oldest message; false when there is none. */
  readonly #evictOldest: () => boolean;

  constructor(maxBytes: number, evictOldest: () => boolean) {
    this.maxBytes = maxBytes;
    this.#evictOldest = evictOldest;
  }

  /** Throws if `bytes` exceed the limit even when all messages are evicted. */
  check(bytes: number): void {
    if (bytes <= this.maxBytes) return;
    throw new StoreFullError(`cannot store ${bytes} bytes: maxBytes is ${this.maxBytes}`);
  }

  /** Reserves bytes, and evicts messages until there is enough space. */
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

  /** Releases bytes. */
  release(bytes: number): void {
    this.used -= bytes;
  }
}
