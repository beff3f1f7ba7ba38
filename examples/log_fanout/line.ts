// The channels of the log, and what a line is.

/** For whoever looks on: a reader that is too slow misses lines, and nobody waits for it. */
export const LIVE = "example-log-live";
/** For the archive: no line is lost, and a full ring holds up who writes. */
export const ARCHIVE = "example-log-archive";
/** Small, so that a slow reader misses something soon. */
export const CAPACITY_BYTES = 16 * 1024;

/** A line of a log. */
export interface Line {
  service: string;
  number: number;
  level: "debug" | "info" | "error";
  text: string;
}
