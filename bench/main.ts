/** The benchmark: Ringbus and its peers, side by side. `--help` describes the options. */
import { describeMachine, type Machine, warningOf } from "../cli/benchmark/machine.ts";
import { type Options, readOptions, USAGE } from "./harness/options.ts";
import { writeChartPage } from "./harness/page.ts";
import { chartsOf, targetListing } from "./harness/charts.ts";
import { fullPlan, type Plan, quickPlan } from "./harness/plan.ts";
import { NOT_SELECTED, type Results } from "./harness/results.ts";
import { withScratch } from "./harness/scratch.ts";
import { runSuite } from "./harness/suite.ts";
import { tableOf } from "./harness/table.ts";
import { type Verdict, verdictLine, verdicts } from "./harness/targets.ts";

const CLOCK = "CLOCK_MONOTONIC: clock_gettime (C and Deno, through FFI), process.hrtime (Node)";

function showProgress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

function tables({ rows }: Results): string {
  return [...Map.groupBy(rows, (row) => row.workload).values()].map(tableOf).join("\n\n");
}

/** The targets without those that `--only` skipped. */
function shown(targets: Verdict[], only?: string): Verdict[] {
  return only === undefined ? targets : targets.filter(({ reason }) => reason !== NOT_SELECTED);
}

function print(
  { json, only }: Options,
  machine: Machine,
  plan: Plan,
  results: Results,
  targets: Verdict[],
): void {
  const warning = warningOf(machine);
  if (json) {
    console.log(
      JSON.stringify({ machine, clock: CLOCK, warning, plan, ...results, targets }, null, 2),
    );
    return;
  }
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.os}, Deno ${machine.deno}`);
  console.log(`clock: ${CLOCK}`);
  console.log(`${warning ?? ""}\n`);
  console.log(tables(results));
  console.log("\ntargets (the median of the runs decides)");
  for (const verdict of shown(targets, only)) console.log(`  ${verdictLine(verdict)}`);
}

if (import.meta.main) {
  if (Deno.build.os !== "linux") {
    console.error(
      "cannot run the benchmark: because its peers need futexes and /proc, which is Linux",
    );
    Deno.exit(2);
  }
  const options = readOptions(Deno.args);
  const { quick, only, runs } = options;
  if (options.help) console.log(USAGE);
  else {
    const basis = quick ? quickPlan() : fullPlan();
    const plan = { ...basis, runs: runs ?? basis.runs };
    const machine = await describeMachine();
    const results = await withScratch((scratch) =>
      runSuite({ plan, scratch, only, progress: showProgress })
    );
    showProgress("");
    const targets = verdicts(results);
    print(options, machine, plan, results, targets);
    await writeChartPage(options.html, {
      title: "Ringbus beside its peers",
      summary: "Processes of one machine, by turns. The ratios count, run by run; the absolute " +
        "figures only illustrate. Ours in blue.",
      machine,
      charts: chartsOf(plan.workloads, results.rows),
      listings: [targetListing(shown(targets, only))],
    });
  }
}
