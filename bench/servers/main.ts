/**
 * Compares the servers with Python servers of the same protocols, and with redis-server. Run it with
 * `deno task bench:servers`; `--quick` takes some seconds, `--only` is `http`, `tcp` or `redis`, `--json` is for
 * machines, `--html FILE` says where the page with the pictures goes.
 */
import { parseArgs } from "node:util";
import { describeMachine, warningOf } from "../../cli/benchmark/machine.ts";
import { type Plan, show } from "./compare.ts";
import { pagePath, writeChartPage } from "../harness/page.ts";
import { compareHttp } from "./http.ts";
import { chartsOf } from "./charts.ts";
import { compareRedis } from "./redis.ts";
import { compareTcp } from "./tcp.ts";
import { wrkFailure } from "./wrk.ts";

const FULL: Plan = { isQuick: false, runs: 5 };
const QUICK: Plan = { isQuick: true, runs: 1 };

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      quick: { type: "boolean" },
      only: { type: "string" },
      json: { type: "boolean" },
      html: { type: "string" },
    },
  });
  const failure = values.only !== undefined && values.only !== "http"
    ? undefined
    : await wrkFailure();
  if (failure !== undefined) {
    console.error(failure);
    Deno.exit(1);
  }
  const isMeasured = (name: string) => values.only === undefined || values.only === name;
  const plan = values.quick ? QUICK : FULL;
  const machine = await describeMachine();
  const rows = [
    ...isMeasured("http") ? await compareHttp(plan) : [],
    ...isMeasured("tcp") ? await compareTcp(plan) : [],
    ...isMeasured("redis") ? await compareRedis(plan) : [],
  ];
  if (values.json) console.log(JSON.stringify({ machine, plan, rows }, null, 2));
  else {
    console.log(`${machine.cpu}, ${machine.cores} cores, Deno ${machine.deno}`);
    console.log(warningOf(machine) ?? "");
    for (const [table, ofTable] of Map.groupBy(rows, (row) => row.table)) {
      console.log(`${table}; against ${ofTable[0].name}, run by run`);
      for (const row of ofTable) console.log(`  ${show(row)}`);
    }
  }
  await writeChartPage(pagePath("bench-servers", values), {
    title: "Ringbus servers beside others of their protocols",
    summary: "Each server with the same client, by turns. Ratios are against the first of each " +
      "picture, run by run.",
    machine,
    charts: chartsOf(rows),
  });
}
