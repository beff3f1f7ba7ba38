/**
 * The sockets of one event loop that wait: all look when somebody rings, and now and then although
 * nobody did, which bounds what a lost wake-up costs.
 *
 * @module
 */

import type { Listener } from "../segment/memory.ts";

/** Milliseconds between two looks that nobody rang for. */
const RECHECK_MS = 100;

/** A set of waiting sockets; while it has members the event loop stays alive. */
export class Listeners {
  readonly #members = new Set<Listener>();
  #recheck: ReturnType<typeof setInterval> | undefined;

  /** Adds a socket that waits. */
  add(listener: Listener): void {
    this.#members.add(listener);
    this.#recheck ??= setInterval(() => this.look(true), RECHECK_MS);
  }

  /** Removes it; with the last one the event loop is free to end. */
  remove(listener: Listener): void {
    this.#members.delete(listener);
    if (this.#members.size === 0) this.close();
  }

  /** Lets all look. */
  look(isRecheck: boolean): void {
    for (const listener of [...this.#members]) listener.look(isRecheck);
  }

  /** Ends the looks that nobody rang for. */
  close(): void {
    clearInterval(this.#recheck);
    this.#recheck = undefined;
  }
}
