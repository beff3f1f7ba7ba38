/**
 * The waiting sockets of one event loop. All poll when the doorbell rings, and also at intervals, which
 * bounds the cost of a lost wake-up.
 *
 * Beside the doorbell of an isolate there are the bells of local channels: words in a memory that all channels of a
 * process share, so that one word wakes a thread which waits for sockets of many channels. The memory is made with
 * the first channel, and goes with the handles to the workers. Workers that create channels of their own use the one
 * that they got first. Each isolate has one word; two that have the same one by chance are woken together, which does
 * no harm.
 *
 * @module
 */

import type { Bell, Waiter } from "../base/shared_memory.ts";

/** Milliseconds between two polls without a ring. */
const RECHECK_MS = 100;

/** A set of waiting sockets; while it has members the event loop stays alive. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();
  #recheck: ReturnType<typeof setInterval> | undefined;

  /** Adds a socket that waits. */
  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#recheck ??= setInterval(() => this.poll(true), RECHECK_MS);
  }

  /** Removes it; with the last one the event loop is free to end. */
  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.close();
  }

  /** True if there are none. */
  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  /** Lets all waiters poll. */
  poll(isRecheck: boolean): void {
    for (const waiter of [...this.#waiters]) waiter.poll(isRecheck);
  }

  /** Ends the polls at intervals. */
  close(): void {
    if (this.#recheck !== undefined) clearInterval(this.#recheck);
    this.#recheck = undefined;
  }
}

/** Words of the memory, a power of two. */
const WORDS = 1024;
/** Where its random id is: two views of one memory are different objects. */
const ID = 0;

let own: Int32Array | undefined;
const bells = new Map<number, LocalBell>();
const number = 1 + crypto.getRandomValues(new Uint32Array(1))[0] % (WORDS - 1);

/** The memory for channels that this isolate creates. */
export function bellWords(): Int32Array {
  return own ??= newWords();
}

function newWords(): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  words[ID] = crypto.getRandomValues(new Int32Array(1))[0];
  return words;
}

/** The bell of this isolate in a memory that came with a handle. */
export function localBell(words: Int32Array | undefined): LocalBell {
  const known = own ??= words ?? newWords();
  const used = words ?? known;
  let bell = bells.get(used[ID]);
  if (bell === undefined) bells.set(used[ID], bell = new LocalBell(used));
  return bell;
}

/** Rings the bell with a number, which another isolate may have written. */
export function ringLocalBell(words: Int32Array | undefined, bell: number): void {
  const at = bell & (WORDS - 1);
  if (words === undefined || at === ID) return;
  Atomics.add(words, at, 1);
  Atomics.notify(words, at);
}

class LocalBell implements Bell {
  readonly number = number;
  readonly fifo = undefined;
  readonly #words: Int32Array;
  readonly #waiters = new Waiters();
  #isArmed = false;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  rings(): number {
    return Atomics.load(this.#words, number);
  }

  sleep(value: number, timeoutMs: number): void {
    Atomics.wait(this.#words, number, value, timeoutMs);
  }

  silence(): boolean {
    return false;
  }

  addWaiter(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#arm();
  }

  removeWaiter(waiter: Waiter): void {
    this.#waiters.remove(waiter);
  }

  /** A wait of the runtime cannot be ended: there is one at most. */
  #arm(): void {
    if (this.#isArmed) return;
    const wait = Atomics.waitAsync(this.#words, number, this.rings());
    if (!wait.async) return queueMicrotask(() => this.#ring());
    this.#isArmed = true;
    void wait.value.then(() => this.#ring());
  }

  #ring(): void {
    this.#isArmed = false;
    if (this.#waiters.isEmpty) return;
    this.#arm();
    this.#waiters.poll(false);
  }
}
