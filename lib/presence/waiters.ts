/**
 * The sockets of one event loop that wait: all look when somebody rings, and now and then although
 * nobody did, which bounds what a lost wake-up costs.
 *
 * @module
 */

import type { Waiter } from "../base/shared_memory.ts";

/** Milliseconds between two looks that nobody rang for. */
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

  /** Lets all look. */
  poll(isRecheck: boolean): void {
    for (const waiter of [...this.#waiters]) waiter.poll(isRecheck);
  }

  /** Ends the looks that nobody rang for. */
  close(): void {
    clearInterval(this.#recheck);
    this.#recheck = undefined;
  }
}
