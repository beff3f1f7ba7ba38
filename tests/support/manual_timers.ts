/**
 * Timers of the runtime that a test advances by hand.
 *
 * @module
 */

/** Longest delay that the runtime's `setTimeout` keeps; it runs longer ones at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

interface Timer {
  readonly id: number;
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/** Replaces `setTimeout` and `clearTimeout` until it is disposed of. */
export class ManualTimers implements Disposable {
  /** Requested delays, in order. */
  readonly delays: number[] = [];
  readonly #setTimeout = globalThis.setTimeout;
  readonly #clearTimeout = globalThis.clearTimeout;
  #timers: Timer[] = [];
  #nowMs = 0;
  #lastId = 0;

  constructor() {
    globalThis.setTimeout = ((callback: () => void, delayMs = 0): number => {
      this.delays.push(delayMs);
      const dueAtMs = this.#nowMs + (delayMs > MAX_DELAY_MS ? 0 : delayMs);
      this.#timers.push({ id: ++this.#lastId, dueAtMs, callback });
      return this.#lastId;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = (id?: unknown) => {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
  }

  /** Timers that neither ran nor were cleared. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass, and runs the timers that become due, in their order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.filter(({ dueAtMs }) => dueAtMs <= endMs)
        .toSorted((one, other) => one.dueAtMs - other.dueAtMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = due.dueAtMs;
      due.callback();
    }
    this.#nowMs = endMs;
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
    globalThis.clearTimeout = this.#clearTimeout;
  }
}

/** Runs the callbacks of promises that are settled. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
