/**
 * Compares the servers with Python servers of the same protocols, and with redis-server. Run it with
 * `deno task bench:servers`; `--help` describes its options.
 */
import { EXIT, UsageError } from "../../cli/command.ts";
import { describeMachine, warningOf } from "../../cli/benchmark/machine.ts";
import {
  CHECK,
  htmlOption,
  JSON_OUTPUT,
  QUICK as QUICK_OPTION,
  runBenchmark,
} from "../harness/command_line.ts";
import { type Plan, type Row, show, verdictOf } from "./compare.ts";
import { pagePath, writeChartPage } from "../harness/page.ts";
import { compareHttp } from "./http.ts";
import { chartsOf } from "./charts.ts";
import { compareRedis } from "./redis.ts";
import { compareTcp } from "./tcp.ts";
import { wrkFailure } from "./wrk.ts";

const FULL: Plan = { isQuick: false, runs: 5 };
const QUICK: Plan = { isQuick: true, runs: 1 };

const PARTS: Readonly<Record<string, (plan: Plan) => Promise<Row[]>>> = {
  http: compareHttp,
  tcp: compareTcp,
  redis: compareRedis,
};
const PART_NAMES = Object.keys(PARTS);

/** The parts that `--only` names, or all. */
function partsOf(only: string | undefined): readonly string[] {
  if (only !== undefined && !PART_NAMES.includes(only)) {
    throw new UsageError(`--only must be one of ${PART_NAMES.join(", ")}, not ${only}`);
  }
  return only === undefined ? PART_NAMES : [only];
}

function printTables(rows: readonly Row[]): void {
  for (const [table, ofTable] of Map.groupBy(rows, (row) => row.table)) {
    console.log(`${table}; against ${ofTable[0].name}, run by run`);
    for (const row of ofTable) console.log(`  ${show(row)}`);
  }
}

if (import.meta.main) {
  await runBenchmark({
    task: "bench:servers",
    description: "Measures the servers, Python servers of the same protocols, and redis-server.",
    options: {
      quick: QUICK_OPTION,
      only: { type: "string", value: "NAME", help: `only ${PART_NAMES.join(", ")}` },
      json: JSON_OUTPUT,
      check: CHECK,
      html: htmlOption("bench:servers"),
    },
    async run(values) {
      const parts = partsOf(values.only);
      const failure = parts.includes("http") ? await wrkFailure() : undefined;
      if (failure !== undefined) {
        console.error(failure);
        return EXIT.FAILED;
      }
      const plan = values.quick ? QUICK : FULL;
      const machine = await describeMachine();
      if (!values.json) {
        console.log(`${machine.cpu}, ${machine.cores} cores, Deno ${machine.deno}`);
        console.log(warningOf(machine) ?? "");
      }
      const rows: Row[] = [];
      for (const part of parts) {
        const found = await PARTS[part](plan);
        if (!values.json) printTables(found);
        rows.push(...found);
      }
      if (values.json) console.log(JSON.stringify({ machine, plan, rows }, null, 2));
      await writeChartPage(pagePath("bench-servers", values), {
        title: "Ringbus servers beside others of their protocols",
        summary: "Each server with the same client, by turns. Ratios are against the first of " +
          "each picture, run by run.",
        machine,
        charts: chartsOf(rows),
      });
      const isMissed = rows.some((row) => verdictOf(row) === "missed");
      return values.check && isMissed ? EXIT.FAILED : EXIT.DONE;
    },
  });
}
