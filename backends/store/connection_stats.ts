/**
 * What a server of connections counts. It puts its counters up at the store, where the other servers of
 * that store find them: the store itself never looks.
 *
 * @module
 */

/** What a server of connections has counted since it was made. */
export interface ConnectionCounts {
  /** Connections that are open. */
  connections: number;
  /** Connections that were accepted. */
  accepted: number;
  /** Connections that were refused because there were `maxConnections`. */
  refused: number;
  /** Connections that were closed because nothing came for `idleTimeoutMs`. */
  idled: number;
  /** Lines that were answered with an error. */
  errors: number;
  /** Lines pushed to subscribers. */
  pushes: number;
  /** Bytes that came. */
  bytesReceived: number;
  /** Bytes that went. */
  bytesSent: number;
  /** How often each command came, by name. */
  commands: Record<string, number>;
}

/** The counters of a server that listens. */
export interface ConnectionStatsSource {
  /** The counters, by name. */
  snapshot(): ConnectionCounts;
}
