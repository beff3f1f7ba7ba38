/**
 * The waiting sockets of one event loop. All poll when the doorbell rings, and also at intervals, which
 * bounds the cost of a lost wake-up.
 *
 * @module
 */

import type { Waiter } from "../base/shared_memory.ts";

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
