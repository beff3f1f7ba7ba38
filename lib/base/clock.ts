/**
 * The clock for durations. It begins with the wall clock and then counts the time that passes, so that a
 * wall clock which is set moves no time to live and no lease.
 *
 * @module
 */

/** Kept, because a test may replace the global clocks. */
const startMs = performance.timeOrigin;
const elapsedMs = performance.now.bind(performance);

/**
 * Milliseconds of the Unix epoch, by the wall clock when this isolate began and the time since then. Never
 * goes back. Does not count while the machine sleeps.
 */
export function monotonicNow(): number {
  return startMs + elapsedMs();
}
