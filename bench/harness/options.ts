/** The command line of the benchmark. */
import { parseArgs } from "node:util";
import { pagePath } from "./page.ts";

export const USAGE = `Measures Ringbus and its peers side by side, in processes of this machine.

  deno run -A bench/main.ts [--quick] [--json] [--check] [--only NAME] [--runs N] [--scale S]
                              [--html FILE]

Each table is printed when it is done. Ctrl-C ends the benchmark after the current run, with what it has.

  --quick      three short runs of fewer workloads
  --check      ends with status 1 if a target is missed
  --json       prints the result for machines; no page unless --html names it
  --only NAME  only workloads or contestants whose name contains NAME (roundtrip, throughput/64B,
               wake, busy, idle, memory, many, zeromq, ...); references always run along
  --runs N     runs of each contestant (default 5, with --quick 3)
  --scale S    a share of the messages of each workload, to see that everything works (default 1)
  --html FILE  where the page with the pictures goes (default .cache/bench.html)`;

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly check: boolean;
  readonly only?: string | undefined;
  readonly runs?: number | undefined;
  readonly scale: number;
  /** Path of the page. Default: no page is written. */
  readonly html?: string | undefined;
}

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      only: { type: "string" },
      runs: { type: "string" },
      scale: { type: "string", default: "1" },
      html: { type: "string" },
    },
  });
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0)) {
    throw new TypeError(`cannot do "${values.runs}" runs: --runs takes a whole number from 1 on`);
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) {
    throw new TypeError(
      `cannot take a share "${values.scale}" of the messages: --scale takes a number above 0, up to 1`,
    );
  }
  return { ...values, runs, scale, html: pagePath("bench", values) };
}
