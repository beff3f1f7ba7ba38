/**
 * The parts of a run of all tests. Some of them run at the same time: tests that wait leave a core to others.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Parts that run at the same time: most tests wait for something, so more than the cores of a small machine. */
export const AT_ONCE = 3;

/**
 * Folders of each part but the first one, which has all others. The order is that in which they begin: those
 * that take long come first, so that none of them is left for the end.
 */
const FOLDERS: readonly (readonly string[])[] = [
  ["tests/backends/queue"],
  ["tests/stress"],
  ["tests/backends/hosting", "tests/backends/state"],
  ["tests/lib/presence", "tests/lib/sockets"],
  ["tests/backends/http", "tests/backends/redis"],
  ["tests/cli", "tests/conformance"],
  ["tests/docs", "tests/tools"],
  ["tests/backends/resp", "tests/backends/tcp"],
  ["tests/examples", "tests/testing"],
  ["bench"],
];

/** The arguments of `deno test` that check the types of all tests and examples, and run none. */
export const CHECK_ARGS: readonly string[] = ["--no-run"];

/** The arguments of `deno test` for the parts of a run. */
export interface Parts {
  /** For each part that runs tests. */
  readonly tests: string[][];
  /** True if the types are checked once for all parts, which therefore do not check them. */
  readonly areChecked: boolean;
}

/** The parts of a run. A run of named files has one, which checks its types itself. */
export function partsOf(args: readonly string[]): Parts {
  const namesFiles = args.some((arg) => !arg.startsWith("-"));
  if (namesFiles) return { tests: [[...args]], areChecked: false };
  const areChecked = !args.some((arg) => /^--(no-)?check\b/.test(arg));
  const each = areChecked ? [...args, "--no-check"] : args;
  // The option takes the place of what the configuration excludes.
  const others = [...config.test.exclude, ...FOLDERS.flat()];
  const tests = [
    [...each, `--ignore=${others.join(",")}`],
    ...FOLDERS.map((folders) => [...each, ...folders]),
  ];
  return { tests, areChecked };
}

/** What `deno test` says in its last line. */
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?(?: \| (\d+) ignored)?/gm;
const LABELS = ["passed", "steps passed", "failed", "steps failed", "ignored"] as const;
type Counts = Record<typeof LABELS[number], number>;

/** The last line of a run of several parts, from what each of them printed and how the run ended. */
export function totalLine(
  outputs: readonly string[],
  elapsedMs: number,
  hasSucceeded: boolean,
): string {
  const total: Counts = { passed: 0, "steps passed": 0, failed: 0, "steps failed": 0, ignored: 0 };
  for (const output of outputs) {
    const counts = [...output.matchAll(SUMMARY)].at(-1)?.slice(1) ?? [];
    LABELS.forEach((label, index) => total[label] += Number(counts[index] ?? 0));
  }
  const steps = (count: number) =>
    count === 0 ? "" : ` (${count} ${count === 1 ? "step" : "steps"})`;
  return `${hasSucceeded ? "ok" : "FAILED"} | ` +
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
