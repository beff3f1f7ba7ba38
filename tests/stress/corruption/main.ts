/**
 * `deno task fuzz`: overwrites parts of live segments while sockets use them, and checks what the sockets
 * report. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { fuzz, type FuzzPlan, range } from "./fuzz.ts";
import type { Report } from "./report.ts";

const USAGE = `deno task fuzz [--seed N] [--cases N] [--from N] [--case K] [--canary]

  --seed N    decides everything but the timing between processes (default 1)
  --cases N   how many cases to run (default 10000)
  --from N    number of the first case (default 0)
  --case K    runs one case again
  --canary    turns checks off: the fuzzer must fail`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string", default: "1" },
      cases: { type: "string", default: "10000" },
      from: { type: "string", default: "0" },
      case: { type: "string" },
      canary: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  })
);

function whole(name: "seed" | "cases" | "from" | "case"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return wrongOption(`--${name} must be a whole number, at least 0, not ${values[name]}`);
}

function indicesToRun(): number[] {
  if (values.case !== undefined) return [whole("case")];
  return range(whole("from"), whole("from") + whole("cases"));
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [seed, indices] = [whole("seed"), indicesToRun()];
  console.log(`seed ${seed}`);
  const dir = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "ringbus-fuzz-" });
  Deno.addSignalListener("SIGINT", () => {
    Deno.removeSync(dir, { recursive: true });
    Deno.exit(130);
  });
  try {
    const plan: FuzzPlan = { seed, indices, dir, isCanary: values.canary };
    const report = await fuzz(plan, printProgress);
    for (const { index, failure, log } of report.failures) {
      console.log(`\ncase ${index}: ${failure}\n  ${log.join("\n  ")}`);
      console.log(`again: deno task fuzz --seed ${seed} --case ${index}`);
    }
    console.log(report.summary);
    return report.failures.length > 0 ? 1 : 0;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function printProgress(report: Report): void {
  if (report.cases % 500 === 0) console.error(report.summary);
}

Deno.exit(await main());
