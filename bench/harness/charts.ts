/** The rows and verdicts of the benchmark of the rings as pictures and tables. */
import type { Chart, Listing, Series } from "../../cli/benchmark/charts/report.ts";
import type { Verdict } from "./targets.ts";
import type { Row, Workload } from "./types.ts";

const EXPLANATIONS: Record<Workload["kind"], string> = {
  roundtrip: "A message to another process and its reply, one at a time, both sides awake.",
  turns: "Both sides in one thread: each message is received before the next one is sent.",
  wake: "One way to a sleeping process, one message a millisecond.",
  throughput: "One way, as many as go, from the first send to the last receive.",
  busy: "What is left of the stream when a third process keeps a core busy.",
};

const TITLES: Record<string, string> = {
  roundtrip: "Round trip",
  turns: "In turns, in one thread",
  wake: "One way to a sleeping receiver",
  throughput: "Throughput",
  busy: "Throughput beside a busy process",
};

function titleOf({ id }: Workload): string {
  const [kind, size] = id.split("/");
  return `${TITLES[kind]}, ${size.replace(/(?<=\d)(?=\D)/, " ")}`;
}

function seriesOf(row: Row): Series[] {
  const { contestant: name, value, ratio, latenciesNs, unsteady } = row;
  if (value === undefined) return [];
  const footnote = unsteady ? `${unsteady} unsteady` : undefined;
  return [{
    name,
    isOurs: name.startsWith("Ringbus"),
    value,
    ratio,
    latenciesNs,
    footnote,
  }];
}

/** A chart for each workload that was run. */
export function chartsOf(workloads: readonly Workload[], rows: readonly Row[]): Chart[] {
  return workloads.flatMap((workload) => {
    const own = rows.filter((row) => row.workload === workload.id);
    if (own.length === 0) return [];
    return [{
      title: titleOf(workload),
      explanation: EXPLANATIONS[workload.kind],
      unit: own[0].unit,
      reference: own[0].contestant,
      series: own.flatMap(seriesOf),
      absent: own.flatMap(({ contestant: name, value, skipped, failed }) =>
        value ? [] : [{ name, reason: skipped ?? failed ?? "not run" }]
      ),
    }];
  });
}

/** The targets with what was found. */
export function targetListing(verdicts: readonly Verdict[]): Listing {
  return {
    title: "Targets",
    head: ["target", "found", "verdict"],
    rows: verdicts.map(({ target, figure, verdict, reason }) => [
      target,
      figure ?? "-",
      reason === undefined ? verdict : `${verdict}: ${reason}`,
    ]),
  };
}
