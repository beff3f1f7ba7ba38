/**
 * Versions of Redis.
 *
 * @module
 */

/** True if something that came with one version is in another. */
export function isSince(since: string, version: string): boolean {
  const [first, second] = [since, version].map((text) => text.split(".").map(Number));
  for (let i = 0; i < first.length; i++) {
    const difference = first[i] - (second[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
