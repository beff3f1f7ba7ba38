/**
 * The metrics in the format of Prometheus. The library is loaded at the first scrape.
 *
 * @module
 */

import type { Metric, Registry } from "prom-client";
import { canLoadModules, loadModule } from "../../../lib/base/descriptors.ts";
import { FAMILIES, type Family, routeLabels } from "./families.ts";
import { QUEUE_FAMILIES } from "./queue_families.ts";
import { viewsOf } from "./queue_view.ts";
import { DURATION_BOUNDS_SECONDS, type RouteStats } from "./request_stats.ts";
import { type Observed, type View, viewOf } from "./view.ts";

const ALL_FAMILIES: readonly Family[] = [...FAMILIES, ...QUEUE_FAMILIES];

/** Name of the histogram of requests. */
export const DURATION_NAME = "ringbus_http_request_duration_seconds";
/** Description of the histogram of requests. */
export const DURATION_HELP = "Time from a request to the start of its response";

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
  const view = viewOf(observed, await viewsOf(observed.queues ?? {}));
  for (const family of ALL_FAMILIES) register(library, registry, family, view);
  registerDurations(registry, observed.requests.routes());
  return { text: await registry.metrics(), contentType: registry.contentType };
}

type Library = typeof import("prom-client");

function register(library: Library, registry: Registry, family: Family, view: View): void {
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

/** Registers the counted durations. The histogram of the library accepts single observations only. */
function registerDurations(registry: Registry, routes: Iterable<RouteStats>): void {
  const values = [...routes].flatMap(durationValues);
  if (values.length === 0) return;
  const family = { name: DURATION_NAME, help: DURATION_HELP, type: "histogram", values };
  registry.registerMetric({ ...family, get: () => family } as unknown as Metric);
}

function durationValues(route: RouteStats) {
  const labels = routeLabels(route);
  let count = 0;
  const buckets = [...DURATION_BOUNDS_SECONDS, "+Inf"].map((le, i) => ({
    metricName: `${DURATION_NAME}_bucket`,
    labels: { ...labels, le },
    value: count += route.buckets[i],
  }));
  return [
    ...buckets,
    { metricName: `${DURATION_NAME}_sum`, labels, value: route.seconds },
    { metricName: `${DURATION_NAME}_count`, labels, value: route.count },
  ];
}

/** The table of the documentation, in Markdown. */
export function metricsTable(): string {
  const durations = {
    name: DURATION_NAME,
    type: "histogram",
    help: DURATION_HELP,
    labels: ["method", "route"],
  };
  const rows = [FAMILIES[0], durations, ...ALL_FAMILIES.slice(1)].map((
    { name, type, help, labels },
  ) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`);
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows]
    .join("\n");
}
