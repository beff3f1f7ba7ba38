/**
 * The memory of the interpreter. It never shrinks, so an interpreter with much of it is replaced.
 *
 * @module
 */

import type { TransitQuota } from "../../store/transit_quota.ts";

const MIB = 2 ** 20;
/** Most memory of an interpreter besides what it has at first. */
const MAX_BYTES = 120 * MIB;
/** An interpreter with more is replaced after a run, and with a limit of the server one with a part of it. */
const MAX_KEPT_BYTES = 64 * MIB;
const MAX_KEPT_SHARE = 1 / 4;
/** What an interpreter uses of the memory that it has at first. */
const FIRST_BYTES = 2 * MIB;

/** What the interpreter of one server has reserved. It counts as what is on its way. */
export class ScriptMemory {
  readonly #transit: TransitQuota;
  #used = 0;

  constructor(transit: TransitQuota) {
    this.#transit = transit;
  }

  /** Reserves memory; false if there is none. */
  reserve(bytes: number): boolean {
    if (this.#used + bytes > MAX_BYTES || !this.#transit.reserve(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** True if the server has a limit. */
  get isBounded(): boolean {
    return this.#transit.maxBytes !== Infinity;
  }

  /** True if an interpreter with so much should not be kept. */
  get isLarge(): boolean {
    return this.#used > Math.min(MAX_KEPT_BYTES, this.#transit.maxBytes * MAX_KEPT_SHARE);
  }

  /** Releases what a former interpreter had. */
  release(): void {
    this.#transit.add(-this.#used);
    this.#transit.hiddenGarbageBytes += this.#used + FIRST_BYTES;
    this.#used = 0;
  }
}
