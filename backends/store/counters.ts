/** Counters of a store since it was created. */
export interface Counters {
  /** Messages stored, including those that replaced another. */
  stored: number;
  /** Published values. */
  published: number;
  /** Entries added to the queues of subscribers. */
  delivered: number;
  /** Entries dropped because the queue of a subscriber was full. */
  dropped: number;
  /** Subscribers disconnected because their queue was full. */
  disconnected: number;
  /** Messages evicted because of `maxMessagesPerTopic` or `maxBytes`. */
  evicted: number;
  /** Messages and keys removed because their time to live had passed. */
  expired: number;
  /** Messages and keys deleted by a call. */
  deleted: number;
}

/** Counters at 0. */
export function newCounters(): Counters {
  return {
    stored: 0,
    published: 0,
    delivered: 0,
    dropped: 0,
    disconnected: 0,
    evicted: 0,
    expired: 0,
    deleted: 0,
  };
}
