/**
 * What is found to be damaged.
 *
 * @module
 */

/** A part of a segment that cannot be right. */
export interface Issue {
  /** Byte in the file where it lies. */
  readonly offset: number;
  /** What lies there, such as `"lane 2"`. */
  readonly part: string;
  /** What is wrong with it. */
  readonly problem: string;
}
