/**
 * Checks a round of publish/subscribe: every subscriber got every message that was committed while it was
 * attached, or counted it as missed, or as one of another topic; in order and once.
 *
 * @module
 */

import { CLOCK_SLACK_MS } from "./clock.ts";
import { type Entry, RECEIVED } from "./journal.ts";
import { checkMissed, missedTotal, type Range } from "./missed.ts";
import { isContinued, type Record, type Stream, streamsOf, Violation } from "./round.ts";
import { type Committed, committedAfter, committedBefore, committedBy } from "./senders.ts";
import { checkAscending, checkCommitted } from "./verify_queue.ts";

/** The state at the beginning of a round. */
export interface BroadcastState {
  /** Next sequence of each publisher's stream. */
  positions: Map<number, number>;
  /** Messages missed by each subscriber's stream. */
  missed: Map<number, number>;
}

/** The result of a round of publish/subscribe. */
export interface BroadcastResult {
  delivered: number;
  missed: number;
  state: BroadcastState;
}

/** Checks a round. */
export function verifyBroadcast(
  records: readonly Record[],
  before: BroadcastState,
): BroadcastResult {
  const publishers = records.filter(({ part }) => part === "publisher" || part === "announcer");
  const subscribers = records.filter(({ part }) => part === "subscriber" || part === "chooser");
  const senders = committedBy(publishers, before.positions);
  narrow(senders, subscribers);
  const state: BroadcastState = { positions: new Map(), missed: new Map() };
  for (const [id, { min, stream }] of senders) {
    if (isContinued(stream)) state.positions.set(id, min);
  }
  let delivered = 0;
  let missed = 0;
  for (const subscriber of subscribers) {
    checkAscending(subscriber);
    for (const stream of streamsOf(subscriber)) {
      const received = stream.entries.filter(({ kind }) => kind === RECEIVED);
      const missedHere = checkStream(stream, received, senders, before);
      delivered += received.length;
      missed += missedHere;
      if (isContinued(stream)) state.missed.set(stream.id, missedTotal(stream));
    }
  }
  return { delivered, missed, state };
}

/** Of the messages that a dead publisher may have committed, all up to the last received one were. */
function narrow(senders: Map<number, Committed>, subscribers: readonly Record[]): void {
  for (const { entries } of subscribers) {
    for (const entry of entries) {
      if (entry.kind !== RECEIVED) continue;
      checkCommitted(entry, senders);
      const sender = senders.get(entry.a)!;
      if (entry.b >= sender.min) sender.min = entry.b + 1;
    }
  }
}

/** Compares the count of missed messages with the gaps in the received ones. */
function checkStream(
  stream: Stream,
  received: readonly Entry[],
  senders: ReadonlyMap<number, Committed>,
  before: BroadcastState,
): number {
  const isComplete = isContinued(stream);
  const bySender = Map.groupBy(received, ({ a }) => a);
  const lost: Range[] = [];
  for (const [id, sender] of senders) {
    lost.push(gapsOf(stream, sender, bySender.get(id) ?? [], isComplete, before));
  }
  return checkMissed(stream, before.missed.get(stream.id) ?? 0, lost);
}

/** Number of messages of one sender that a subscriber did not get while it was attached. */
function gapsOf(
  stream: Stream,
  sender: Committed,
  received: readonly Entry[],
  isComplete: boolean,
  before: BroadcastState,
): Range {
  const start = startOf(stream, sender, before);
  if (received.length === 0) {
    const least = isComplete ? Math.max(0, sender.min - start.max) : 0;
    return { min: least, max: sender.max - start.min };
  }
  const first = received[0].b;
  const last = received.at(-1)!.b;
  if (first < start.min) {
    throw new Violation(
      `${stream.record.name} got message ${first} of ${sender.stream.id}, which was sent before ` +
        `it attached (${start.min})`,
    );
  }
  const inside = last + 1 - first - received.length;
  const tail = isComplete ? sender.min - 1 - last : 0;
  return {
    min: Math.max(0, first - start.max) + inside + tail,
    max: first - start.min + inside + (sender.max - 1 - last),
  };
}

/** The first sequence for which a subscriber was attached. */
function startOf(stream: Stream, sender: Committed, before: BroadcastState): Range {
  const wasThere = stream.opened === undefined;
  if (wasThere || sender.stream.opened !== undefined && isLater(sender, stream)) {
    const least = before.positions.get(sender.stream.id) ?? 0;
    return { min: least, max: least };
  }
  const { begin, end } = stream.opened!;
  return {
    min: committedBefore(sender, begin - CLOCK_SLACK_MS),
    max: end === 0 ? sender.max : committedAfter(sender, end + CLOCK_SLACK_MS),
  };
}

/** True if a sender began after a subscriber was attached. */
function isLater(sender: Committed, { opened }: Stream): boolean {
  return opened!.end !== 0 && sender.stream.opened!.begin > opened!.end + CLOCK_SLACK_MS;
}
