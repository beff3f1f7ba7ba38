/** What was measured, as charts, and how ours compares. */
import type { Absent, Chart, Series, Spread } from "./charts/report.ts";
import type { Entry } from "./measure.ts";
import { medianCurve, spread } from "./stats.ts";
import { ELSEWHERE, type Workload } from "./workloads.ts";

const NO_TIME = "there was no time";

/** How many times faster ours is than a peer, run by run. */
export interface Comparison {
  readonly workload: string;
  readonly ours: string;
  readonly peer: string;
  readonly timesFaster: Spread;
}

function valuesOf({ runs }: Entry): number[] {
  return runs.map(({ value }) => value);
}

/** Run by run; undefined unless both did all the same runs. */
function ratioOf(own: Entry, other: Entry): Spread | undefined {
  const [values, others] = [valuesOf(own), valuesOf(other)];
  if (values.length === 0 || values.length !== others.length) return undefined;
  return spread(values.map((value, run) => value / others[run]));
}

function hasFigures({ runs, obstacle }: Entry): boolean {
  return runs.length > 0 && obstacle === undefined;
}

function lacksFigures(entry: Entry): boolean {
  return !hasFigures(entry);
}

/** The first of the runtime's own, or whoever comes first when none of them was measured. */
function referenceOf(entries: readonly Entry[]): Entry | undefined {
  const able = entries.filter(hasFigures);
  return able.find(({ contestant }) => !contestant.isOurs) ?? able[0];
}

function seriesOf(entry: Entry, reference: Entry): Series {
  const { name, isOurs } = entry.contestant;
  const curves = entry.runs.flatMap(({ latenciesNs }) => latenciesNs ? [latenciesNs] : []);
  return {
    name,
    isOurs,
    value: spread(valuesOf(entry)),
    ratio: ratioOf(entry, reference),
    latenciesNs: curves.length > 0 ? medianCurve(curves) : undefined,
  };
}

function byWorkload(entries: readonly Entry[]): [Workload, Entry[]][] {
  return [...Map.groupBy(entries, ({ workload }) => workload)];
}

/** A chart for each workload. */
export function chartsOf(entries: readonly Entry[]): Chart[] {
  return byWorkload(entries).map(([workload, own]) => {
    const reference = referenceOf(own);
    return {
      title: workload.title,
      explanation: workload.explanation,
      unit: workload.kind === "throughput" ? "messages/s" : "ns",
      reference: reference?.contestant.name ?? "nobody",
      series: reference ? own.filter(hasFigures).map((entry) => seriesOf(entry, reference)) : [],
      absent: own.filter(lacksFigures).map(({ contestant, obstacle }): Absent => ({
        name: contestant.name,
        reason: obstacle ?? NO_TIME,
      })),
    };
  });
}

/** Ours against each of the runtime's own. */
export function comparisonsOf(entries: readonly Entry[]): Comparison[] {
  return byWorkload(entries).flatMap(([{ id, kind }, own]) => {
    const able = own.filter(hasFigures);
    const ours = able.filter(({ contestant }) => contestant.isOurs);
    const peers = able.filter(({ contestant }) => !contestant.isOurs);
    return ours.flatMap((entry) =>
      peers.flatMap((peer) => {
        const timesFaster = kind === "throughput" ? ratioOf(entry, peer) : ratioOf(peer, entry);
        const [name, other] = [entry.contestant.name, peer.contestant.name];
        return timesFaster ? [{ workload: id, ours: name, peer: other, timesFaster }] : [];
      })
    );
  });
}

/** Everyone who was not measured at something, and why; once for each reason. */
export function skippedOf(entries: readonly Entry[]): Absent[] {
  const reasons = new Map<string, Absent>();
  for (const { contestant: { name }, obstacle = NO_TIME } of entries.filter(lacksFigures)) {
    reasons.set(`${name}: ${obstacle}`, { name, reason: obstacle });
  }
  return [...reasons.values(), ...ELSEWHERE];
}
