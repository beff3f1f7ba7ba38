/**
 * The bytes of messages that were removed from a store while replies were sent that may have them. They cannot
 * be more than what was removed since the oldest of these replies began.
 *
 * @module
 */

import { shareOf } from "./transit_quota.ts";

/** A reply that is being sent. */
interface Holder {
  /** What had been removed when it began. */
  readonly removedBefore: number;
  /** Ends it, so that it has nothing more. */
  cut(): void;
}

/** Ends the oldest replies when they may hold more than their share of `maxBytes`. */
export class HeldBytes {
  readonly #maxBytes: () => number;
  readonly #holders = new Set<Holder>();
  #removed = 0;
  /** What may have been removed before a reply has to end. */
  #limit = Infinity;

  /** @param maxBytes the limit of the store */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** Counts bytes of messages that were removed. */
  countRemoved(bytes: number): void {
    this.#removed += bytes;
    if (this.#removed > this.#limit) this.#cutOldest();
  }

  /**
   * Registers a reply that has messages.
   *
   * @param cut called at most once, when they are to be released
   * @returns what is to be called at the end of the reply
   */
  hold(cut: () => void): () => void {
    const holder = { removedBefore: this.#removed, cut };
    this.#holders.add(holder);
    this.#updateLimit();
    return () => {
      this.#holders.delete(holder);
      this.#updateLimit();
    };
  }

  #updateLimit(): void {
    const [oldest] = this.#holders;
    this.#limit = oldest === undefined
      ? Infinity
      : oldest.removedBefore + shareOf(this.#maxBytes());
  }

  #cutOldest(): void {
    while (this.#removed > this.#limit) {
      const [oldest] = this.#holders;
      this.#holders.delete(oldest);
      this.#updateLimit();
      oldest.cut();
    }
  }
}
