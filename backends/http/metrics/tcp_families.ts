/**
 * The metrics of the TCP servers of a store, and of their Redis-speaking clients.
 *
 * @module
 */

import type { ConnectionStatsSource, RedisClientState } from "../../store/connection_stats.ts";
import { type Family, largestSeries, ofTcp, type Sample } from "./family.ts";

/** Number of error codes with a series of their own: a script may reply with any code. */
const MAX_CODE_SERIES = 20;
const STATES: readonly RedisClientState[] = ["normal", "blocked", "subscribed", "monitor"];

function clientsByState(sources: Iterable<ConnectionStatsSource>): Sample[] {
  const counts = new Map(STATES.map((state) => [state, 0]));
  for (const source of sources) {
    for (const { state } of source.redisClients()) counts.set(state, counts.get(state)! + 1);
  }
  return [...counts].map(([state, value]) => ({ labels: { state }, value }));
}

function errorsByCode(sources: Iterable<ConnectionStatsSource>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const source of sources) {
    for (const [code, count] of source.redisErrors()) {
      counts.set(code, (counts.get(code) ?? 0) + count);
    }
  }
  return counts;
}

/** The metrics. */
export const TCP_FAMILIES: readonly Family[] = [
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
  {
    name: "ringbus_tcp_command_duration_seconds",
    type: "histogram",
    help: "Time to execute a command; of those that arrive together, only the first is measured",
    labels: ["command"],
    read: ({ commandDurations }) =>
      [...commandDurations].map(([command, durations]) => ({ labels: { command }, durations })),
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
    name: "ringbus_redis_clients",
    type: "gauge",
    help: "Clients that speak the protocol of Redis, by what they do",
    labels: ["state"],
    read: ({ observed, connections }) =>
      connections === undefined ? [] : clientsByState(observed.store.connectionStats),
  },
  {
    name: "ringbus_redis_errors_total",
    type: "counter",
    help: "Error replies to clients that speak the protocol of Redis",
    labels: ["code"],
    read: ({ observed }) =>
      largestSeries({
        items: errorsByCode(observed.store.connectionStats),
        label: "code",
        count: MAX_CODE_SERIES,
        nameOf: ([code]) => code,
        sizeOf: ([, count]) => count,
        read: ([, count]) => count,
      }),
  },
];
