/**
 * The pause of all clients: commands wait until it ends.
 *
 * @module
 */

/** A pause, which ends at a time. */
export class Pause {
  #untilMs = 0;
  #isOfWrites = false;
  readonly #waiting = new Set<() => void>();

  /** Begins a pause, or makes it longer. */
  begin(untilMs: number, isOfWrites: boolean): void {
    this.#untilMs = Math.max(untilMs, this.#untilMs);
    this.#isOfWrites = isOfWrites;
  }

  /** Milliseconds that a command has to wait; 0: none. */
  remainingMs(nowMs: number, isWrite: boolean): number {
    if (this.#untilMs <= nowMs) return 0;
    return this.#isOfWrites && !isWrite ? 0 : this.#untilMs - nowMs;
  }

  /** True if there may be a pause. */
  get isOn(): boolean {
    return this.#untilMs > 0;
  }

  /** Calls `go` when the pause is ended before its time. Returns a function that takes that back. */
  onEnd(go: () => void): () => void {
    this.#waiting.add(go);
    return () => void this.#waiting.delete(go);
  }

  /** Ends it. */
  end(): void {
    this.#untilMs = 0;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }
}
