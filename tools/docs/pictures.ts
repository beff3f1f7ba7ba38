/**
 * The pictures of the pages, `docs/pictures/*.svg`: charts of the figures of their tables, and drawings of the
 * layout.
 *
 * @module
 */

import { type Bar, barPicture } from "./pictures/bars.ts";
import { drawings } from "./pictures/drawings.ts";

const ROOT = new URL("../../", import.meta.url);
/** The folder of the pictures. */
export const PICTURE_FOLDER = "docs/pictures/";

/** A picture of one column of a table. */
export interface Picture {
  /** The page with the table. */
  readonly page: string;
  /** The heading of the column with the figures; the first column has the names. */
  readonly column: string;
  readonly title: string;
  /** What a long bar means. */
  readonly meaning: string;
  /** Whether a row is about Ringbus. Default: its name says so. */
  readonly isOurs?: (name: string) => boolean;
}

const LESS = "less is better";
const MORE = "more is better";
const WHY = "docs/why.md";
const PERFORMANCE = "docs/performance.md";
const REDIS = { page: "docs/redis-server.md", meaning: MORE, isOurs: () => true } as const;

/** The charts by the names of their files. */
export const CHARTS: Readonly<Record<string, Picture>> = {
  "round-trip.svg": {
    page: WHY,
    column: "there and back",
    meaning: LESS,
    title: "64 bytes to another process and back",
  },
  "one-way.svg": {
    page: WHY,
    column: "a second, one way",
    meaning: MORE,
    title: "Messages of 64 bytes a second, one way",
  },
  "turns.svg": {
    page: PERFORMANCE,
    column: "a message",
    meaning: LESS,
    title: "The time a message of 64 bytes takes",
    isOurs: (name) => name !== "C ring",
  },
  "start.svg": {
    page: PERFORMANCE,
    column: "processor time",
    meaning: LESS,
    title: "Processor time of a program, from start to end",
    isOurs: (name) => /^(imports|bytes|objects)/.test(name),
  },
  "redis-one-at-a-time.svg": {
    ...REDIS,
    column: "one at a time",
    title: "Commands one at a time, of those of redis-server",
  },
  "redis-pipeline.svg": {
    ...REDIS,
    column: "16 in a pipeline",
    title: "Commands in a pipeline, of those of redis-server",
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

/** The bars of a chart, in the order of the table. */
export function barsOf({ page, column, isOurs = isNamed }: Picture): Bar[] {
  const [head, ...rows] = tableWith(page, column);
  const at = head.indexOf(column);
  return rows.flatMap((row) => {
    const [name, text] = [row[0].replaceAll("`", ""), row[at]];
    const value = figureIn(text);
    return value === undefined ? [] : [{ name, text, value, isOurs: isOurs(name) }];
  });
}

function isNamed(name: string): boolean {
  return name.includes("Ringbus");
}

/** All pictures, by their paths. */
export function drawPictures(): Map<string, string> {
  const charts = Object.entries(CHARTS).map(([file, chart]): [string, string] => [
    file,
    barPicture({ ...chart, bars: barsOf(chart) }),
  ]);
  const all = [...charts, ...drawings()];
  return new Map(all.map(([file, text]) => [`${PICTURE_FOLDER}${file}`, text]));
}
