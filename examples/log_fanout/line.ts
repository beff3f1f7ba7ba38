// The channels of the log, and the type of a line.

/** For viewers: a reader that is too slow misses lines, and the writers do not wait for it. */
export const LIVE = "example-log-live";
/** For the archive: no line is lost, and writers wait while the ring is full. */
export const ARCHIVE = "example-log-archive";
/** Small, so that a slow reader soon misses lines. */
export const CAPACITY_BYTES = 16 * 1024;

/** A line of a log. */
export interface Line {
  service: string;
  number: number;
  level: "debug" | "info" | "error";
  text: string;
}
