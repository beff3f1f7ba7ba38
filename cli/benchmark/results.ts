/** The measurements as charts, and the comparisons of Ringbus with the others. */
import type { Absent, Chart, Series, Spread } from "./charts/report.ts";
import type { Measurement } from "./measure.ts";
import { medianCurve, spread } from "./stats.ts";
import { ELSEWHERE, type Workload } from "./workloads.ts";

const NO_TIME = "there was no time";

/** How many times faster Ringbus is than a peer, for each run. */
export interface Comparison {
  readonly workload: string;
  readonly ours: string;
  readonly peer: string;
  readonly timesFaster: Spread;
}

function valuesOf({ runs }: Measurement): number[] {
  return runs.map(({ value }) => value);
}

/** The ratios of all runs. Undefined unless both have all of the same runs. */
function ratioOf(own: Measurement, other: Measurement): Spread | undefined {
  const [values, others] = [valuesOf(own), valuesOf(other)];
  if (values.length === 0 || values.length !== others.length) return undefined;
  return spread(values.map((value, run) => value / others[run]));
}

function hasFigures({ runs, skipReason }: Measurement): boolean {
  return runs.length > 0 && skipReason === undefined;
}

function lacksFigures(measurement: Measurement): boolean {
  return !hasFigures(measurement);
}

/** The reference: the first of the runtime's own means that was measured, or else the first contestant. */
function referenceOf(measurements: readonly Measurement[]): Measurement | undefined {
  const able = measurements.filter(hasFigures);
  return able.find(({ contestant }) => !contestant.isOurs) ?? able[0];
}

function seriesOf(measurement: Measurement, reference: Measurement): Series {
  const { name, isOurs } = measurement.contestant;
  const curves = measurement.runs.flatMap(({ latenciesNs }) => latenciesNs ? [latenciesNs] : []);
  return {
    name,
    isOurs,
    value: spread(valuesOf(measurement)),
    ratio: ratioOf(measurement, reference),
    latenciesNs: curves.length > 0 ? medianCurve(curves) : undefined,
  };
}

function byWorkload(measurements: readonly Measurement[]): [Workload, Measurement[]][] {
  return [...Map.groupBy(measurements, ({ workload }) => workload)];
}

/** A chart for each workload. */
export function chartsOf(measurements: readonly Measurement[]): Chart[] {
  return byWorkload(measurements).map(([workload, own]) => {
    const reference = referenceOf(own);
    return {
      title: workload.title,
      explanation: workload.explanation,
      unit: workload.kind === "throughput" ? "messages/s" : "ns",
      reference: reference?.contestant.name ?? "none",
      series: reference ? own.filter(hasFigures).map((entry) => seriesOf(entry, reference)) : [],
      absent: own.filter(lacksFigures).map(({ contestant, skipReason }): Absent => ({
        name: contestant.name,
        reason: skipReason ?? NO_TIME,
      })),
    };
  });
}

/** Comparisons of Ringbus with each of the runtime's own means. */
export function comparisonsOf(measurements: readonly Measurement[]): Comparison[] {
  return byWorkload(measurements).flatMap(([{ id, kind }, own]) => {
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

/** The contestants that were not measured, with each reason once. */
export function skippedOf(measurements: readonly Measurement[]): Absent[] {
  const reasons = new Map<string, Absent>();
  for (
    const { contestant: { name }, skipReason: skipReason = NO_TIME } of measurements.filter(
      lacksFigures,
    )
  ) {
    reasons.set(`${name}: ${skipReason}`, { name, reason: skipReason });
  }
  return [...reasons.values(), ...ELSEWHERE];
}
