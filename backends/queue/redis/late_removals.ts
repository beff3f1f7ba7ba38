/**
 * Copies of messages that could not be removed when the message was put into another partition, or was
 * deleted. The call had succeeded by then, so that it is no error of the call: it is tried again.
 *
 * @module
 */

import { reportFailure } from "../../../lib/base/after_commit.ts";

/** Copies that are remembered at most; the oldest are forgotten. */
const MAX_COPIES = 10_000;

/** A copy of a message. */
export interface Copy {
  readonly partition: number;
  readonly id: string;
  /** Microseconds since 1970: what was stored later is no copy, but a new message. */
  readonly storedBefore: string;
}

/** The copies that are still to be removed. */
export class LateRemovals {
  readonly #remove: (copy: Copy) => Promise<unknown>;
  readonly #copies = new Map<string, Copy>();

  constructor(remove: (copy: Copy) => Promise<unknown>) {
    this.#remove = remove;
  }

  /** Remembers a copy whose removal has failed. */
  add(copy: Copy, error: unknown): void {
    reportFailure("removal", `removing message ${copy.id} from partition ${copy.partition}`, error);
    this.#copies.set(`${copy.partition} ${copy.id}`, copy);
    const oldest = this.#copies.keys().next();
    if (this.#copies.size > MAX_COPIES && !oldest.done) this.#copies.delete(oldest.value);
  }

  /** Tries to remove all copies again. */
  async retry(): Promise<void> {
    await Promise.all([...this.#copies].map(([key, copy]) => this.#retryOne(key, copy)));
  }

  async #retryOne(key: string, copy: Copy): Promise<void> {
    try {
      await this.#remove(copy);
      if (this.#copies.get(key) === copy) this.#copies.delete(key);
    } catch {
      // It was reported, and stays for the next time.
    }
  }
}
