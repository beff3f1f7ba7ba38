/**
 * For how long a busy machine had no processor for the processes of a session.
 *
 * @module
 */

import { delayedMsOf } from "../support/stopwatch.ts";
import { now } from "./clock.ts";

const INTERVAL_MS = 100;

interface Sample {
  readonly atMs: number;
  /** All delays until then, of all processes together. */
  readonly delayedMs: number;
}

/** Notes the delays of processes until it is disposed. */
export class Delays implements Disposable {
  readonly #pids: () => Iterable<number>;
  readonly #byPid = new Map<number, number>();
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /** Starts to note them; `pids` names the processes that run. */
  constructor(pids: () => Iterable<number>) {
    this.#pids = pids;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS);
  }

  /** How long something that took some time takes at least, where all that are ready have a processor. */
  leastOf(ms: number): number {
    this.#sample();
    return leastOf(ms, this.#samples);
  }

  #sample(): void {
    // What a process had until its end stays in the sum.
    for (const pid of this.#pids()) {
      this.#byPid.set(pid, Math.max(this.#byPid.get(pid) ?? 0, delayedMsOf(pid)));
    }
    const delayedMs = this.#byPid.values().reduce((sum, each) => sum + each, 0);
    this.#samples.push({ atMs: now(), delayedMs });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** The time without the longest delays that there were in any time as long, and between the samples around it. */
export function leastOf(ms: number, samples: readonly Sample[]): number {
  let longestMs = 0;
  let from = 0;
  for (const [at, { atMs, delayedMs }] of samples.entries()) {
    while (from < at && atMs - samples[from + 1].atMs >= ms + 2 * INTERVAL_MS) from++;
    longestMs = Math.max(longestMs, delayedMs - samples[from].delayedMs);
  }
  return Math.max(0, ms - longestMs);
}
