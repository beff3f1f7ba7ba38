/**
 * The figures of a run of the failpoints.
 *
 * @module
 */

import { count, round, type Times, times, timesOf } from "../report.ts";
import type { PointName } from "./points.ts";
import type { Scenario } from "./reach.ts";
import type { FailpointTotal } from "./run.ts";

/** A pattern's figures. */
export interface FailpointSummary {
  pattern: string;
  /** Points at which a process was held. */
  points: number;
  kills: number;
  stops: number;
  /** Scenarios whose point no process reached in time. */
  unreached: string[];
  messages: number;
  recoveryMs: Times;
  stopGapMs: Times;
  lostAfterMs: Times;
  seconds: number;
}

/** Sums up a pattern. */
export function summarizeFailpoints(total: FailpointTotal): FailpointSummary {
  const { pattern, done, unreached, messages } = total;
  const deeds = (deed: Scenario["deed"]) =>
    done.filter((scenario) => scenario.deed === deed).length;
  return {
    pattern,
    points: new Set(done.map(({ point }) => point)).size,
    kills: deeds("kill"),
    stops: deeds("stop"),
    unreached: unreached.map(({ part, point, deed }) => `${part} ${point} ${deed}`),
    messages,
    recoveryMs: timesOf(total.afterKillsMs),
    stopGapMs: timesOf(total.duringStopsMs),
    lostAfterMs: timesOf(total.lostAfterMs),
    seconds: round(total.seconds),
  };
}

/** Rows of the table. Each pattern has a column. */
export const FAILPOINT_ROWS: readonly [name: string, of: (summary: FailpointSummary) => string][] =
  [
    ["failpoints", ({ points }) => count(points)],
    ["killed at a point", ({ kills }) => count(kills)],
    ["stopped at a point", ({ stops }) => count(stops)],
    ["not reached in time", ({ unreached }) => count(unreached.length)],
    ["messages delivered", ({ messages }) => count(messages)],
    ["kill to next message, p50/p99/max ms", ({ recoveryMs }) => times(recoveryMs)],
    ["longest gap beside a stopped process, ms", ({ stopGapMs }) => times(stopGapMs)],
    ["death to ShmPeerLostError, ms", ({ lostAfterMs }) => times(lostAfterMs)],
    ["seconds", ({ seconds }) => count(Math.round(seconds))],
  ];

/** Points of the scenarios at which no process was held. */
export function missedPoints(
  scenarios: readonly Scenario[],
  totals: readonly FailpointTotal[],
): PointName[] {
  const held = new Set(totals.flatMap(({ done }) => done.map(({ point }) => point)));
  return [...new Set(scenarios.map(({ point }) => point))].filter((point) => !held.has(point));
}
