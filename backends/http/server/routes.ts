/**
 * All routes of the server: those of the store's operations, and those of the server itself. Dispatch,
 * the rejection of other requests, the OpenAPI description and the table in the documentation follow.
 *
 * @module
 */

import {
  DEFAULT_POLL_SECONDS,
  MAX_ENTRIES_PER_RESPONSE,
  MAX_POLL_SECONDS,
} from "../../store/limits.ts";
import { exposition } from "../metrics/exposition.ts";
import { DASHBOARD_ROUTES } from "./dashboard_routes.ts";
import { HttpError } from "./errors.ts";
import { reserveStream } from "./reply_quota.ts";
import { describeRoutes } from "./openapi.ts";
import { OPERATION_ROUTES } from "./operation_routes.ts";
import { MESSAGE_ROUTES } from "./message_routes.ts";
import { optionalId, optionalNumber, optionalText, text, texts } from "./parameters.ts";
import { QUEUE_ROUTES } from "./queue_routes.ts";
import { textResponse } from "./responses.ts";
import { type Route, route } from "./route.ts";
import { array, COUNT, object, status, TEXT } from "./schemas.ts";
import { statsOf } from "./stats.ts";

const SINCE_ID = optionalId(
  "begin with the stored messages of a later time than this id; the header Last-Event-ID goes on with " +
    "what was stored after the message with its id",
);

/** The routes, in the order of the documentation. */
export const ROUTES: readonly Route[] = [
  ...OPERATION_ROUTES,
  route({
    method: "DELETE",
    path: "/subscribers/{subscriber_id}",
    summary:
      "Ends all subscriptions of a subscriber and deletes its queue; returns 1, or 0 if there was none.",
    parameters: { subscriber_id: text("name of the subscriber") },
    response: object({ deleted: COUNT }),
    run: ({ subscribers }, { subscriber_id }) =>
      `{"deleted":${Number(subscribers.delete(subscriber_id))}}`,
  }),
  route({
    method: "GET",
    path: "/poll",
    hasEffect: true,
    summary:
      `Takes up to ${MAX_ENTRIES_PER_RESPONSE} entries from a subscriber's queue, and waits for the ` +
      "first one; `dropped` is the number of entries lost since the last poll because the queue was " +
      "full, `known` is false for a subscriber without subscriptions.",
    parameters: {
      subscriber_id: text("name of the subscriber"),
      timeout: optionalNumber(
        `seconds to wait, at most ${MAX_POLL_SECONDS}; default: ${DEFAULT_POLL_SECONDS}`,
      ),
    },
    response: object({
      messages: array({ $ref: "#/components/schemas/Entry" }),
      dropped: COUNT,
      known: { type: "boolean" },
    }),
    run: ({ subscribers }, { subscriber_id, timeout }, _headers, sent) =>
      subscribers.poll(subscriber_id, timeout, sent),
  }),
  route({
    method: "GET",
    path: "/events",
    hasEffect: true,
    summary:
      "Server-Sent Events: what is stored or published in the topics from now on; each event has one " +
      "entry as in `/poll`.",
    parameters: {
      topic: texts("a topic, one parameter each"),
      pattern: texts("a pattern, one parameter each"),
      since_id: SINCE_ID,
    },
    response: { $ref: "#/components/schemas/Entry" },
    mediaType: "text/event-stream",
    run({ eventStreams }, { topic, pattern, since_id }, headers, sent) {
      const last = headers.get("last-event-id") ?? "";
      const lastId = last === "" ? undefined : SINCE_ID.read([last], "Last-Event-ID");
      const request = { topics: topic, patterns: pattern, sinceId: since_id, lastId };
      return eventStreams.open(request, sent);
    },
  }),
  route({
    method: "GET",
    path: "/health",
    summary: "Reports that the server runs; needs no token.",
    parameters: {},
    isOpen: true,
    response: status("healthy"),
    run: () => '{"status":"healthy"}',
  }),
  route({
    method: "GET",
    path: "/stats",
    summary: "What the server holds and has counted.",
    parameters: {},
    response: object({
      status: TEXT,
      uptime: { type: "number" },
      topics: COUNT,
      total_messages: COUNT,
      subscriptions: COUNT,
      pattern_subscriptions: COUNT,
      waiting_polls: COUNT,
    }),
    run: (context) => JSON.stringify(statsOf(context)),
  }),
  route({
    method: "GET",
    path: "/metrics",
    summary: "Metrics for Prometheus: [the list](dashboard.md#metrics).",
    parameters: {},
    response: TEXT,
    mediaType: "text/plain",
    async run(context) {
      const exposed = await exposition(context);
      if (exposed === undefined) throw noDescriptors();
      return textResponse(exposed.contentType, exposed.text);
    },
  }),
  route({
    method: "GET",
    path: "/snapshots",
    hasEffect: true,
    summary: "Server-Sent Events: what the [dashboard](dashboard.md) shows, once a second.",
    parameters: {},
    response: object({ uptimeSeconds: { type: "number" }, rates: { type: ["object", "null"] } }),
    mediaType: "text/event-stream",
    run({ store, viewers }, _values, _headers, sent) {
      if (viewers.isFull) throw new HttpError(429, `${viewers.size} dashboards are open already`);
      reserveStream(store, sent);
      return viewers.open();
    },
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    summary: "The OpenAPI description of these routes.",
    parameters: {},
    response: { type: "object" },
    run: () => JSON.stringify(describeRoutes(ROUTES)),
  }),
  ...DASHBOARD_ROUTES,
  ...QUEUE_ROUTES,
  ...MESSAGE_ROUTES,
  route({
    method: "GET",
    path: "/",
    summary:
      "For a browser the [dashboard](dashboard.md), for others a link to the description; with `token`, " +
      "sets the cookie that authenticates a browser.",
    parameters: { token: optionalText("the server's token") },
    response: object({ name: TEXT, description: TEXT }),
    run: () => '{"name":"ringbus","description":"/openapi.json"}',
  }),
];

function noDescriptors(): HttpError {
  return new HttpError(
    503,
    "cannot load the library for metrics now: no file descriptor is left; ask later",
    { "retry-after": "1" },
  );
}
