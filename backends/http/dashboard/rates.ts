/**
 * How fast counters grow.
 *
 * @module
 */

/** Counters by what they belong to, as they were at the last look. */
export class CounterDeltas<K extends WeakKey> {
  readonly #counts = new WeakMap<K, number>();

  /** By how much a counter has grown since the last look; one that was not there began at 0. */
  update(key: K, count: number): number {
    const before = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count);
    return count - before;
  }
}

/** By how much each of some counters has grown, of those that were there before. */
export function deltasOf(
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const deltas = Object.entries(now).map((
    [name, count],
  ) => [name, count - (before[name] ?? count)]);
  return Object.fromEntries(deltas);
}
