/** The command line of the benchmark. */
import { parseArgs } from "node:util";

export const USAGE = `Measures Ringbus and its peers side by side, in processes of this machine.

  deno run -A bench/main.ts [--quick] [--json] [--only NAME] [--runs N]

  --quick      one short run of a few workloads: shows that everything works
  --json       prints the result for machines
  --only NAME  only workloads or contestants whose name contains NAME (roundtrip, throughput/64B,
               asleep, busy, idle, memory, many, zeromq, ...); references always run along
  --runs N     runs of each contestant (default 5)`;

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly only?: string;
  readonly runs?: number;
}

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      only: { type: "string" },
      runs: { type: "string" },
    },
  });
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0)) {
    throw new TypeError(`cannot do "${values.runs}" runs: --runs takes a whole number from 1 on`);
  }
  return { ...values, runs };
}
