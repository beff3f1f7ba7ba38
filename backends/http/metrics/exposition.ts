/**
 * The metrics in the format of Prometheus. The library is loaded at the first scrape.
 *
 * @module
 */

import type { Metric, Registry } from "prom-client";
import { canLoadModules, loadModule } from "../../../lib/base/descriptors.ts";
import { FAMILIES } from "./families.ts";
import type { Family, HistogramFamily, HistogramSample } from "./family.ts";
import { machineViewOf } from "./machine_view.ts";
import { viewsOf } from "./queue_view.ts";
import { stateViewsOf } from "./state_view.ts";
import { type Observed, type View, viewOf } from "./view.ts";

/** The response to a scrape. */
export interface Exposition {
  readonly text: string;
  readonly contentType: string;
}

let loaded: Library | undefined;

/** The current metrics of a server. Undefined if the library for them cannot be loaded now. */
export async function exposition(observed: Observed): Promise<Exposition | undefined> {
  if (loaded === undefined && !canLoadModules()) return undefined;
  const library = loaded ??= (await loadModule(() => import("prom-client"))).default;
  const registry = new library.Registry();
  const [queues, states, machine] = await Promise.all([
    viewsOf(observed.queues ?? {}),
    stateViewsOf(observed.states ?? {}),
    machineViewOf(observed.machine),
  ]);
  const view = viewOf(observed, { queues, states, machine });
  for (const family of FAMILIES) register(library, registry, family, view);
  return { text: await registry.metrics(), contentType: registry.contentType };
}

type Library = typeof import("prom-client");

function register(library: Library, registry: Registry, family: Family, view: View): void {
  if (family.type === "histogram") return registerHistogram(registry, family, view);
  const samples = family.read(view);
  // The library reports a metric without labels as 0, so a metric without samples is not registered.
  if (samples.length === 0) return;
  const { name, help, labels: labelNames } = family;
  const config = { name, help, labelNames, registers: [registry] };
  const metric = family.type === "counter"
    ? new library.Counter(config)
    : new library.Gauge(config);
  for (const { labels, value } of samples) metric.inc(labels, value);
}

/** Registers counted durations. The histogram of the library accepts single observations only. */
function registerHistogram(registry: Registry, family: HistogramFamily, view: View): void {
  const { name, help, type } = family;
  const values = family.read(view).flatMap((sample) => histogramValues(name, sample));
  if (values.length === 0) return;
  const metric = { name, help, type, values };
  registry.registerMetric({ ...metric, get: () => metric } as unknown as Metric);
}

function histogramValues(name: string, { labels, durations }: HistogramSample) {
  let count = 0;
  const buckets = [...durations.bounds, "+Inf"].map((le, i) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: count += durations.buckets[i],
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: durations.seconds },
    { metricName: `${name}_count`, labels, value: durations.count },
  ];
}

/** The table of the documentation, in Markdown. */
export function metricsTable(): string {
  const rows = FAMILIES.map(({ name, type, help, labels }) => {
    const names = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows]
    .join("\n");
}
