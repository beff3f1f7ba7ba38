/** The figures of the servers as pictures. */
import type { Chart } from "../../cli/benchmark/charts/report.ts";
import { seriesOf } from "../harness/page.ts";
import { boundOf, type Row } from "./compare.ts";

const NS_PER_US = 1000;

function explanationOf(group: readonly Row[]): string {
  const what = group[0].measure.unit === "us" ? "Microseconds, of each run." : "As many as go.";
  const targets = group.filter(({ target }) => target !== undefined)
    .map((row) => `${row.name} is to reach ${boundOf(row)}.`);
  return [what, ...targets].join(" ");
}

/** A chart for each table and measure. */
export function chartsOf(rows: readonly Row[]): Chart[] {
  const groups = Map.groupBy(rows, ({ table, measure }) => `${table}: ${measure.name}`);
  return [...groups].map(([title, group]): Chart => {
    const [{ measure, name: reference, figures }] = group;
    const scale = (values: readonly number[]) =>
      measure.unit === "us" ? values.map((value) => value * NS_PER_US) : values;
    return {
      title,
      explanation: explanationOf(group),
      unit: measure.unit === "us" ? "ns" : "calls/s",
      reference,
      series: group.flatMap((row) =>
        seriesOf(row.name, row.isOurs, scale(row.figures), scale(figures))
      ),
      absent: group.flatMap((row) =>
        row.figures.length > 0 ? [] : [{ name: row.name, reason: "it has no such figure" }]
      ),
    };
  });
}
