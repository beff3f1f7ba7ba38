/**
 * Tables that fit a width. Long texts are shortened first, then whole columns are left out.
 *
 * @module
 */

import { escapeBesideStyles } from "../control_characters.ts";
import { shortened, textWidth } from "./text_width.ts";

/** What a cell shows. Numbers are aligned to the right. */
export type Cell = string | number;

/** A column, as far as its place in a table is concerned. */
export interface TableColumn {
  readonly heading: string;
  /**
   * When it is left out: of all columns those with the highest rank go first, of equal ones the last.
   * Default: 1. A column of rank 0 stays.
   */
  readonly rank?: number;
  /** True if half of a text has no meaning: it is left out, and not shortened. */
  readonly isWhole?: boolean;
}

/** A table, and what it lacks. */
export interface FittedTable {
  /** The line of the headings. */
  readonly head: string;
  readonly rows: string[];
  /** Headings of the columns that are not shown. */
  readonly hidden: string[];
  /** Headings of the columns with shortened texts. */
  readonly cut: string[];
}

/** Columns between two cells. */
const GAP = 2;
/** Texts are not shortened below this width. */
const LEAST_WIDTH = 8;

/** A column of a table while its width is sought. */
interface Sized extends TableColumn {
  readonly cells: readonly Cell[];
  readonly least: number;
  readonly full: number;
  width: number;
}

/** Lays out rows under their headings within a width. */
export function fit(
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
  width: number,
): FittedTable {
  const sized = columns.map((column, index) =>
    sizedColumn(column, rows.map((row) => shownCell(row[index])))
  );
  const shown = withoutLeast(sized, width);
  shrink(shown, width);
  return {
    head: line(shown.map((column) => headingOf(column))),
    rows: rows.map((_, row) => line(shown.map((column) => aligned(column.cells[row], column)))),
    hidden: sized.filter((column) => !shown.includes(column)).map(({ heading }) => heading),
    cut: shown.filter(({ width, full }) => width < full).map(({ heading }) => heading),
  };
}

function shownCell(cell: Cell): Cell {
  return typeof cell === "number" ? cell : escapeBesideStyles(cell);
}

function sizedColumn(column: TableColumn, cells: readonly Cell[]): Sized {
  const head = textWidth(column.heading);
  const full = Math.max(head, ...cells.map((cell) => textWidth(`${cell}`)));
  const isText = !column.isWhole && cells.some((cell) => typeof cell === "string");
  const least = isText ? Math.min(full, Math.max(head, LEAST_WIDTH)) : full;
  return { ...column, cells, full, least, width: full };
}

function withoutLeast(columns: readonly Sized[], width: number): Sized[] {
  const shown = [...columns];
  while (totalOf(shown, "least") > width) {
    const rank = Math.max(...shown.map(({ rank = 1 }) => rank));
    if (rank === 0) break;
    shown.splice(shown.findLastIndex((column) => (column.rank ?? 1) === rank), 1);
  }
  return shown;
}

/** Takes from the widest column, one after the other, what is too much. */
function shrink(columns: readonly Sized[], width: number): void {
  for (let excess = totalOf(columns, "width") - width; excess > 0; excess--) {
    const wide = columns.filter((column) => column.width > column.least);
    if (wide.length === 0) return;
    wide.reduce((one, other) => other.width > one.width ? other : one).width--;
  }
}

function totalOf(columns: readonly Sized[], size: "least" | "width"): number {
  const gaps = GAP * Math.max(0, columns.length - 1);
  return columns.reduce((total, column) => total + column[size], gaps);
}

function line(cells: readonly string[]): string {
  return cells.join(" ".repeat(GAP)).trimEnd();
}

function headingOf({ heading, cells, width }: Sized): string {
  const isRight = cells.length > 0 && cells.every((cell) => typeof cell === "number");
  const padding = " ".repeat(width - textWidth(heading));
  return isRight ? padding + heading : heading + padding;
}

function aligned(cell: Cell, { width }: Sized): string {
  const text = shortened(`${cell}`, width);
  const padding = " ".repeat(Math.max(0, width - textWidth(text)));
  return typeof cell === "number" ? padding + text : text + padding;
}
