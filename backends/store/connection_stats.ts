/**
 * Counters of a server with connections. The server registers them with the store, where other servers of
 * the same store find them. The store does not use them.
 *
 * @module
 */

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

/** The counters of a running server. */
export interface ConnectionStatsSource {
  /** The current counters. */
  snapshot(): ConnectionCounts;
}
