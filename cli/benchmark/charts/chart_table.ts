/** The figures of a chart as a table: exact, and readable without the picture. */
import { barColour, lineStylesOf } from "./colours.ts";
import { duration, figure, spreadText, times } from "./format.ts";
import { type Html, html } from "./html.ts";
import { hasCurve, latencyAt, MARKS } from "./latency_chart.ts";
import type { Chart, Listing, Series, Unit } from "./report.ts";

const VALUES: Record<Unit, string> = {
  ns: "median latency",
  "messages/s": "messages per second",
  "calls/s": "calls per second",
  "share of clean": "share of the clean figure",
};

function head(chart: Chart, marks: readonly string[]): Html {
  const names = ["", VALUES[chart.unit], `against ${chart.reference}`, ...marks];
  return html`
    <thead>
      <tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr>
    </thead>
  `;
}

function markCells(series: Series): string[] {
  if (!hasCurve(series)) return MARKS.map(() => "-");
  return MARKS.map(([share]) => {
    const ns = latencyAt(series, share);
    return ns === undefined ? "-" : duration(ns);
  });
}

function row(series: Series, { unit, reference }: Chart, hasMarks: boolean, colour: string): Html {
  const { name, isOurs, value, ratio, footnote } = series;
  const against = name === reference || !ratio ? "-" : spreadText(ratio, times);
  const cells = [
    spreadText(value, (each) => figure(each, unit)),
    against,
    ...hasMarks ? markCells(series) : [],
  ];
  const swatch = html`<span class="swatch" style="background:${colour}"></span>`;
  const note = footnote === undefined ? undefined : html`
    <small>${footnote}</small>
  `;
  return html`<tr class="${isOurs ? "ours" : ""}"><th scope="row">${swatch}${name}${note}</th>${
    cells.map((cell) => html`<td>${cell}</td>`)
  }</tr>`;
}

/** A row for each series, and for each contestant that was not measured. */
export function chartTable(chart: Chart): Html {
  const hasMarks = chart.series.some(hasCurve);
  const marks = hasMarks ? MARKS.map(([, name]) => name) : [];
  const styles = hasMarks ? lineStylesOf(chart.series) : [];
  const columns = 2 + marks.length;
  const rows = chart.series.map((series, i) =>
    row(series, chart, hasMarks, styles[i]?.colour ?? barColour(series, chart.reference))
  );
  const absent = chart.absent.map(({ name, reason }) =>
    html`
      <tr class="absent">
        <th scope="row">${name}</th>
        <td colspan="${columns}">not measured: ${reason}</td>
      </tr>
    `
  );
  return html`
    <div class="scroll">
      <table><caption>${chart.title}: figures</caption>${head(
        chart,
        marks,
      )}<tbody>${rows}${absent}</tbody></table>
    </div>
  `;
}

/** A table of texts. */
export function listingTable({ title, head, rows }: Listing): Html {
  return html`
    <section>
      <h2>${title}</h2>
      <div class="scroll">
        <table class="words">
          <caption>${title}</caption>
          <thead>
            <tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr>
          </thead>
          <tbody>${rows.map(([name, ...cells]) =>
            html`<tr><th scope="row">${name}</th>${
              cells.map((cell) => html`<td>${cell}</td>`)
            }</tr>`
          )}</tbody>
        </table>
      </div>
    </section>
  `;
}
