/**
 * All metrics. The response of `/metrics`, the table in the documentation and the test of the Grafana board
 * follow.
 *
 * @module
 */

import { failuresAfterCommit } from "../../../lib/base/failure_counts.ts";
import { type Family, single } from "./family.ts";
import { HTTP_FAMILIES } from "./http_families.ts";
import { MACHINE_FAMILIES } from "./machine_families.ts";
import { QUEUE_FAMILIES } from "./queue_families.ts";
import { STATE_FAMILIES } from "./state_families.ts";
import { STORE_FAMILIES } from "./store_families.ts";
import { TCP_FAMILIES } from "./tcp_families.ts";

/** The metrics of the server's process. */
const PROCESS_FAMILIES: readonly Family[] = [
  {
    name: "ringbus_failures_after_commit_total",
    type: "counter",
    help: "Failures of a step after its operation had succeeded, in the server's isolate",
    labels: ["step"],
    read: () =>
      Object.entries(failuresAfterCommit())
        .map(([step, value]) => ({ labels: { step }, value })),
  },
  single(
    "gauge",
    "ringbus_uptime_seconds",
    "Time since the HTTP server started to listen",
    ({ observed }) => observed.uptimeSeconds(),
  ),
  single(
    "gauge",
    "process_resident_memory_bytes",
    "Memory of the whole process",
    () => Deno.memoryUsage().rss,
  ),
];

/** The metrics, in the order of the documentation. */
export const FAMILIES: readonly Family[] = [
  ...HTTP_FAMILIES,
  ...STORE_FAMILIES,
  ...TCP_FAMILIES,
  ...PROCESS_FAMILIES,
  ...MACHINE_FAMILIES,
  ...QUEUE_FAMILIES,
  ...STATE_FAMILIES,
];
