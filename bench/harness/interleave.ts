/**
 * Runs the contestants of a workload by turns (A B C, A B C, ...), so that a slow minute of the
 * machine falls on all of them, and compares each with the reference of the same turn.
 */
import { type Bench, measure, UNITS } from "./measure.ts";
import { medianDetail, spread } from "./stats.ts";
import {
  type Contestant,
  isSkipped,
  type Launch,
  type Measurement,
  type Row,
  type Skipped,
  type Spread,
  type Workload,
} from "./types.ts";

export type Launches = (contestant: Contestant) => Promise<Launch | Skipped>;

interface Entry {
  readonly contestant: Contestant;
  readonly launch: Launch | Skipped;
  readonly runs: Measurement[];
  failed?: string;
}

async function takeTurn(bench: Bench, entry: Entry, workload: Workload): Promise<void> {
  if (isSkipped(entry.launch) || entry.failed) return;
  try {
    entry.runs.push(await measure(bench, entry.launch, entry.contestant, workload));
  } catch (error) {
    entry.failed = error instanceof Error ? error.message : String(error);
  }
}

/** Run by run; `undefined` unless both did all the same runs. */
export function ratioOf(
  own: readonly Measurement[],
  reference: readonly Measurement[],
): Spread | undefined {
  if (own.length === 0 || own.length !== reference.length) return undefined;
  return spread(own.map(({ value }, run) => value / reference[run].value));
}

function toRow({ contestant, launch, runs, failed }: Entry, reference: Entry, workload: Workload) {
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
    ratio: ratioOf(runs, reference.runs),
    detail: medianDetail(runs.map(({ detail }) => detail)),
  };
}

export async function interleave(
  bench: Bench,
  workload: Workload,
  contestants: readonly Contestant[],
  launches: Launches,
  turns: number,
  progress: (text: string) => void,
): Promise<Row[]> {
  const entries: Entry[] = [];
  for (const contestant of contestants) {
    entries.push({ contestant, launch: await launches(contestant), runs: [] });
  }
  for (let turn = 1; turn <= turns; turn++) {
    for (const entry of entries) {
      progress(`${workload.id}, run ${turn} of ${turns}: ${entry.contestant.label}`);
      await takeTurn(bench, entry, workload);
    }
  }
  return entries.map((entry) => toRow(entry, entries[0], workload));
}
