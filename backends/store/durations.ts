/**
 * A histogram of durations, of fixed size.
 *
 * @module
 */

/** Upper bounds of the buckets of requests, in seconds. Most requests are in the first bucket. */
export const REQUEST_BOUNDS_SECONDS: readonly number[] = [
  0.000_1,
  0.000_25,
  0.000_5,
  0.001,
  0.002_5,
  0.005,
  0.01,
  0.05,
  0.1,
  0.5,
  1,
  5,
];

/** Upper bounds of the buckets of commands: most take a few microseconds. */
export const COMMAND_BOUNDS_SECONDS: readonly number[] = [
  0.000_002,
  0.000_005,
  0.000_01,
  0.000_02,
  0.000_05,
  ...REQUEST_BOUNDS_SECONDS,
];

/** How long something took, many times. */
export class Durations {
  /** Upper bounds of all buckets but the last one, in seconds, ascending. */
  readonly bounds: readonly number[];
  /** Durations by bucket. The last bucket has no upper bound. */
  readonly buckets: number[];
  /** Number of durations. */
  count = 0;
  /** Their sum. */
  seconds = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.buckets = Array(bounds.length + 1).fill(0);
  }

  /** Adds a duration. */
  record(seconds: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]) bucket++;
    this.buckets[bucket]++;
    this.count++;
    this.seconds += seconds;
  }

  /** Adds those of another histogram with the same bounds. */
  add({ buckets, count, seconds }: Durations): void {
    for (const [i, durations] of buckets.entries()) this.buckets[i] += durations;
    this.count += count;
    this.seconds += seconds;
  }
}
