/**
 * How many messages were taken from channels whose consumers have a limit.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { Claimant } from "../store.ts";

interface Window {
  endMs: number;
  taken: number;
}

/** A window of time for each channel, which begins with the first message that is taken. */
export class RateWindows {
  readonly #windows = new TextMap<Window>();

  /** How many messages a consumer may take now. */
  room(channel: string, rate: Claimant["rate"], nowMs: number): number {
    if (rate === null) return Infinity;
    return Math.max(0, rate.max - (this.#current(channel, nowMs)?.taken ?? 0));
  }

  /** Counts messages that a consumer has taken. */
  take(channel: string, rate: Claimant["rate"], nowMs: number, count: number): void {
    if (rate === null || count === 0) return;
    const window = this.#current(channel, nowMs);
    if (window === undefined) {
      this.#windows.set(channel, { endMs: nowMs + rate.windowMs, taken: count });
    } else {
      window.taken += count;
    }
  }

  /** When the window of a channel ends. Undefined if there is none. */
  endMs(channel: string, nowMs: number): number | undefined {
    return this.#current(channel, nowMs)?.endMs;
  }

  #current(channel: string, nowMs: number): Window | undefined {
    const window = this.#windows.get(channel);
    return window !== undefined && nowMs < window.endMs ? window : undefined;
  }

  /** The windows by channel, and back. */
  export(): [string, Window][] {
    return [...this.#windows];
  }

  import(windows: readonly [string, Window][]): void {
    for (const [channel, window] of windows) this.#windows.set(channel, { ...window });
  }
}
