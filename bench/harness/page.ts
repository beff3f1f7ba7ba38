/** The page with the pictures of a benchmark. */
import { fileURLToPath } from "node:url";
import { writePage } from "../../cli/benchmark/charts/page.ts";
import type { Chart, Listing, Series } from "../../cli/benchmark/charts/report.ts";
import { factsOf, type Machine, warningOf } from "../../cli/benchmark/machine.ts";
import { spread } from "../../cli/benchmark/stats.ts";

/** What is on the page beside what every benchmark has. */
export interface ChartPage {
  readonly title: string;
  readonly summary: string;
  readonly machine: Machine;
  readonly charts: readonly Chart[];
  readonly listings?: readonly Listing[];
}

/** The path of a benchmark's page: `html` if it is set; with `json` no page by default. */
export function pagePath(
  name: string,
  { html, json }: { readonly html?: string; readonly json?: boolean },
): string | undefined {
  if (html !== undefined || json) return html;
  return fileURLToPath(new URL(`../../.cache/${name}.html`, import.meta.url));
}

/** The runs of one contestant as a series; none if it has no figure. */
export function seriesOf(
  name: string,
  isOurs: boolean,
  values: readonly number[],
  reference: readonly number[],
): Series[] {
  if (values.length === 0) return [];
  const ratio = values.length === reference.length
    ? spread(values.map((value, run) => value / reference[run]))
    : undefined;
  return [{ name, isOurs, value: spread(values), ratio }];
}

/** Writes the page if there is a path, and prints the path. */
export async function writeChartPage(path: string | undefined, page: ChartPage): Promise<void> {
  if (path === undefined) return;
  const { machine, listings = [], ...rest } = page;
  await writePage(path, {
    ...rest,
    listings,
    facts: factsOf(machine),
    date: new Date(),
    warning: warningOf(machine),
  });
  console.error(`pictures: ${path}`);
}
