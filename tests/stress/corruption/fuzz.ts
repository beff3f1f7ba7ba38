/**
 * Running the fuzzer's cases: most in one process each, every tenth between processes.
 *
 * @module
 */

import { LineProcess } from "./line_process.ts";
import { ProcessCases } from "./process_case.ts";
import { type CaseResult, emptyStats, Report } from "./report.ts";

const RUNNER = new URL("runner.ts", import.meta.url).href;
/** Cases that one process runs before the next takes over. */
const CASES_PER_RUNNER = 500;
/** One case in so many runs between processes. */
const PROCESS_SHARE = 10;

/** The plan of a run. */
export interface FuzzPlan {
  seed: number;
  /** Cases by their numbers. */
  indices: readonly number[];
  /** Directory for the segments. */
  dir: string;
  /** Disables checks, so that the fuzzer must find errors. */
  isCanary?: boolean;
}

/** The cases from `from` up to, and without, `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** True for a case that runs between processes. */
export function isBetweenProcesses(index: number): boolean {
  return index % PROCESS_SHARE === PROCESS_SHARE - 1;
}

/** Runs cases. `onCase` is called after each. */
export async function fuzz(
  plan: FuzzPlan,
  onCase: (report: Report) => void = () => {},
): Promise<Report> {
  const report = new Report();
  const add = (index: number, result: CaseResult) => {
    report.add(index, result);
    onCase(report);
  };
  await runAlone(plan, plan.indices.filter((index) => !isBetweenProcesses(index)), add);
  await using processes = new ProcessCases(plan);
  for (const index of plan.indices.filter(isBetweenProcesses)) {
    if (!plan.isCanary) add(index, await processes.run(index));
  }
  return report;
}

type Add = (index: number, result: CaseResult) => void;

async function runAlone(plan: FuzzPlan, indices: readonly number[], add: Add): Promise<void> {
  let left = indices;
  while (left.length > 0) {
    const done = await runSome(plan, left.slice(0, CASES_PER_RUNNER), add);
    left = left.slice(done);
  }
}

/** Runs cases in a process until all are done or one ends the process. Returns their number. */
async function runSome(plan: FuzzPlan, indices: readonly number[], add: Add): Promise<number> {
  const { seed, dir, isCanary = false } = plan;
  const args = [RUNNER, `${seed}`, dir, `${isCanary}`, ...indices.map(String)];
  await using runner = new LineProcess(["-A", ...args]);
  for (const [at, index] of indices.entries()) {
    const line = await runner.next<{ result: CaseResult }>();
    if (typeof line === "string") {
      add(index, { stats: emptyStats(), failure: line });
      return at + 1;
    }
    add(index, line.result);
  }
  return indices.length;
}
