/**
 * The bytes of what is on its way into a store and out of it: unfinished requests, and replies that clients
 * have not read. They count apart from what is stored, so that nothing is evicted for a request that may
 * never be complete.
 *
 * @module
 */

/** The share of `maxBytes` that is added for what is on its way. */
const SHARE = 1 / 4;
/** Smallest limit: with less, no request of ordinary size would get through. */
const MIN_LIMIT_BYTES = 4 * 2 ** 20;

/** The limit of a share of `maxBytes`. */
export function shareOf(maxBytes: number): number {
  return maxBytes === Infinity ? Infinity : Math.max(maxBytes * SHARE, MIN_LIMIT_BYTES);
}

/** The quota of what is on its way. */
export class TransitQuota {
  #used = 0;
  readonly #maxBytes: () => number;
  /** Bytes that were released and are garbage that the engine does not report, until a collection. */
  hiddenGarbageBytes = 0;

  /** @param maxBytes the limit of the store */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** Most bytes at once; `Infinity`: no limit. */
  get maxBytes(): number {
    return shareOf(this.#maxBytes());
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** True if nothing should be added that can wait. */
  get isFull(): boolean {
    return this.#used >= this.maxBytes;
  }

  /** True if there is room for more bytes. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.maxBytes;
  }

  /**
   * The same for a reply with one value, which cannot be asked for in parts: it may be larger than the limit
   * while less than half of that is in use.
   */
  hasRoomForValue(bytes: number): boolean {
    return this.hasRoom(bytes) || this.#used <= this.maxBytes / 2;
  }

  /** Reserves bytes; false if there is no room. */
  reserve(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** Adds bytes that are there already, or releases them with a number less than 0. */
  add(bytes: number): void {
    this.#used += bytes;
  }
}
