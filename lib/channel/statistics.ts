/**
 * What a socket counts.
 *
 * @module
 */

/** Counts of one socket since it was opened. */
export interface SocketStatistics {
  /** Messages sent. */
  sent: number;
  /** Messages received. */
  received: number;
  /** Messages received that a puller had returned, or had held when it closed or died. */
  redelivered: number;
  /** Messages that were not accepted because the ring was full. */
  dropped: number;
  /** Messages that were overwritten before this socket read them. */
  missed: number;
  /** Messages that a subscriber with `topics` passed, since they are of other topics or of none. */
  unmatched: number;
  /** Messages that a subscriber with `conflate` did not receive, since a newer one of their topic replaced them. */
  conflated: number;
  /** Payload bytes sent and received. */
  bytes: number;
  /** Values that could not be encoded, messages that could not be decoded, damage met. */
  errors: number;
}
