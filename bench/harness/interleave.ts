/**
 * Runs the contestants of a workload by turns, each between two runs of the reference
 * (R A R B R C R, ...), and compares it with the mean of both.
 *
 * A virtual machine's cores may be moved, while it runs, from neighbouring physical cores to distant
 * ones: everything that passes cache lines then takes three to five times as long, the reference as
 * well. A run whose two references disagree is not valid, and is repeated.
 */
import type { Spread } from "../../cli/benchmark/charts/report.ts";
import { type Bench, measure, UNITS } from "./measure.ts";
import { medianCurve, medianDetail, spread } from "../../cli/benchmark/stats.ts";
import {
  type Contestant,
  isSkipped,
  type Launch,
  type Measurement,
  type Row,
  type Skipped,
  type Workload,
} from "./types.ts";

export type Launches = (contestant: Contestant) => Promise<Launch | Skipped>;

/** How far the references around a run may lie apart. */
const STEADY = 1.4;
const TRIES = 4;

interface ContestantRuns {
  readonly contestant: Contestant;
  readonly launch: Launch | Skipped;
  readonly runs: Measurement[];
  unsteady: number;
  failed?: string;
}

async function runOnce(
  bench: Bench,
  entry: ContestantRuns,
  workload: Workload,
): Promise<Measurement | undefined> {
  if (isSkipped(entry.launch) || entry.failed) return undefined;
  try {
    return await measure(bench, entry.launch, entry.contestant, workload);
  } catch (error) {
    entry.failed = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}

/** Runs the reference, keeps the result, and hands it on. */
async function runReference(bench: Bench, entry: ContestantRuns, workload: Workload) {
  const run = await runOnce(bench, entry, workload);
  if (run) entry.runs.push({ ...run, reference: run.value });
  return run?.value;
}

function isSteady(before: number, after: number): boolean {
  return Math.max(before, after) / Math.min(before, after) <= STEADY;
}

/** Makes one measured run with the reference before it; returns the reference after it. */
async function takeTurn(
  bench: Bench,
  entry: ContestantRuns,
  reference: ContestantRuns,
  workload: Workload,
  earlier: number | undefined,
): Promise<number | undefined> {
  let before = earlier;
  for (let tries = 1; tries <= TRIES; tries++) {
    const run = await runOnce(bench, entry, workload);
    if (!run) return before;
    const after = await runReference(bench, reference, workload);
    const steady = !before || !after || isSteady(before, after);
    if (steady || tries === TRIES) {
      if (!steady) entry.unsteady++;
      const around = before && after ? Math.sqrt(before * after) : undefined;
      entry.runs.push({ ...run, reference: around });
      return after;
    }
    before = after;
  }
  return before;
}

/** Run by run; `undefined` unless both did all the same runs. */
export function ratioOf(
  own: readonly Measurement[],
  other: readonly Measurement[],
): Spread | undefined {
  if (own.length === 0 || own.length !== other.length) return undefined;
  return spread(own.map(({ value }, run) => value / other[run].value));
}

function ratioToReference(runs: readonly Measurement[]): Spread | undefined {
  const ratios = runs.flatMap(({ value, reference }) => reference ? [value / reference] : []);
  return ratios.length > 0 ? spread(ratios) : undefined;
}

function curveOf(runs: readonly Measurement[]): number[] | undefined {
  const curves = runs.flatMap(({ latenciesNs }) => latenciesNs ? [latenciesNs] : []);
  return curves.length > 0 ? medianCurve(curves) : undefined;
}

function toRow(
  { contestant, launch, runs, unsteady, failed }: ContestantRuns,
  workload: Workload,
): Row {
  const row: Row = {
    workload: workload.id,
    contestant: contestant.label,
    unit: UNITS[workload.kind],
    runs,
    skipped: isSkipped(launch) ? launch.skipped : undefined,
    failed,
  };
  if (runs.length === 0 || failed) return row;
  return {
    ...row,
    value: spread(runs.map(({ value }) => value)),
    ratio: ratioToReference(runs),
    unsteady,
    detail: medianDetail(runs.map(({ detail }) => detail)),
    latenciesNs: curveOf(runs),
  };
}

export interface Turns {
  readonly runs: number;
  /** Puts every run between two of the reference; else the reference runs once a turn. */
  readonly bracketed: boolean;
  /** Ends the turns early. */
  readonly signal: AbortSignal;
}

async function takeTurns(
  bench: Bench,
  [reference, ...others]: readonly ContestantRuns[],
  workload: Workload,
  { runs, bracketed, signal }: Turns,
  progress: (text: string) => void,
): Promise<void> {
  for (let turn = 1; turn <= runs; turn++) {
    let before = await runReference(bench, reference, workload);
    for (const entry of others) {
      if (signal.aborted) return;
      progress(`${workload.id}, run ${turn} of ${runs}: ${entry.contestant.label}`);
      if (bracketed) before = await takeTurn(bench, entry, reference, workload, before);
      else {
        const run = await runOnce(bench, entry, workload);
        if (run) entry.runs.push({ ...run, reference: before });
      }
    }
  }
}

export async function interleave(
  bench: Bench,
  workload: Workload,
  contestants: readonly Contestant[],
  launches: Launches,
  turns: Turns,
  progress: (text: string) => void,
): Promise<Row[]> {
  const entries: ContestantRuns[] = [];
  for (const contestant of contestants) {
    entries.push({ contestant, launch: await launches(contestant), runs: [], unsteady: 0 });
  }
  await takeTurns(bench, entries, workload, turns, progress);
  return entries.map((entry) => toRow(entry, workload));
}
