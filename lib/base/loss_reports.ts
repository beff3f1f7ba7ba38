/**
 * Reports of losses that are not too many.
 *
 * @module
 */

/** Milliseconds between two reports of one loser. */
const INTERVAL_MS = 10_000;

/** Reports the first loss at once, and then at intervals all losses since the last report. */
export class LossReports {
  readonly #report: (count: number, total: number) => void;
  #reported = 0;
  #nextMs = 0;

  /** @param report gets the number of losses since the last report, and that of all */
  constructor(report: (count: number, total: number) => void) {
    this.#report = report;
  }

  /** Reports if it is time; `total` is the number of all losses. */
  update(total: number): void {
    if (total > this.#reported && performance.now() >= this.#nextMs) this.#send(total);
  }

  /** Counts losses as reported that are no news. */
  skip(total: number): void {
    this.#reported = total;
  }

  /** Reports what was not reported yet. */
  finish(total: number): void {
    if (total > this.#reported) this.#send(total);
  }

  #send(total: number): void {
    const count = total - this.#reported;
    this.#reported = total;
    this.#nextMs = performance.now() + INTERVAL_MS;
    this.#report(count, total);
  }
}
