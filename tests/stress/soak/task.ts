/**
 * What a soak asks of its processes, and what they report.
 *
 * @module
 */

/** What is soaked: the three patterns, and sockets that come and go. */
export const PATTERNS = ["queue", "broadcast", "request", "churn"] as const;

/** One of them. */
export type SoakPattern = typeof PATTERNS[number];

/** What one process does. */
export interface SoakTask {
  pattern: SoakPattern;
  side: "sender" | "receiver";
  dir: string;
}

/** What a process holds and has done. */
export interface Sample {
  /** Messages sent or received since it began. */
  messages: number;
  /** Messages missed, by a subscriber. */
  missed: number;
  /** Messages that were not what should have come. */
  wrong: number;
  /** After a collection. */
  rssBytes: number;
  descriptors: number;
  /** Mappings of files in the segment directory. */
  mappings: number;
}
