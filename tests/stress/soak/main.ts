/**
 * `deno task soak`: sends and receives for minutes, and checks that nothing grows. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { type Latest, soak } from "./run.ts";
import { type PatternSummary, problemsOf } from "./summary.ts";
import { PATTERNS, type SoakPattern } from "./task.ts";

const USAGE = `deno task soak [--minutes N] [--pattern NAME]

  --minutes N     total duration (default 4), may be a fraction
  --pattern NAME  ${PATTERNS.join(", ")} or all; default: all

Soaks one pattern after the other. Prints messages, rate, losses, memory and descriptors each second on standard error, and all of it
as JSON on standard output in the end. Fails if messages were wrong or something grew.`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      minutes: { type: "string", default: "4" },
      pattern: { type: "string", default: "all" },
      help: { type: "boolean", default: false },
    },
  })
);

function patterns(): readonly SoakPattern[] {
  if (values.pattern === "all") return PATTERNS;
  const found = PATTERNS.find((pattern) => pattern === values.pattern);
  if (found) return [found];
  return wrongOption(`--pattern must be ${PATTERNS.join(", ")} or all, not ${values.pattern}`);
}

function wholeSeconds(): number {
  const seconds = Math.round(Number(values.minutes) * 60);
  if (seconds >= 6) return seconds;
  return wrongOption(`--minutes must be a number of at least 0.1, not ${values.minutes}`);
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

let before = 0;

function describe({ sender, receiver }: Latest): string {
  const rate = Math.max(0, receiver.messages - before);
  before = receiver.messages;
  return `${(receiver.messages / 1e6).toFixed(2)} M messages, ` +
    `${(rate / 1e3).toFixed(0)} k/s, ${receiver.missed} missed, ` +
    `RSS ${megabytes(sender.rssBytes)} + ${megabytes(receiver.rssBytes)} MB, ` +
    `descriptors ${sender.descriptors} + ${receiver.descriptors}`;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = patterns();
  const seconds = Math.max(6, Math.round(wholeSeconds() / chosen.length));
  const dir = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "ringbus-soak-" });
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  try {
    const summaries: PatternSummary[] = [];
    for (const pattern of chosen) {
      const plan = { pattern, seconds, dir, signal: stop.signal };
      const summary = await soak(plan, (second, latest) => {
        const bar = "#".repeat(Math.round(second / seconds * 20)).padEnd(20, ".");
        console.error(
          `${pattern.padEnd(9)} [${bar}] ${second} of ${seconds} s: ${describe(latest)}`,
        );
      });
      summaries.push(summary);
    }
    const problems = summaries.flatMap(problemsOf);
    console.log(JSON.stringify({ seconds, problems, summaries }, null, 2));
    return problems.length > 0 ? 1 : 0;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
