/**
 * All metrics except the histogram of durations. The response of `/metrics` and the table in the
 * documentation follow.
 *
 * @module
 */

import { failuresAfterCommit } from "../../../lib/base/failure_counts.ts";
import type { ConnectionCounts } from "../../store/connection_stats.ts";
import type { StoreStats } from "../../store/store.ts";
import type { Topic } from "../../store/topic.ts";
import type { Backlog } from "./backlog.ts";
import { largest } from "./largest.ts";
import type { RouteStats } from "./request_stats.ts";
import type { View } from "./view.ts";

/** Number of topics with a series of their own: those with the most messages. */
export const MAX_TOPIC_SERIES = 100;

/** One value of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with all its series. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly labels: readonly string[];
  /** Its samples; none if it does not apply. */
  read(view: View): readonly Sample[];
}

type Read<T> = (from: T) => number;

function single(
  type: Family["type"],
  name: string,
  help: string,
  read: (view: View) => number | undefined,
): Family {
  return {
    name,
    type,
    help,
    labels: [],
    read(view) {
      const value = read(view);
      return value === undefined ? [] : [{ labels: {}, value }];
    },
  };
}

function ofStore(type: Family["type"], name: string, help: string, read: Read<StoreStats>): Family {
  return single(type, name, help, ({ stats }) => read(stats));
}

function ofTcp(
  type: Family["type"],
  name: string,
  help: string,
  read: Read<ConnectionCounts>,
): Family {
  return single(type, name, help, ({ connections }) => connections && read(connections));
}

function byTransport(
  name: string,
  help: string,
  read: (backlog: Backlog, view: View) => number,
): Family {
  return {
    name,
    type: "gauge",
    help,
    labels: ["transport"],
    read: (view) =>
      [...view.backlogs].map(([transport, backlog]) => ({
        labels: { transport },
        value: read(backlog, view),
      })),
  };
}

/** One sample for each of the largest topics, and one without a label for the sum of all others. */
function byTopic(name: string, help: string, read: Read<Topic>): Family {
  return {
    name,
    type: "gauge",
    help,
    labels: ["topic"],
    read({ observed: { store: { topics } } }) {
      const samples: Sample[] = largest(
        topics.values(),
        MAX_TOPIC_SERIES,
        (a, b) => b.length - a.length,
      )
        .map((topic) => ({ labels: { topic: topic.name }, value: read(topic) }));
      if (topics.size <= samples.length) return samples;
      let others = 0;
      for (const topic of topics.values()) others += read(topic);
      for (const { value } of samples) others -= value;
      return [...samples, { labels: {}, value: others }];
    },
  };
}

/** Labels of a route. Requests without a route have labels of their own. */
export function routeLabels({ method, path }: RouteStats): Record<string, string> {
  return { method: method ?? "any", route: path ?? "unmatched" };
}

/** The metrics, in the order of the documentation. */
export const FAMILIES: readonly Family[] = [
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
  ofStore("gauge", "ringbus_topics", "Topics that have messages", ({ topics }) => topics),
  ofStore("gauge", "ringbus_messages", "Messages in all topics", ({ messages }) => messages),
  ofStore("gauge", "ringbus_keys", "Keys of strings, hashes and sets", ({ keys }) => keys),
  byTopic("ringbus_topic_messages", "Messages in a topic", ({ length }) => length),
  byTopic("ringbus_topic_bytes", "Bytes of the messages in a topic", ({ bytes }) => bytes),
  ofStore(
    "gauge",
    "ringbus_memory_bytes",
    "Bytes of messages and keys, as maxBytes counts them",
    ({ bytes }) => bytes,
  ),
  single(
    "gauge",
    "ringbus_memory_limit_bytes",
    "The limit maxBytes; absent if there is none",
    ({ observed: { store: { maxBytes } } }) => maxBytes === Infinity ? undefined : maxBytes,
  ),
  single(
    "gauge",
    "ringbus_oldest_message_timestamp_seconds",
    "Timestamp, in Unix time, of the message that was stored first; absent if there is none",
    ({ observed: { store: { topics } } }) =>
      topics.firstStored && topics.firstStored.timestampMs / 1000,
  ),
  ofStore("counter", "ringbus_messages_stored_total", "Messages stored", ({ stored }) => stored),
  ofStore(
    "counter",
    "ringbus_messages_evicted_total",
    "Messages evicted because of maxMessagesPerTopic or maxBytes",
    ({ evicted }) => evicted,
  ),
  ofStore(
    "counter",
    "ringbus_items_expired_total",
    "Messages and keys removed because their time to live had passed",
    ({ expired }) => expired,
  ),
  ofStore(
    "counter",
    "ringbus_items_deleted_total",
    "Messages and keys deleted by a call",
    ({ deleted }) => deleted,
  ),
  ofStore(
    "counter",
    "ringbus_values_published_total",
    "Values published to channels",
    ({ published }) => published,
  ),
  {
    name: "ringbus_subscriptions",
    type: "gauge",
    help: "Subscriptions to topics and to patterns",
    labels: ["kind"],
    read: ({ stats }) => [
      { labels: { kind: "topic" }, value: stats.subscriptions },
      { labels: { kind: "pattern" }, value: stats.patternSubscriptions },
    ],
  },
  byTransport(
    "ringbus_subscribers",
    "Subscribers",
    ({ subscribers }) => subscribers,
  ),
  byTransport(
    "ringbus_backlog_messages",
    "Messages in the queues of subscribers",
    ({ messages }) => messages,
  ),
  byTransport("ringbus_backlog_bytes", "Bytes in the queues of subscribers", ({ bytes }) => bytes),
  byTransport(
    "ringbus_backlog_longest_messages",
    "Messages in the longest queue of a single subscriber",
    ({ longest }) => longest,
  ),
  byTransport(
    "ringbus_backlog_oldest_seconds",
    "Age of the oldest message in a queue",
    ({ oldestAtMs }, { nowMs }) => Math.max(0, nowMs - oldestAtMs) / 1000,
  ),
  ofStore(
    "counter",
    "ringbus_deliveries_total",
    "Messages added to the queues of subscribers",
    ({ delivered }) => delivered,
  ),
  ofStore(
    "counter",
    "ringbus_deliveries_dropped_total",
    "Messages dropped because the queue of a subscriber was full",
    ({ dropped }) => dropped,
  ),
  ofStore(
    "counter",
    "ringbus_subscribers_disconnected_total",
    "Subscribers disconnected because their queue was full",
    ({ disconnected }) => disconnected,
  ),
  ofTcp(
    "gauge",
    "ringbus_tcp_connections",
    "Open connections to the TCP server",
    ({ connections }) => connections,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_connections_accepted_total",
    "Accepted connections",
    ({ accepted }) => accepted,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_connections_refused_total",
    "Connections rejected because maxConnections were open",
    ({ refused }) => refused,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_connections_idled_total",
    "Connections closed because they were idle",
    ({ idled }) => idled,
  ),
  {
    name: "ringbus_tcp_commands_total",
    type: "counter",
    help: "Commands received by the TCP server",
    labels: ["command"],
    read: ({ connections }) =>
      Object.entries(connections?.commands ?? {})
        .map(([command, value]) => ({ labels: { command }, value })),
  },
  ofTcp(
    "counter",
    "ringbus_tcp_errors_total",
    "Lines with an error as their reply",
    ({ errors }) => errors,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_pushes_total",
    "Lines pushed to subscribers",
    ({ pushes }) => pushes,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_received_bytes_total",
    "Bytes received by the TCP server",
    ({ bytesReceived }) => bytesReceived,
  ),
  ofTcp(
    "counter",
    "ringbus_tcp_sent_bytes_total",
    "Bytes sent by the TCP server",
    ({ bytesSent }) => bytesSent,
  ),
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
