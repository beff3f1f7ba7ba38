/**
 * Counters of a server with connections. The server registers them with the store, where other servers of
 * the same store find them. The store does not use them.
 *
 * @module
 */

import type { Durations } from "./durations.ts";
import type { RecentError } from "./recent_errors.ts";

/** Counters of a server since it was created. */
export interface ConnectionCounts {
  /** Connections that are open. */
  connections: number;
  /** Accepted connections. */
  accepted: number;
  /** Connections rejected because `maxConnections` were open. */
  refused: number;
  /** Connections closed because they were idle for `idleTimeoutMs`. */
  idled: number;
  /** Lines with an error as their reply. */
  errors: number;
  /** Lines pushed to subscribers. */
  pushes: number;
  /** Bytes received. */
  bytesReceived: number;
  /** Bytes sent. */
  bytesSent: number;
  /** Number of calls by name of the command. */
  commands: Record<string, number>;
}

/** A client that speaks the protocol of Redis. */
export interface RedisClientInfo {
  readonly id: number;
  /** The name that it has given itself; empty if it has none. */
  readonly name: string;
  /** Its address, such as `127.0.0.1:50000`. */
  readonly address: string;
  readonly user: string;
  /** Number of the database that it has selected. */
  readonly database: number;
  /** Seconds since it connected, and since its last command. */
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  readonly lastCommand: string;
  /** Commands that it has sent. */
  readonly commands: number;
  /** Channels and patterns that it subscribes to. */
  readonly subscriptions: number;
  readonly state: RedisClientState;
}

/** What a client does: it sends commands, waits in one, hears messages, or hears the commands of all others. */
export type RedisClientState = "normal" | "blocked" | "subscribed" | "monitor";

/** The counters of a running server. */
export interface ConnectionStatsSource {
  /** The current counters. */
  snapshot(): ConnectionCounts;
  /**
   * How long commands took to execute, by their names as in the counters. Of those that arrive together, only
   * the first is measured, because reading the clock takes as long as some commands.
   */
  durations(): ReadonlyMap<string, Durations>;
  /** The clients that speak the protocol of Redis. */
  redisClients(): IteratorObject<RedisClientInfo>;
  /** Error replies to them by code, such as `ERR`. */
  redisErrors(): Iterable<readonly [code: string, count: number]>;
  /** The last error replies of any protocol. */
  recentErrors(): Iterable<RecentError>;
}
