/**
 * One HTML page with the charts and tables of a report. The page is complete, runs no script, and its
 * policy forbids it to load anything.
 */
import { barChart } from "./bar_chart.ts";
import { chartTable, listingTable } from "./chart_table.ts";
import { type Html, html } from "./html.ts";
import { latencyChart } from "./latency_chart.ts";
import type { Chart, Report } from "./report.ts";
import { STYLE } from "./style.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

async function figureOf(chart: Chart): Promise<Html> {
  const picture = await latencyChart(chart) ?? await barChart(chart);
  return html`
    <section>
      <h2>${chart.title}</h2>
      <p>${chart.explanation}</p>
      <figure>${picture}<figcaption>${chartTable(chart)}</figcaption></figure>
    </section>
  `;
}

function facts({ date, facts }: Report): Html {
  const all = [["date", `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`], ...facts];
  return html`<dl>${
    all.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** The text of the page. */
export async function pageOf(report: Report): Promise<string> {
  const figures: Html[] = [];
  for (const chart of report.charts) figures.push(await figureOf(chart));
  const warning = report.warning && html`<p class="warning" role="note">${report.warning}</p>`;
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${report.title}</title>
        <style>${STYLE}</style>
      </head>
      <body>
        <main>
    <header><h1>${report.title}</h1><p>${report.summary}</p>${facts(report)}${warning}</header>
    ${figures}${report.listings.map(listingTable)}
        </main>
      </body>
    </html>
  `.markup;
}

/** Writes the page, and creates its folder if there is none. */
export async function writePage(path: string, report: Report): Promise<void> {
  const { dirname } = await import("node:path");
  const page = await pageOf(report);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, page);
}
