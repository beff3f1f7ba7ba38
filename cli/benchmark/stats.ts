/** Medians, percentiles and spreads. */
import { SHARES, type Spread } from "./charts/report.ts";

/** The nearest-rank percentile of ascending values. `share` is from 0 to 1. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) throw new RangeError("no values to take a percentile of");
  const rank = Math.ceil(share * ascending.length);
  return ascending[Math.max(0, rank - 1)];
}

/** The median: the mean of the two middle values if their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values to take a median of");
  const ascending = values.toSorted((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The median of each detail over the runs; of the maxima the largest. */
export function medianDetail(details: readonly Record<string, number>[]): Record<string, number> {
  return Object.fromEntries(
    Object.keys(details[0] ?? {}).map((key) => {
      const values = details.map((detail) => detail[key]);
      return [key, key === "max" ? Math.max(...values) : median(values)];
    }),
  );
}

/** Tolerance for rounding, when the share of samples above a point is compared with one sample. */
const ROUNDING = 1.001;

/**
 * The latency at each of the `SHARES`, as far as the samples suffice: a hundred samples do not show what
 * one in a thousand is like. Only this is kept, for any number of samples.
 */
export function latencyCurve(ascending: Float64Array): number[] {
  const known = SHARES.filter((share) => 1 / (1 - share) <= ascending.length * ROUNDING);
  return known.map((share) => percentile(ascending, share));
}

/** The median of several curves at each share that all of them have. */
export function medianCurve(curves: readonly (readonly number[])[]): number[] {
  const known = Math.min(...curves.map(({ length }) => length));
  return SHARES.slice(0, known).map((_, at) => median(curves.map((curve) => curve[at])));
}

export function summariseLatencies(ascending: Float64Array): Record<string, number> {
  return {
    min: ascending[0],
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
    "p99.9": percentile(ascending, 0.999),
    max: ascending[ascending.length - 1],
  };
}
