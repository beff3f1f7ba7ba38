/** The content of a page of benchmark results: figures and texts, without their style. */

/** The median of several runs, and its spread. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a figure counts. */
export type Unit = "ns" | "messages/s" | "calls/s" | "share of clean";

/** The figures of one contestant. */
export interface Series {
  readonly name: string;
  readonly isOurs: boolean;
  readonly value: Spread;
  /** The value as a multiple of the value of the reference in the same run. */
  readonly ratio?: Spread | undefined;
  /** Latencies in nanoseconds at the first of the `SHARES`, as far as the samples suffice. */
  readonly latenciesNs?: readonly number[] | undefined;
  /** A remark about this series. */
  readonly footnote?: string | undefined;
}

/** A contestant that was not measured. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** A workload, and the figures of all contestants. */
export interface Chart {
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  /** Name of the series that the ratios compare with. */
  readonly reference: string;
  readonly series: readonly Series[];
  readonly absent: readonly Absent[];
}

/** A table without a chart. */
export interface Listing {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The content of a page. */
export interface Report {
  readonly title: string;
  readonly summary: string;
  readonly date: Date;
  readonly warning?: string | undefined;
  /** The machine and the versions, as names and values. */
  readonly facts: readonly (readonly [string, string])[];
  readonly charts: readonly Chart[];
  readonly listings: readonly Listing[];
}

const STEPS = 30;
const STEPS_TO_A_TENTH = 10;

/**
 * The shares of all samples that lie at or below a point of a distribution, from the fastest sample on.
 * They are denser towards 1, where latencies differ: after ten steps, a tenth of the samples is above.
 */
export const SHARES: readonly number[] = [
  ...Array.from({ length: STEPS + 1 }, (_, step) => 1 - 10 ** (-step / STEPS_TO_A_TENTH)),
  0.5,
].sort((a, b) => a - b);
