/**
 * Sleeping until one of several bells rings.
 *
 * @module
 */

import type { Bell } from "../base/shared_memory.ts";
import { platform } from "../platform/mod.ts";

/**
 * Milliseconds of a sleep on one bell, where a thread waits for several that no call of the system can wait for
 * together.
 */
const SLICE_MS = 5;

/** The bells of the sockets that a thread waits for. */
export class Bells {
  readonly #fifos: readonly Bell[];
  readonly #words: readonly Bell[];
  #rings: number[] = [];

  constructor(bells: ReadonlySet<Bell>) {
    this.#fifos = [...bells].filter(({ fifo }) => fifo !== undefined);
    this.#words = [...bells].filter(({ fifo }) => fifo === undefined);
  }

  /** True if a bell has rung since the last call. From now on a ring ends the next sleep. */
  listen(): boolean {
    const rings = this.#words.map((bell) => bell.rings());
    const hasRung = rings.some((count, at) => count !== this.#rings[at]);
    this.#rings = rings;
    return this.#fifos.map((bell) => bell.silence()).some((isRung) => isRung) || hasRung;
  }

  /** Sleeps until a bell has rung since `listen`. May return early. */
  sleep(timeoutMs: number): void {
    if (this.#words.length === 0 && this.#fifos.length > 0) return void this.#awaitFifos(timeoutMs);
    if (this.#fifos.length === 0 && this.#words.length <= 1) return this.#awaitWord(timeoutMs);
    const end = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = end - performance.now()) {
      if (this.#sleepBriefly(Math.min(leftMs, SLICE_MS))) return;
    }
  }

  /** True if a bell rang. */
  #sleepBriefly(timeoutMs: number): boolean {
    if (this.#fifos.length === 0) this.#awaitWord(timeoutMs);
    else if (this.#awaitFifos(timeoutMs)) return true;
    return this.#words.some((bell, at) => bell.rings() !== this.#rings[at]);
  }

  #awaitWord(timeoutMs: number): void {
    if (this.#words.length > 0) this.#words[0].sleep(this.#rings[0], timeoutMs);
    else Atomics.wait(NEVER, 0, 0, timeoutMs);
  }

  #awaitFifos(timeoutMs: number): boolean {
    return platform().awaitRing(this.#fifos.map(({ fifo }) => fifo!), timeoutMs);
  }
}

/** A word that nobody changes. */
const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
