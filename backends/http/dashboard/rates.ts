/**
 * Growth of counters between two snapshots.
 *
 * @module
 */

/** Values of counters at the last snapshot, by their owners. */
export class CounterDeltas<K extends WeakKey> {
  readonly #counts = new WeakMap<K, number>();

  /** Growth of a counter since the last snapshot; a new counter started at 0. */
  update(key: K, count: number): number {
    const before = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count);
    return count - before;
  }
}

/** Growth of counters by name; a new counter has grown by 0. */
export function deltasOf(
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const deltas = Object.entries(now).map((
    [name, count],
  ) => [name, count - (before[name] ?? count)]);
  return Object.fromEntries(deltas);
}
