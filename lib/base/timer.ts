/**
 * Timers of any length. `setTimeout` runs at once when its delay is longer than 24 days.
 *
 * @module
 */

/** Longest delay of `setTimeout`, in milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls `onEnd` once after `delayMs`, which may be `Infinity`. Returns a function that stops the timer. */
export function startTimer(delayMs: number, onEnd: () => void): () => void {
  if (delayMs === Infinity) return () => {};
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

/** As `startTimer`, at most for 24 days, with a timer that does not keep the process alive. */
export function startIdleTimer(delayMs: number, onEnd: () => void): () => void {
  const timer = setTimeout(onEnd, Math.min(delayMs, MAX_TIMER_MS));
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
}

/**
 * Calls `onTick` again and again, as long as something else keeps the process alive. Returns a function that
 * stops it.
 *
 * A timer of the runtime would do the same. But the first timer of a process loads a module of Node, which
 * costs 4 MiB and 5 ms: too much for a program that only sends.
 */
export function startIdleInterval(intervalMs: number, onTick: () => void): () => void {
  const stopped = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const run = async () => {
    while (stopped[0] === 0) {
      await Atomics.waitAsync(stopped, 0, 0, intervalMs).value;
      if (stopped[0] === 0) onTick();
    }
  };
  void run();
  return () => {
    Atomics.store(stopped, 0, 1);
    Atomics.notify(stopped, 0);
  };
}

/** Waits for `work`, and calls `onTimeout` once if that takes longer than `timeoutMs`. */
export async function withTimer<T>(
  work: Promise<T>,
  timeoutMs: number,
  onTimeout: () => void,
): Promise<T> {
  const stopTimer = startTimer(timeoutMs, onTimeout);
  try {
    return await work;
  } finally {
    stopTimer();
  }
}

/** The result of `work`. Rejects with `timeoutError()` if that takes longer than `timeoutMs`. */
export async function withDeadline<T>(
  work: Promise<T>,
  timeoutMs: number,
  timeoutError: () => Error,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  return await withTimer(Promise.race([work, late]), timeoutMs, () => reject(timeoutError()));
}
