/** The options of the benchmark of Ringbus and its peers. */
import { UsageError, type Values } from "../../cli/command.ts";
import { CHECK, htmlOption, JSON_OUTPUT } from "./command_line.ts";
import { pagePath } from "./page.ts";

export const DESCRIPTION =
  `Measures Ringbus and its peers side by side, in processes of this machine.
Each table is printed when it is done. Ctrl-C ends the benchmark after the current run, with what it has.
--only takes names such as roundtrip, throughput/64B, wake, busy, idle, memory, many or zeromq; references
always run along.`;

export const OPTIONS = {
  quick: { type: "boolean", help: "three short runs of fewer workloads" },
  check: CHECK,
  json: JSON_OUTPUT,
  only: {
    type: "string",
    value: "NAME",
    help: "only workloads or contestants whose name contains NAME",
  },
  runs: {
    type: "string",
    value: "N",
    help: "runs of each contestant (default 5, with --quick 3)",
  },
  scale: {
    type: "string",
    value: "S",
    help: "a share of the messages of each workload, to see that everything works (default 1)",
  },
  html: htmlOption("bench"),
} as const;

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly check: boolean;
  readonly only?: string | undefined;
  readonly runs?: number | undefined;
  readonly scale: number;
  /** Path of the page. Default: no page is written. */
  readonly html?: string | undefined;
}

/** @throws {UsageError} if a number is none */
export function checkedOptions(values: Values<typeof OPTIONS>): Options {
  const { quick = false, json = false, check = false, only } = values;
  const html = pagePath("bench", values);
  return {
    quick,
    json,
    check,
    only,
    runs: runsOf(values.runs),
    scale: scaleOf(values.scale),
    html,
  };
}

function runsOf(text: string | undefined): number | undefined {
  const runs = text === undefined ? undefined : Number(text);
  if (runs === undefined || Number.isInteger(runs) && runs > 0) return runs;
  throw new UsageError(`cannot do "${text}" runs: --runs takes a whole number from 1 on`);
}

function scaleOf(text = "1"): number {
  const scale = Number(text);
  if (scale > 0 && scale <= 1) return scale;
  throw new UsageError(
    `cannot take a share "${text}" of the messages: --scale takes a number above 0, up to 1`,
  );
}
