/**
 * Reports of damage.
 *
 * @module
 */

/** A damaged part of a segment. */
export interface Issue {
  /** Byte offset of the part in the file. */
  readonly offset: number;
  /** The part, such as `"lane 2"`. */
  readonly part: string;
  /** What is wrong with it. */
  readonly problem: string;
}
