/**
 * How much two words differ.
 *
 * @module
 */

/** The fewest letters to insert, delete or replace that make one word of the other (Levenshtein). */
export function editDistance(from: string, to: string): number {
  // The distances of the letters of `from` so far to each beginning of `to`.
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}

/** The first of the words with the smallest distance, if that is at most `maxDistance`. */
export function closestWord(
  word: string,
  words: Iterable<string>,
  maxDistance: number,
): string | undefined {
  let closest: string | undefined;
  let limit = maxDistance + 1;
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) >= limit) continue;
    const distance = editDistance(word, candidate);
    if (distance >= limit) continue;
    limit = distance;
    closest = candidate;
  }
  return closest;
}
