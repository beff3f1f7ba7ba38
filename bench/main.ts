/** The benchmark: Ringbus and its peers, side by side. `--help` describes the options. */
import { UsageError } from "../cli/command.ts";
import { describeMachine, type Machine, warningOf } from "../cli/benchmark/machine.ts";
import { runBenchmark } from "./harness/command_line.ts";
import { checkedOptions, DESCRIPTION, OPTIONS, type Options } from "./harness/options.ts";
import { writeChartPage } from "./harness/page.ts";
import { chartsOf, targetListing } from "./harness/charts.ts";
import { fullPlan, type Plan, quickPlan, scaled } from "./harness/plan.ts";
import { Progress } from "./harness/progress.ts";
import { type Instructions, NOT_SELECTED, type Results } from "./harness/results.ts";
import { withScratch } from "./harness/scratch.ts";
import { runSuite, stepsOf } from "./harness/suite.ts";
import { tableOf } from "./harness/table.ts";
import { isSkipped, type Skipped } from "./harness/types.ts";
import { type Verdict, verdictLine, verdicts } from "./harness/targets.ts";

const CLOCK = "CLOCK_MONOTONIC: clock_gettime (C and Deno, through FFI), process.hrtime (Node)";

/** What a run of the program works with. */
interface Session {
  readonly options: Options;
  readonly machine: Machine;
  readonly plan: Plan;
}

function planOf({ quick, runs, scale }: Options): Plan {
  const plan = scaled(quick ? quickPlan() : fullPlan(), scale);
  return { ...plan, runs: runs ?? plan.runs };
}

function printHeading({ options, machine }: Session): void {
  if (options.json) return;
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.os}, Deno ${machine.deno}`);
  console.log(`clock: ${CLOCK}`);
  console.log(`${warningOf(machine) ?? ""}\n`);
}

/** Runs the suite; prints each table when it is done. */
function measure({ options: { only, json }, plan }: Session): Promise<Results> {
  const progress = new Progress(stepsOf({ plan, only }));
  return withScratch(async (scratch, signal) => {
    const results = await runSuite({
      plan,
      scratch,
      only,
      signal,
      progress: (text) => progress.step(text),
      onRows(rows) {
        progress.clear();
        if (!json) console.log(`${tableOf(rows)}\n`);
      },
    });
    progress.clear();
    if (signal.aborted) console.error("interrupted: what is missing was not measured");
    return results;
  });
}

/** The targets without those that `--only` skipped. */
function shown(targets: Verdict[], only?: string): Verdict[] {
  return only === undefined ? targets : targets.filter(({ reason }) => reason !== NOT_SELECTED);
}

function printTargets(
  { options: { json, only }, machine, plan }: Session,
  results: Results,
  targets: Verdict[],
): void {
  if (json) {
    const warning = warningOf(machine);
    console.log(
      JSON.stringify({ machine, clock: CLOCK, warning, plan, ...results, targets }, null, 2),
    );
    return;
  }
  console.log("targets (the median of the runs decides)");
  for (const verdict of shown(targets, only)) console.log(`  ${verdictLine(verdict)}`);
  console.log(instructionsText(results.instructions));
}

function instructionsText(found: Instructions | Skipped): string {
  if (isSkipped(found)) return `instructions a message: ${found.skipped}`;
  const counts = Object.entries(found.perMessage)
    .map(([name, count]) => `${name} ${count.toFixed(0)}`);
  return `instructions a message in turns, by ${found.counter}: ${counts.join(", ")}`;
}

async function run(options: Options): Promise<number> {
  const session = { options, machine: await describeMachine(), plan: planOf(options) };
  printHeading(session);
  const results = await measure(session);
  const targets = verdicts(results);
  printTargets(session, results, targets);
  await writeChartPage(options.html, {
    title: "Ringbus beside its peers",
    summary: "Processes of one machine, by turns. The ratios count, run by run; the absolute " +
      "figures only illustrate. Ours in blue.",
    machine: session.machine,
    charts: chartsOf(session.plan.workloads, results.rows),
    listings: [targetListing(shown(targets, options.only))],
  });
  return options.check && targets.some(({ verdict }) => verdict === "missed") ? 1 : 0;
}

if (import.meta.main) {
  await runBenchmark({
    task: "bench",
    description: DESCRIPTION,
    options: OPTIONS,
    async run(values) {
      if (Deno.build.os === "linux") return await run(checkedOptions(values));
      throw new UsageError(
        "cannot run the benchmark: because its peers need futexes and /proc, which is Linux",
      );
    },
  });
}
