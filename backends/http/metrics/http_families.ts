/**
 * The metrics of the requests of an HTTP server.
 *
 * @module
 */

import { type Family, type Labels, single } from "./family.ts";
import type { RouteStats } from "./request_stats.ts";

/** Labels of a route. Requests without a route have labels of their own. */
function routeLabels({ method, path }: RouteStats): Labels {
  return { method: method ?? "any", route: path ?? "unmatched" };
}

/** The metrics. */
export const HTTP_FAMILIES: readonly Family[] = [
  {
    name: "ringbus_http_requests_total",
    type: "counter",
    help: "Requests with a response",
    labels: ["method", "route", "status"],
    read: ({ observed }) =>
      [...observed.requests.routes()].flatMap((route) =>
        [...route.statuses].map(([status, value]) => ({
          labels: { ...routeLabels(route), status: String(status) },
          value,
        }))
      ),
  },
  {
    name: "ringbus_http_request_duration_seconds",
    type: "histogram",
    help: "Time from a request to the start of its response",
    labels: ["method", "route"],
    read: ({ observed }) =>
      observed.requests.routes()
        .map((route) => ({ labels: routeLabels(route), durations: route.durations })).toArray(),
  },
  single(
    "gauge",
    "ringbus_http_waiting_polls",
    "Polls that wait for a message",
    ({ observed }) => observed.subscribers.waiting,
  ),
  single(
    "gauge",
    "ringbus_http_event_streams",
    "Open streams of Server-Sent Events",
    ({ observed }) => observed.eventStreams.size,
  ),
];
