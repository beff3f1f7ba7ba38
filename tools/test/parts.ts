/**
 * The parts of a run of all tests, which run at the same time: tests that wait leave a core to others.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Folders of the second part, which takes about as long as all others, most of which wait for servers. */
const SECOND_PART = [
  "bench",
  "tests/cli",
  "tests/conformance",
  "tests/docs",
  "tests/examples",
  "tests/lib",
  "tests/stress",
  "tests/tools",
];

/** The arguments of `deno test` for each part of a run. A run of named files has one part. */
export function partsOf(args: readonly string[]): string[][] {
  const namesFiles = args.some((arg) => !arg.startsWith("-"));
  if (namesFiles) return [[...args]];
  // The option takes the place of what the configuration excludes.
  const others = [...config.test.exclude, ...SECOND_PART];
  return [
    [...args, `--ignore=${others.join(",")}`],
    [...args, ...SECOND_PART],
  ];
}

/** What `deno test` says in its last line. */
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?(?: \| (\d+) ignored)?/gm;
const LABELS = ["passed", "steps passed", "failed", "steps failed", "ignored"] as const;
type Counts = Record<typeof LABELS[number], number>;

/** The last line of a run of several parts, from what each of them printed. */
export function totalLine(outputs: readonly string[], elapsedMs: number): string {
  const total: Counts = { passed: 0, "steps passed": 0, failed: 0, "steps failed": 0, ignored: 0 };
  for (const output of outputs) {
    const counts = [...output.matchAll(SUMMARY)].at(-1)?.slice(1) ?? [];
    LABELS.forEach((label, index) => total[label] += Number(counts[index] ?? 0));
  }
  const isComplete = outputs.every((output) => output.search(SUMMARY) >= 0);
  const steps = (count: number) =>
    count === 0 ? "" : ` (${count} ${count === 1 ? "step" : "steps"})`;
  return `${isComplete && total.failed === 0 ? "ok" : "FAILED"} | ` +
    `${total.passed} passed${steps(total["steps passed"])} | ` +
    `${total.failed} failed${steps(total["steps failed"])}` +
    `${total.ignored === 0 ? "" : ` | ${total.ignored} ignored`} (${duration(elapsedMs)})`;
}

/** A duration, such as "2m5s". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** What a part printed about its failures, after the lines of its tests. */
export function failuresIn(output: string): string | undefined {
  const start = output.lastIndexOf("\n ERRORS \n");
  return start < 0 ? undefined : output.slice(start + 1);
}
