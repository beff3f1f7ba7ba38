/**
 * The few largest of many.
 *
 * @module
 */

/** At most `count` items, in the order that `compare` gives them; equal ones keep theirs. */
export function largest<T>(
  items: Iterable<T>,
  count: number,
  compare: (a: T, b: T) => number,
): T[] {
  let kept: T[] = [];
  for (const item of items) {
    kept.push(item);
    // Sorted now and then: far cheaper than to sort all of them.
    if (kept.length >= count * 4) kept = kept.sort(compare).slice(0, count);
  }
  return kept.sort(compare).slice(0, count);
}
