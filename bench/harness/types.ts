/** The types of the benchmark: workloads, contestants and results. */
import type { Spread, Unit as PageUnit } from "../../cli/benchmark/charts/report.ts";

/** One thing to measure; every contestant of a workload does exactly the same. */
export interface Workload {
  /** As printed and as matched by `--only`, such as `throughput/64B`. */
  readonly id: string;
  readonly kind: "roundtrip" | "throughput" | "turns" | "wake" | "busy";
  readonly size: number;
  readonly warmup: number;
  readonly count: number;
  readonly capacity: number;
}

/** The processes of one run: who listens starts first. `worker` peers need one process only. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly alone?: boolean;
  /** How this peer writes an address, given a free path. */
  readonly address?: (path: string) => string;
}

/** A way to pass messages; `prepare` compiles, installs or looks for what it needs. */
export interface Peer {
  readonly id: string;
  prepare(tools: Tools): Promise<Launch | Skipped>;
}

export interface Tools {
  readonly scratch: string;
  /** A fast run installs nothing: it uses what is there. */
  readonly mayInstall: boolean;
}

export interface Skipped {
  readonly skipped: string;
}

export function isSkipped(value: object): value is Skipped {
  return "skipped" in value && value.skipped !== undefined;
}

/** A peer in one of its modes, taking part in a workload. */
export interface Contestant {
  readonly label: string;
  readonly peer: Peer;
  readonly mode: string;
  /** The share of the workload's count that this one does: the slow ones would take minutes. */
  readonly pace: number;
}

/** What one run of one contestant gave. `value` is what is compared. */
export interface Measurement {
  readonly value: number;
  readonly detail: Record<string, number>;
  /** What the reference gave around this run. */
  readonly reference?: number | undefined;
  /** In nanoseconds, at each of the `SHARES`. */
  readonly latenciesNs?: readonly number[] | undefined;
}

export type Unit = Exclude<PageUnit, "calls/s" | "ratio">;

/** All runs of one contestant at one workload. */
export interface Row {
  readonly workload: string;
  readonly contestant: string;
  readonly unit: Unit;
  readonly value?: Spread | undefined;
  /** Against the reference, the first contestant, run by run. */
  readonly ratio?: Spread | undefined;
  /** Runs during which the machine changed, after all retries. */
  readonly unsteady?: number | undefined;
  readonly detail?: Record<string, number> | undefined;
  /** In nanoseconds, the median of the runs at each of the `SHARES`. */
  readonly latenciesNs?: readonly number[] | undefined;
  readonly runs: readonly Measurement[];
  readonly skipped?: string | undefined;
  readonly failed?: string | undefined;
}
