/**
 * Which consumers of this process the others know of: a consumer that waits appends no records by itself.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";

/** How often a consumer that waits shows the other processes that it is there. */
const SHOW_MS = 8000;

/** When each consumer of this process has last shown itself. */
export class ShownConsumers {
  readonly #shownMs = new TextMap<number>();

  /** Whether the other processes know that a consumer asks for messages. */
  has(consumer: string, nowMs: number): boolean {
    return nowMs - (this.#shownMs.get(consumer) ?? -Infinity) < SHOW_MS;
  }

  /** A consumer has appended a record. Forgets those that have ended. */
  add(consumer: string, nowMs: number): void {
    // The latest come last.
    this.#shownMs.delete(consumer);
    this.#shownMs.set(consumer, nowMs);
    for (const [other, shownMs] of this.#shownMs) {
      if (nowMs - shownMs < SHOW_MS) return;
      this.#shownMs.delete(other);
    }
  }
}
