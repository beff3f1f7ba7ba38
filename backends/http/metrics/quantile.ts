/**
 * Quantiles of histograms.
 *
 * @module
 */

/** Counts by bucket. The last bucket has no upper bound. */
export interface Histogram {
  /** Upper bounds of all buckets but the last one, ascending. */
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

/**
 * An estimate of the value that a share of all values does not exceed: values lie evenly in their bucket. The
 * last bound if it lies beyond; null if there are no values.
 */
export function quantileOf({ bounds, buckets }: Histogram, share: number): number | null {
  const count = buckets.reduce((sum, values) => sum + values, 0);
  if (count === 0) return null;
  let left = share * count;
  for (const [i, upper] of bounds.entries()) {
    if (left <= buckets[i]) {
      const lower = bounds[i - 1] ?? 0;
      return lower + (upper - lower) * left / buckets[i];
    }
    left -= buckets[i];
  }
  return bounds.at(-1)!;
}

/** The shares that the dashboard shows. */
export const SHARES = [0.5, 0.9, 0.99, 0.999] as const;

/** Quantiles for `SHARES`, in milliseconds. */
export function percentilesMs(seconds: Histogram): (number | null)[] {
  return SHARES.map((share) => {
    const value = quantileOf(seconds, share);
    return value === null ? null : value * 1000;
  });
}
