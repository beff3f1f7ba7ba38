/**
 * The number of messages that each stream of a sender has committed, at least and at most.
 *
 * @module
 */

import { SENT } from "./journal.ts";
import { type Record, type Stream, streamsOf } from "./round.ts";

/** What a stream committed in a round: all from `first` on and before `least`, nothing from `most` on. */
export interface Committed {
  stream: Stream;
  first: number;
  min: number;
  max: number;
}

/** The committed messages of the streams of all senders. `before` has the state before the round. */
export function committedBy(
  records: readonly Record[],
  before: ReadonlyMap<number, number>,
): Map<number, Committed> {
  const streams = records.flatMap(streamsOf);
  return new Map(
    streams.map((stream) => [stream.id, committed(stream, before.get(stream.id) ?? 0)]),
  );
}

function committed(stream: Stream, first: number): Committed {
  let least = first;
  let most = first;
  for (const { kind, a, b, end } of stream.entries) {
    if (kind !== SENT) continue;
    most = a + b;
    if (end !== 0) least = most;
  }
  return { stream, first, min: least, max: most };
}

/** Sequences that a stream had certainly committed before a time. */
export function committedBefore({ first, stream }: Committed, time: number): number {
  let position = first;
  for (const { kind, a, b, end } of stream.entries) {
    if (kind === SENT && end !== 0 && end < time) position = a + b;
  }
  return position;
}

/** The sequence from which on a stream committed everything after a time. */
export function committedAfter({ max, stream }: Committed, time: number): number {
  const after = stream.entries.find(({ kind, begin }) => kind === SENT && begin > time);
  return after?.a ?? max;
}
