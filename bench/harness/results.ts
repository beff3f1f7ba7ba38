/** Everything a run of the benchmark found, and the questions that targets ask of it. */
import type { Spread } from "../../cli/benchmark/charts/report.ts";
import { ratioOf } from "./interleave.ts";
import type { Memory, Starts } from "./costs.ts";
import { isSkipped, type Row, type Skipped } from "./types.ts";

/** Why something that could be measured was not. */
export const NOT_SELECTED = "not part of this run";

/** Messages between many processes, counted at both ends. */
export interface Many {
  readonly publishers: number;
  readonly subscribers: number;
  /** Messages that a subscriber neither got nor counted as missed. */
  readonly unaccounted: number;
  /** What the least served subscriber got, as a share of what the best served one got. */
  readonly fairness: number;
  /** The share of all messages that arrived. */
  readonly arrived: number;
}

/** Instructions for a message in turns, of each contestant, and the program that counted them. */
export interface Instructions {
  readonly counter: string;
  readonly perMessage: Readonly<Record<string, number>>;
}

export interface Results {
  readonly rows: readonly Row[];
  readonly idleShare: number | Skipped;
  readonly memoryBytes: Memory | Skipped;
  readonly memoryObjects: Memory | Skipped;
  readonly many: Many | Skipped;
  readonly starts: Starts | Skipped;
  readonly instructions: Instructions | Skipped;
}

/** The row, or why there is none with figures. */
export function rowOf(results: Results, workload: string, contestant: string): Row | Skipped {
  const row = results.rows.find((row) =>
    row.workload === workload && row.contestant === contestant
  );
  if (!row) return { skipped: NOT_SELECTED };
  if (row.skipped) return { skipped: `${contestant}: ${row.skipped}` };
  if (!row.value) return { skipped: `${contestant} failed: ${row.failed ?? "not run"}` };
  return row;
}

/** One contestant's figures as multiples of another's: the reference's, or run by run. */
export function compare(
  results: Results,
  workload: string,
  contestant: string,
  other: string,
): Spread | Skipped {
  const own = rowOf(results, workload, contestant);
  if (isSkipped(own)) return own;
  const against = rowOf(results, workload, other);
  if (isSkipped(against)) return against;
  const reference = results.rows.find((row) => row.workload === workload);
  const ratio = against === reference ? own.ratio : ratioOf(own.runs, against.runs);
  return ratio ?? { skipped: "not the same runs" };
}
