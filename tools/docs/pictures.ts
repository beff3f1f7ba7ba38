/**
 * The pictures of the pages, drawn from the figures of their tables: `docs/pictures/*.svg`.
 *
 * @module
 */

import { barChart } from "../../cli/benchmark/charts/bar_chart.ts";
import type { Series, Unit } from "../../cli/benchmark/charts/report.ts";
import { COLOURS } from "../../cli/benchmark/charts/style.ts";

const ROOT = new URL("../../", import.meta.url);
/** The folder of the pictures. */
export const PICTURE_FOLDER = "docs/pictures/";
/** Space around a chart. */
const MARGIN = 12;

/** A picture of one column of a table. */
export interface Picture {
  /** The page with the table. */
  readonly page: string;
  /** The heading of the column with the figures; the first column has the names. */
  readonly column: string;
  readonly unit: Unit;
  /** The row that the others are compared with. */
  readonly reference: string;
  /** What the picture shows, for who cannot see it. */
  readonly title: string;
}

const WHY = { page: "docs/why.md", reference: "a ring in C, as a yardstick" } as const;
const REDIS = { page: "docs/redis-server.md", reference: "", unit: "ratio" } as const;

/** The pictures by the names of their files. */
export const PICTURES: Readonly<Record<string, Picture>> = {
  "round-trip.svg": {
    ...WHY,
    column: "there and back",
    unit: "ns",
    title: "The time of a message of 64 bytes to another process and back",
  },
  "one-way.svg": {
    ...WHY,
    column: "a second, one way",
    unit: "messages/s",
    title: "Messages of 64 bytes a second from one process to another",
  },
  "redis-one-at-a-time.svg": {
    ...REDIS,
    column: "one at a time",
    title: "Commands a second, one at a time, as a part of those of redis-server",
  },
  "redis-pipeline.svg": {
    ...REDIS,
    column: "16 in a pipeline",
    title: "Commands a second, 16 in a pipeline, as a part of those of redis-server",
  },
};

/** The cells of a table of a page, with its heading as the first row. */
type Rows = readonly (readonly string[])[];

function tableWith(page: string, column: string): Rows {
  const text = Deno.readTextFileSync(new URL(page, ROOT));
  for (const [table] of text.matchAll(/(?:^\|.*\n)+/gm)) {
    const rows = table.trim().split("\n").map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    );
    if (rows[0].includes(column)) return [rows[0], ...rows.slice(2)];
  }
  throw new Error(`${page} has no table with a column "${column}"`);
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  ns: 1,
  us: 1e3,
  ms: 1e6,
  k: 1e3,
  M: 1e6,
};

/** The figure in a cell; undefined if it is empty. */
function figureIn(cell: string): number | undefined {
  const found = cell.match(/^([\d.]+)\s*(ns|us|ms|k|M|)$/);
  if (found === null && cell !== "") throw new Error(`"${cell}" is no figure of a picture`);
  return found === null ? undefined : Number(found[1]) * FACTORS[found[2]];
}

/** The bars of a picture, in the order of the table. */
export function seriesOf({ page, column, unit, reference }: Picture): Series[] {
  const [head, ...rows] = tableWith(page, column);
  const at = head.indexOf(column);
  const figures = rows.map((row): [string, number | undefined] => [
    row[0].replaceAll("`", ""),
    figureIn(row[at]),
  ]);
  const base = figures.find(([name]) => name === reference)?.[1];
  return figures.filter((row): row is [string, number] => row[1] !== undefined)
    .map(([name, value]) => ({
      name,
      isOurs: unit === "ratio" || name.includes("Ringbus"),
      value: same(value),
      ratio: base === undefined ? undefined : same(value / base),
    }));
}

const same = (value: number) => ({ median: value, min: value, max: value });

/** The text of a picture: it loads nothing, and is readable on light and dark pages. */
async function drawPicture(picture: Picture): Promise<string> {
  const { title, unit, reference } = picture;
  const series = seriesOf(picture);
  const chart = await barChart({ title, explanation: "", unit, reference, series, absent: [] });
  const { width, height, content } = partsOf(chart!.markup);
  const [outerWidth, outerHeight] = [width + 2 * MARGIN, height + 2 * MARGIN];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${outerWidth}" height="${outerHeight}" ` +
    `viewBox="0 0 ${outerWidth} ${outerHeight}" role="img">\n` +
    `<title>${title}</title>\n<style>${COLOURS.markup}</style>\n` +
    `<rect width="100%" height="100%" rx="8" fill="var(--panel)"/>\n` +
    `<g transform="translate(${MARGIN},${MARGIN})">${content}</g>\n</svg>\n`;
}

/** All pictures, by their paths. */
export async function drawPictures(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const [file, picture] of Object.entries(PICTURES)) {
    texts.set(`${PICTURE_FOLDER}${file}`, await drawPicture(picture));
  }
  return texts;
}

/** The size and the content of the picture in the markup of a chart. */
function partsOf(markup: string): { width: number; height: number; content: string } {
  const found = markup.match(/<svg[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>(.*)<\/svg>/s);
  if (found === null) throw new Error("the chart is no picture of a known size");
  return { width: Number(found[1]), height: Number(found[2]), content: found[3] };
}
