/** What a page of benchmark results shows: figures and words, nothing about how it looks. */

/** The median of several runs, and what lies around it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a figure counts. */
export type Unit = "ns" | "messages/s" | "calls/s" | "share of clean";

/** Who was measured. */
export interface Series {
  readonly name: string;
  readonly isOurs: boolean;
  readonly value: Spread;
  /** The value as a multiple of what the reference gave in the same run. */
  readonly ratio?: Spread;
  /** Latencies in nanoseconds at the first of the `SHARES`, as far as the samples go. */
  readonly latenciesNs?: readonly number[];
  /** What a reader has to know about this one. */
  readonly footnote?: string;
}

/** Someone who could have been measured and was not. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** One kind of work, and how everyone did it. */
export interface Chart {
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  /** Whom the ratios are against; it is one of the series. */
  readonly reference: string;
  readonly series: readonly Series[];
  readonly absent: readonly Absent[];
}

/** A table without a picture. */
export interface Listing {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Everything on one page. */
export interface Report {
  readonly title: string;
  readonly summary: string;
  readonly date: Date;
  readonly warning?: string;
  /** The machine and the versions, as names and values. */
  readonly facts: readonly (readonly [string, string])[];
  readonly charts: readonly Chart[];
  readonly listings: readonly Listing[];
}

const STEPS = 30;
const STEPS_TO_A_TENTH = 10;

/**
 * The shares of all samples that lie at or below a point of a distribution, from the fastest sample on.
 * They grow denser towards 1, where latencies differ: ten steps leave a tenth of the samples above.
 */
export const SHARES: readonly number[] = [
  ...Array.from({ length: STEPS + 1 }, (_, step) => 1 - 10 ** (-step / STEPS_TO_A_TENTH)),
  0.5,
].sort((a, b) => a - b);
