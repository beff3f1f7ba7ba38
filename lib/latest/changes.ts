/**
 * What a watch reports.
 *
 * @module
 */

/** A change of a key's value. */
export interface LatestChange<T> {
  /** The key. */
  readonly key: string;
  /** The value; undefined if it was deleted or has expired. */
  readonly value: T | undefined;
  /** True if the key has no value any more. */
  readonly isDeleted: boolean;
}
