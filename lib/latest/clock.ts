/**
 * The time on which values expire: that of the segment. It follows the machine's uptime, so that no change
 * of the wall clock lets values expire early or late.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import { type JournalClock, sharedClock } from "../journal/clock.ts";

/** Milliseconds for which the runtime's clock stands in for that of the machine. */
const TRUSTED_MS = 1000;

/** The clock of a segment. Reading it costs little, since it asks the system now and then only. */
export class LatestClock {
  readonly #attachment: Attachment;
  readonly #isLocal: boolean;
  #shared: JournalClock | undefined;
  #offsetMs = 0;
  #trustedUntilMs = -Infinity;

  constructor(attachment: Attachment, isLocal: boolean) {
    this.#attachment = attachment;
    this.#isLocal = isLocal;
  }

  /** Milliseconds of the Unix epoch. */
  now(): number {
    const reading = performance.now();
    if (reading >= this.#trustedUntilMs) this.#synchronize(reading);
    return reading + this.#offsetMs;
  }

  #synchronize(reading: number): void {
    this.#trustedUntilMs = reading + TRUSTED_MS;
    if (this.#isLocal) {
      this.#offsetMs = performance.timeOrigin;
      return;
    }
    this.#shared ??= sharedClock(this.#attachment.words, 0);
    this.#offsetMs = this.#shared.now() - reading;
  }
}
