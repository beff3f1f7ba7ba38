/**
 * What a subscriber counts as missed, and what it can have missed.
 *
 * @module
 */

import { type Stream, Violation } from "./round.ts";

/** Minimum and maximum. */
export interface Range {
  min: number;
  max: number;
}

/** Messages that a subscriber's stream has counted as missed since it began. */
export function missedTotal({ closed, record }: Stream): number {
  return closed ? closed.a : record.missed;
}

/**
 * Checks that a stream has counted as missed what lies in the gaps of a round. `before` were counted in
 * earlier rounds. Returns how many it has counted in this one.
 */
export function checkMissed(stream: Stream, before: number, gaps: readonly Range[]): number {
  const missed = missedTotal(stream) - before;
  const min = gaps.reduce((sum, gap) => sum + gap.min, 0);
  const max = gaps.reduce((sum, gap) => sum + gap.max, 0);
  if (missed >= min && missed <= max) return missed;
  throw new Violation(
    `${stream.record.name} (stream ${stream.id}) counts ${missed} messages as missed, and ` +
      `${min} to ${max} are`,
  );
}
