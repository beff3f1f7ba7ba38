/** The rows of one workload as a table of text. */
import { duration, figure, rate, spreadText, times } from "../../cli/benchmark/charts/format.ts";
import type { Row, Unit } from "./types.ts";

const TITLES: Record<Unit, string[]> = {
  ns: ["p50 (min..max of runs)", "min", "p99", "p99.9", "max"],
  "messages/s": ["rate (min..max of runs)", "GB/s"],
  "share of clean": ["busy / clean (min..max of runs)", "clean", "busy"],
};

function detailCells(unit: Unit, detail: Record<string, number>): string[] {
  if (unit === "ns") return ["min", "p99", "p99.9", "max"].map((key) => duration(detail[key]));
  if (unit === "messages/s") return [detail["GB/s"].toFixed(2)];
  return [rate(detail["clean"]), rate(detail["busy"])];
}

function cells(row: Row): string[] {
  if (row.skipped) return [row.contestant, `skipped: ${row.skipped}`];
  if (!row.value || !row.detail) return [row.contestant, `failed: ${row.failed ?? "not run"}`];
  const against = row.ratio ? spreadText(row.ratio, times) : "-";
  const value = spreadText(row.value, (value) => figure(value, row.unit));
  const name = row.unsteady ? `${row.contestant} (${row.unsteady} unsteady)` : row.contestant;
  return [name, value, against, ...detailCells(row.unit, row.detail)];
}

/** Rows with a reason instead of figures do not widen the columns. */
function widths(lines: readonly string[][], columns: number): number[] {
  return Array.from({ length: columns }, (_, column) => {
    const full = lines.filter((line) => line.length === columns || column === 0);
    return Math.max(...full.map((line) => line[column].length));
  });
}

export function tableOf(rows: readonly Row[]): string {
  const { workload, unit } = rows[0];
  const [value, ...details] = TITLES[unit];
  const title = [workload, value, `against ${rows[0].contestant}`, ...details];
  const lines = [title, ...rows.map(cells)];
  const width = widths(lines, title.length);
  const text = lines.map((line) =>
    line.map((cell, column) => cell.padEnd(width[column])).join("  ").trimEnd()
  );
  return [text[0], "-".repeat(text[0].length), ...text.slice(1)].join("\n");
}
