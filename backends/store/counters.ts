/** What a store has counted since it was made. */
export interface Counters {
  /** Messages stored, those that replaced one included. */
  stored: number;
  /** Texts and values published. */
  published: number;
  /** Entries put into subscribers' queues. */
  delivered: number;
  /** Entries lost because a subscriber's queue was full. */
  dropped: number;
  /** Subscribers cut off because their queue was full. */
  disconnected: number;
  /** Messages removed to keep within `maxMessagesPerTopic` or `maxBytes`. */
  evicted: number;
  /** Messages and keys removed because their time was over. */
  expired: number;
  /** Messages and keys removed because a call deleted them. */
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
