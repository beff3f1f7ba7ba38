/** Prints the results, and makes the page of them. */
import type { Output } from "../output.ts";
import { figure, spreadText, times } from "./charts/format.ts";
import { hasCurve, latencyAt } from "./charts/latency_chart.ts";
import { type Absent, type Chart, type Report, SHARES } from "./charts/report.ts";
import { factsOf, type Machine, warningOf } from "./machine.ts";
import type { Comparison } from "./results.ts";

/** All results of a benchmark. */
export interface BenchmarkResults {
  readonly date: Date;
  readonly machine: Machine;
  readonly charts: readonly Chart[];
  readonly comparisons: readonly Comparison[];
  readonly skipped: readonly Absent[];
}

/** The columns beside the median. */
const SLOW = [0.99, 0.999];

function markText(ns: number | undefined): string {
  return ns === undefined ? "-" : figure(ns, "ns");
}

function rowsOf({ series, unit, reference }: Chart, output: Output): string[][] {
  return series.map((each) => {
    const { name, isOurs, value, ratio } = each;
    return [
      isOurs ? output.paint("cyan", name) : name,
      spreadText(value, (median) => figure(median, unit)),
      name === reference || !ratio ? "-" : spreadText(ratio, times),
      ...hasCurve(each) ? SLOW.map((share) => markText(latencyAt(each, share))) : [],
    ];
  });
}

/** Prints a table for each workload, and what was not measured. */
export function printResults(output: Output, { machine, charts, skipped }: BenchmarkResults): void {
  output.print(factsOf(machine).map(([name, value]) => `${name}: ${value}`).join("; "));
  const warning = warningOf(machine);
  if (warning) output.print(output.paint("yellow", warning));
  for (const chart of charts) {
    if (chart.series.length === 0) continue;
    const marks = chart.series.some(hasCurve) ? ["p99", "p99.9"] : [];
    const value = chart.unit === "ns" ? "median" : "per second";
    const headings = ["", value, `against ${chart.reference}`, ...marks];
    const hint = chart.unit === "ns" ? "less is better; no p99: too few samples" : "more is better";
    output.print(`\n${output.paint("bold", chart.title)}  ${output.paint("dim", hint)}`);
    output.table(headings, rowsOf(chart, output));
  }
  output.print(`\n${output.paint("bold", "Not measured")}`);
  for (const { name, reason } of skipped) output.print(`${name}: ${reason}`);
}

/** Prints all results as one line of JSON. */
export function printJson(output: Output, results: BenchmarkResults): void {
  output.json({ ...results, shares: SHARES, warning: warningOf(results.machine) });
}

/** The report of the results, for a page. */
export function reportOf(
  { date, machine, charts, comparisons, skipped }: BenchmarkResults,
): Report {
  return {
    title: "Ringbus on this machine",
    summary: "Ringbus and the runtime's own means: Unix sockets, TCP and postMessage. All took " +
      "turns, so the ratios count, and the absolute figures only illustrate.",
    date,
    warning: warningOf(machine),
    facts: factsOf(machine),
    charts,
    listings: [
      {
        title: "How many times faster",
        head: ["workload", "", "than", "median (min..max of the rounds)"],
        rows: comparisons.map(({ workload, ours, peer, timesFaster }) => [
          workload,
          ours,
          peer,
          spreadText(timesFaster, times),
        ]),
      },
      {
        title: "Not measured",
        head: ["who", "why"],
        rows: skipped.map(({ name, reason }) => [name, reason]),
      },
    ],
  };
}
