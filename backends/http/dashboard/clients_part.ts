/**
 * The clients that speak the protocol of Redis, for the snapshots of a server.
 *
 * @module
 */

import type { ConnectionStatsSource, RedisClientInfo } from "../../store/connection_stats.ts";
import { largest } from "../metrics/largest.ts";

/** Most rows of the table of clients. */
const MAX_CLIENTS = 50;

/** The clients. */
export interface ClientsPart {
  total: number;
  /** Those that sent a command last. */
  clients: readonly RedisClientInfo[];
}

/** The clients of all TCP servers of a store; null if there is no such server. */
export function clientsOf(sources: ReadonlySet<ConnectionStatsSource>): ClientsPart | null {
  if (sources.size === 0) return null;
  let total = 0;
  const all = sources.values().flatMap((source) => source.redisClients()).map((client) => {
    total++;
    return client;
  });
  const clients = largest(all, MAX_CLIENTS, (a, b) => a.idleSeconds - b.idleSeconds);
  return { total, clients };
}
