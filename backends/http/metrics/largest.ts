/**
 * The largest items of many.
 *
 * @module
 */

/** The first `count` items in the order of `compare`. Equal items keep their order. */
export function largest<T>(
  items: Iterable<T>,
  count: number,
  compare: (a: T, b: T) => number,
): T[] {
  let kept: T[] = [];
  for (const item of items) {
    kept.push(item);
    // Sorting in intervals is far cheaper than sorting all items.
    if (kept.length >= count * 4) kept = kept.sort(compare).slice(0, count);
  }
  return kept.sort(compare).slice(0, count);
}
