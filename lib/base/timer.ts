/**
 * Timers of any length: those of the runtime end at 24 days.
 *
 * @module
 */

/** Longest delay of a timer of the runtime, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls `onEnd` once; the function it answers stops the timer. */
export function startTimer(delayMs: number, onEnd: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = (remainingMs: number) => {
    const chunkMs = Math.min(remainingMs, MAX_TIMER_MS);
    timer = setTimeout(
      () => chunkMs === remainingMs ? onEnd() : arm(remainingMs - chunkMs),
      chunkMs,
    );
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
