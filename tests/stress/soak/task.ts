/**
 * The tasks of the processes of a soak, and their samples.
 *
 * @module
 */

/** The patterns of a soak: the three patterns, and sockets that open and close. */
export const PATTERNS = ["queue", "broadcast", "request", "churn"] as const;

/** One of them. */
export type SoakPattern = typeof PATTERNS[number];

/** The task of one process. */
export interface SoakTask {
  pattern: SoakPattern;
  side: "sender" | "receiver";
  dir: string;
}

/** A sample of a process. */
export interface Sample {
  /** Messages sent or received since it began. */
  messages: number;
  /** Messages missed, by a subscriber. */
  missed: number;
  /** Wrong messages. */
  wrong: number;
  /** Resident memory after a collection. */
  rssBytes: number;
  descriptors: number;
  /** Mappings of files in the segment directory. */
  mappings: number;
}
