/**
 * The time of a journal, on which the expiry of its entries depends. It begins with the wall clock when
 * the journal is created. From then on it follows the machine's uptime, so that no change of the wall
 * clock lets entries expire early or late. All members share it through the root.
 *
 * @module
 */

import { platform } from "../platform/mod.ts";
import { bootHash } from "../segment/journal_contents.ts";
import * as layout from "../segment/journal_layout.ts";

/** A time that never decreases. */
export class JournalClock {
  readonly #read: () => number;
  #reading: number;
  #nowMs: number;

  /**
   * @param read milliseconds from any beginning; steps back are taken for no time at all
   * @param nowMs the time now, in milliseconds of the Unix epoch
   */
  constructor(read: () => number, nowMs: number) {
    this.#read = read;
    this.#reading = read();
    this.#nowMs = nowMs;
  }

  /** Milliseconds of the Unix epoch, by this clock. */
  now(): number {
    const reading = this.#read();
    this.#nowMs += Math.max(0, reading - this.#reading);
    this.#reading = reading;
    return Math.floor(this.#nowMs);
  }

  /** Another member has appended a record at a time: it is at least that late. */
  observe(timeMs: number): void {
    if (timeMs > this.now()) this.#nowMs = timeMs;
  }
}

/** True if the machine was started since a member last set the clock. */
export function isOfOtherBoot(root: Int32Array): boolean {
  const boot = bootIn(root);
  return boot !== 0 && boot !== bootHash();
}

/** The start of the machine at which the clock was set; 0 if it was not. */
function bootIn(root: Int32Array): number {
  return Atomics.load(root, layout.ROOT_BOOT >>> 2);
}

/**
 * The clock that the members of a journal share.
 *
 * @param lastMs time of the last record
 */
export function sharedClock(root: Int32Array, lastMs: number): JournalClock {
  const read = () => platform().uptimeMs();
  const uptimeMs = read();
  const clock = new Float64Array(root.buffer, layout.ROOT_CLOCK, 1);
  const isSet = bootIn(root) === bootHash() && Number.isFinite(clock[0]);
  if (!isSet) {
    clock[0] = Math.max(Date.now(), lastMs) - uptimeMs;
    Atomics.store(root, layout.ROOT_BOOT >>> 2, bootHash());
  }
  return new JournalClock(read, Math.max(clock[0] + uptimeMs, lastMs));
}
