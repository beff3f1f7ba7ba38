/**
 * The few largest of many.
 *
 * @module
 */

/** At most `count` items, the largest first; those of equal size keep their order. */
export function largest<T>(items: Iterable<T>, count: number, sizeOf: (item: T) => number): T[] {
  const bySize = (a: T, b: T) => sizeOf(b) - sizeOf(a);
  let kept: T[] = [];
  for (const item of items) {
    kept.push(item);
    // Sorted now and then: far cheaper than to sort all of them.
    if (kept.length >= count * 4) kept = kept.sort(bySize).slice(0, count);
  }
  return kept.sort(bySize).slice(0, count);
}
