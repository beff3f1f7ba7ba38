/**
 * A run's figures, for people and for programs.
 *
 * @module
 */

import type { Total } from "./run.ts";

/** Times in milliseconds. */
export interface Times {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** A pattern's figures. */
export interface Summary extends Omit<Total, "lostAfterMs" | "afterKillsMs" | "duringStopsMs"> {
  /** From a kill to the next message that a survivor got. */
  recoveryMs: Times;
  /** The longest time without a message for the others while one stood still. */
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

/** The middle, the slow end and the slowest. */
export function timesOf(ms: readonly number[]): Times {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** With one digit behind the point. */
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
  ["delivered again", ({ again }) => count(again)],
  ["done twice", ({ doubled }) => count(doubled)],
  ["kill to next message, p50/p99/max ms", ({ recoveryMs }) => times(recoveryMs)],
  ["longest gap beside a stopped one, ms", ({ stopGapMs }) => times(stopGapMs)],
  ["death to ShmPeerLostError, ms", ({ lostAfterMs }) => times(lostAfterMs)],
  ["largest segment, MB", ({ segmentBytes }) => (segmentBytes / 1e6).toFixed(1)],
  ["seconds", ({ seconds }) => count(Math.round(seconds))],
];

/** With separators between thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** The three figures of a row. */
export function times({ count, p50, p99, max }: Times): string {
  return count === 0 ? "-" : `${p50} / ${p99} / ${max}`;
}

/** Figures as a table with these rows, one column a pattern. */
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
