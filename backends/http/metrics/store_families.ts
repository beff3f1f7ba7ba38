/**
 * The metrics of a store: topics, keys, subscriptions, and the queues of subscribers.
 *
 * @module
 */

import type { Keyspace } from "../../store/keyspace.ts";
import type { PatternEntry } from "../../store/pattern_index.ts";
import {
  byTopic,
  byTransport,
  type Family,
  largestSeries,
  MAX_TOPIC_SERIES,
  ofStore,
  type Sample,
  single,
} from "./family.ts";
import { largest } from "./largest.ts";
import { patternSubscribers } from "./pattern_subscribers.ts";
import type { View } from "./view.ts";

/** Number of patterns with a series of their own: those with the most subscribers. */
export const MAX_PATTERN_SERIES = 100;

function byDatabase({ observed: { store } }: View, read: (keys: Keyspace) => number): Sample[] {
  return store.databases.made.map((keys) => ({
    labels: { database: String(keys.index) },
    value: read(keys),
  }));
}

function sizeOfPattern({ subscriptions }: PatternEntry): number {
  return subscriptions.size;
}

/** The metrics. */
export const STORE_FAMILIES: readonly Family[] = [
  ofStore("gauge", "ringbus_topics", "Topics that have messages", ({ topics }) => topics),
  ofStore("gauge", "ringbus_messages", "Messages in all topics", ({ messages }) => messages),
  ofStore("gauge", "ringbus_keys", "Keys of strings, hashes and sets", ({ keys }) => keys),
  {
    name: "ringbus_database_keys",
    type: "gauge",
    help: "Keys of a numbered database",
    labels: ["database"],
    read: (view) => byDatabase(view, ({ size }) => size),
  },
  {
    name: "ringbus_database_expiring_keys",
    type: "gauge",
    help: "Keys of a numbered database that have a time to live",
    labels: ["database"],
    read: (view) => byDatabase(view, ({ expiringKeys }) => expiringKeys),
  },
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
  {
    name: "ringbus_topic_subscribers",
    type: "gauge",
    help: "Subscribers of a topic that has messages: by its name, and by patterns that match it",
    labels: ["topic", "kind"],
    read: ({ observed: { store: { topics, subscriptions } } }) =>
      largest(topics.values(), MAX_TOPIC_SERIES, (a, b) => b.length - a.length)
        .flatMap(({ name }) => [
          { labels: { topic: name, kind: "topic" }, value: subscriptions.countOf(name) },
          {
            labels: { topic: name, kind: "pattern" },
            value: patternSubscribers(subscriptions, name),
          },
        ]),
  },
  {
    name: "ringbus_pattern_subscribers",
    type: "gauge",
    help: "Subscribers of a pattern",
    labels: ["pattern"],
    read: ({ observed: { store: { subscriptions } } }) =>
      largestSeries({
        items: subscriptions.patterns.values(),
        label: "pattern",
        count: MAX_PATTERN_SERIES,
        nameOf: ({ pattern }) => pattern,
        sizeOf: sizeOfPattern,
        read: sizeOfPattern,
      }),
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
];
