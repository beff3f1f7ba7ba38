/**
 * A run's figures, for people and for programs.
 *
 * @module
 */

import type { Total } from "./run.ts";

/** Times in milliseconds. */
interface Times {
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

function timesOf(ms: readonly number[]): Times {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const ROWS: readonly [name: string, of: (summary: Summary) => string][] = [
  ["sessions", ({ sessions }) => count(sessions)],
  ["kills survived", ({ kills }) => count(kills)],
  ["stops survived", ({ stops }) => count(stops)],
  ["messages delivered", ({ messages }) => count(messages)],
  ["counted as missed", ({ missed }) => count(missed)],
  ["taken by the dead", ({ takenByDead }) => count(takenByDead)],
  ["kill to next message, p50/p99/max ms", ({ recoveryMs }) => times(recoveryMs)],
  ["longest gap beside a stopped one, ms", ({ stopGapMs }) => times(stopGapMs)],
  ["death to ShmPeerLostError, ms", ({ lostAfterMs }) => times(lostAfterMs)],
  ["largest segment, MB", ({ segmentBytes }) => (segmentBytes / 1e6).toFixed(1)],
  ["seconds", ({ seconds }) => count(Math.round(seconds))],
];

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function times({ count, p50, p99, max }: Times): string {
  return count === 0 ? "-" : `${p50} / ${p99} / ${max}`;
}

/** The figures as a table, one column a pattern. */
export function table(summaries: readonly Summary[]): string {
  const rows = [
    ["", ...summaries.map(({ pattern }) => pattern)],
    ...ROWS.map(([name, of]) => [name, ...summaries.map(of)]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ");
  return rows.map(line).join("\n");
}
