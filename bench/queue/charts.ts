/** The figures of the queues as pictures. */
import type { Chart } from "../../cli/benchmark/charts/report.ts";
import { seriesOf } from "../harness/page.ts";
import type { Row } from "./main.ts";

const MEASURES = [
  ["flow", "many at a time", "Published, delivered and acknowledged, many under way at once."],
  ["trips", "one at a time", "Published, delivered and acknowledged before the next is published."],
  ["reads", "reads", "Reads of 100 messages that wait, none of which is taken."],
] as const;

/** A chart for each table and measure. */
export function chartsOf(rows: readonly Row[]): Chart[] {
  return [...Map.groupBy(rows, (row) => row.table)].flatMap(([table, ofTable]) =>
    MEASURES.map(([key, title, explanation]): Chart => ({
      title: `${table}: ${title}`,
      explanation,
      unit: key === "reads" ? "calls/s" : "messages/s",
      reference: ofTable[0].name,
      series: ofTable.flatMap(({ name, rates, baseline }) => {
        const [own, base] = [rates, baseline].map((all) => all.flatMap((each) => each[key] ?? []));
        return seriesOf(name, name.startsWith("Ringbus"), own, base);
      }),
      absent: [],
    }))
  );
}
