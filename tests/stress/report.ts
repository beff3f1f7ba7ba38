/**
 * The figures of a run, as a table and as JSON.
 *
 * @module
 */

import type { Total } from "./run.ts";

/** Durations in milliseconds. */
export interface Times {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** A pattern's figures. */
export interface Summary extends Omit<Total, "lostAfterMs" | "afterKillsMs" | "duringStopsMs"> {
  /** From a kill to the next message of any survivor. */
  recoveryMs: Times;
  /** The longest time without a message for the others while a process was stopped. */
  stopGapMs: Times;
  /** From the death of a replier to the error at the requester. */
  lostAfterMs: Times;
}

/** Sums up a pattern. */
export function summarize(total: Total): Summary {
  const { lostAfterMs, afterKillsMs, duringStopsMs, ...counts } = total;
  return {
    ...counts,
    seconds: round(counts.seconds),
    recoveryMs: timesOf(afterKillsMs),
    stopGapMs: timesOf(duringStopsMs),
    lostAfterMs: timesOf(lostAfterMs),
  };
}

/** The median, p99 and maximum. */
export function timesOf(ms: readonly number[]): Times {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** A number with one decimal. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Rows of the table of a run with random attacks. */
export const ROWS: readonly [name: string, of: (summary: Summary) => string][] = [
  ["sessions", ({ sessions }) => count(sessions)],
  ["kills survived", ({ kills }) => count(kills)],
  ["stops survived", ({ stops }) => count(stops)],
  ["messages delivered", ({ messages }) => count(messages)],
  ["counted as missed", ({ missed }) => count(missed)],
  ["taken by the dead", ({ takenByDead }) => count(takenByDead)],
  ["delivered again", ({ redelivered }) => count(redelivered)],
  ["done twice", ({ doubled }) => count(doubled)],
  ["kill to next message, p50/p99/max ms", ({ recoveryMs }) => times(recoveryMs)],
  ["longest gap beside a stopped process, ms", ({ stopGapMs }) => times(stopGapMs)],
  ["death to ShmPeerLostError, ms", ({ lostAfterMs }) => times(lostAfterMs)],
  ["largest segment, MB", ({ segmentBytes }) => (segmentBytes / 1e6).toFixed(1)],
  ["seconds", ({ seconds }) => count(Math.round(seconds))],
];

/** A number with separators between thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** The three figures of a row. */
export function times({ count, p50, p99, max }: Times): string {
  return count === 0 ? "-" : `${p50} / ${p99} / ${max}`;
}

/** A table with these rows, and a column for each pattern. */
export function tableOf<S extends { pattern: string }>(
  names: readonly [name: string, of: (summary: S) => string][],
  summaries: readonly S[],
): string {
  const rows = [
    ["", ...summaries.map(({ pattern }) => pattern)],
    ...names.map(([name, of]) => [name, ...summaries.map(of)]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ");
  return rows.map(line).join("\n");
}
