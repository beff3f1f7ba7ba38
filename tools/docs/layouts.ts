/**
 * The drawings of layouts in the pages, made from the descriptor.
 *
 * @module
 */

import type { Field } from "../../lib/base/structure.ts";
import { commandTables } from "./commands.ts";
import { markdownTable } from "./markdown_table.ts";
import { CONTROL, type DrawnStructure, HEADER, RECORDING, TABLES } from "./structures.ts";

const ROW_BYTES = 8;
/** Columns of a byte, with the line after it. */
const BYTE_WIDTH = 6;
const WIDTH = ROW_BYTES * BYTE_WIDTH - 1;

/** Generated parts of pages, by the names in their marks. */
type Parts = Readonly<Record<string, () => string>>;

/** The pages with generated parts. */
export const DRAWN_PAGES: Readonly<Record<string, Parts>> = {
  "docs/how-it-works.md": {
    segment: () =>
      `${picture("The parts of a segment", "segment")}\n\nThe header:\n\n` +
      `${picture("The fields of the header, eight bytes a row", "header")}\n\n${table(HEADER)}`,
    lane: () => picture("The fields of a lane, eight bytes a row", "lane"),
    record: () => picture("A record, and the fields of its frame", "record"),
    tables: () => drawings([CONTROL, ...TABLES]),
  },
  "docs/recordings.md": { recording: () => drawings(RECORDING) },
  "docs/redis-server.md": { commands: commandTables },
};

/** A page with its generated parts replaced. */
export function withParts(path: string, page: string): string {
  return Object.entries(DRAWN_PAGES[path]).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- drawn: ${name} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${path} has no marks ${begin} and ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${part()}\n\n${text.slice(to)}`;
  }, page);
}

function drawings(structures: readonly DrawnStructure[]): string {
  return structures.map((one) => `${captionOf(one)}\n\n${fenced(draw(one))}`).join("\n\n");
}

function picture(meaning: string, file: string): string {
  return `![${meaning}](pictures/${file}.svg)`;
}

function fenced(lines: readonly string[]): string {
  return ["```text", ...lines, "```"].join("\n");
}

function captionOf({ title, bytes }: DrawnStructure): string {
  return `${title}, ${bytes} bytes:`;
}

/** A drawing with a row for each eight bytes. Unused rows are drawn as one. */
export function draw({ fields, bytes }: DrawnStructure): string[] {
  const rows: [offset: number, cells: string][] = [];
  let next = 0;
  for (const [at, group] of Map.groupBy(fields, rowOf)) {
    if (at > next) rows.push([next, " ".repeat(WIDTH)]);
    rows.push([at, cellsOf(at, group)]);
    next = at + Math.max(ROW_BYTES, group[0].bytes);
  }
  if (next < bytes) rows.push([next, " ".repeat(WIDTH)]);
  const digits = `${rows.at(-1)![0]}`.length;
  const edge = `${" ".repeat(digits)} +${"-".repeat(WIDTH)}+`;
  const lines = rows.map(([at, cells]) => `${`${at}`.padStart(digits)} |${cells}|`);
  return [...lines.flatMap((line) => [edge, line]), edge];
}

function rowOf({ offset }: Field): number {
  return offset - offset % ROW_BYTES;
}

/** The fields of a row, each at its column. */
function cellsOf(row: number, fields: readonly Field[]): string {
  if (fields[0].bytes >= ROW_BYTES) return cell(fields[0], WIDTH);
  const cells: string[] = [];
  let next = row;
  for (const field of fields) {
    if (field.offset > next) cells.push(" ".repeat(widthOf(field.offset - next)));
    cells.push(cell(field, widthOf(field.bytes)));
    next = field.offset + field.bytes;
  }
  const rest = row + ROW_BYTES - next;
  return [...cells, ...rest > 0 ? [" ".repeat(widthOf(rest))] : []].join("|");
}

function widthOf(bytes: number): number {
  return bytes * BYTE_WIDTH - 1;
}

function cell({ label, bytes }: Field, width: number): string {
  const text = `${label}${bytes > ROW_BYTES ? ` (${bytes} bytes)` : ""}`;
  return (text.length < width ? ` ${text}` : text).padEnd(width);
}

/** A table with a line for each field, as `deno fmt` formats it. */
function table({ fields, bytes }: DrawnStructure): string {
  const last = fields.at(-1)!;
  const rest = last.offset + last.bytes;
  const rows = [
    ["bytes", "content"],
    ...fields.map((field) => [rangeOf(field.offset, field.bytes), field.meaning!]),
    [
      rangeOf(rest, bytes - rest),
      "zero, for later versions; a local channel keeps its state before use in the last eight",
    ],
  ];
  return markdownTable(rows);
}

function rangeOf(offset: number, bytes: number): string {
  return `${offset}-${offset + bytes - 1}`;
}
