/**
 * Positions in a lane, as JavaScript knows them: modulo 2^53.
 *
 * @module
 */

/** True if a position is at or before another one that lies close to it. */
export function isReached(position: number, released: number): boolean {
  const ahead = position - released;
  return ahead > 0 ? ahead > 2 ** 52 : ahead > -(2 ** 52);
}
