/** Medians, percentiles and spreads. */
import { SHARES, type Spread } from "../../plots/report.ts";

/** The nearest-rank percentile of ascending values; `share` in 0..1. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) throw new RangeError("no values to take a percentile of");
  const rank = Math.ceil(share * ascending.length);
  return ascending[Math.max(0, rank - 1)];
}

/** The mean of the two middle values when their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values to take a median of");
  const ascending = values.toSorted((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Each detail's median over the runs, but the worst of the maxima. */
export function medianDetail(details: readonly Record<string, number>[]): Record<string, number> {
  return Object.fromEntries(
    Object.keys(details[0] ?? {}).map((key) => {
      const values = details.map((detail) => detail[key]);
      return [key, key === "max" ? Math.max(...values) : median(values)];
    }),
  );
}

/** The latency at each of the `SHARES`: what is kept of however many samples. */
export function latencyCurve(ascending: Float64Array): number[] {
  return SHARES.map((share) => percentile(ascending, share));
}

/** The median of several curves at each share. */
export function medianCurve(curves: readonly (readonly number[])[]): number[] {
  return SHARES.map((_, at) => median(curves.map((curve) => curve[at])));
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
