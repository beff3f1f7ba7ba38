/**
 * Checks a round of subscribers that come late: one that asked for all got every message that was committed
 * while the channel lived, or counted it as missed; all got messages in order and once.
 *
 * @module
 */

import { CLOCK_SLACK_MS } from "./clock.ts";
import { type Entry, RECEIVED } from "./journal.ts";
import { checkMissed, missedTotal, type Range } from "./missed.ts";
import { isContinued, type Record, type Stream, streamsOf, Violation } from "./round.ts";
import { type Committed, committedAfter, committedBy } from "./senders.ts";
import { sinceOf } from "./since.ts";
import { checkAscending } from "./verify_queue.ts";

/** The state at the beginning of a round. */
export interface HistoryState {
  /** How many messages each stream of a publisher has committed, also of those that have ended. */
  committed: Map<number, Range>;
  /** Streams that may have ended before the channel was deleted, and created again. */
  gone: Set<number>;
  /** Streams of publishers that go on. */
  continued: Set<number>;
  /** Messages missed by each subscriber's stream. */
  missed: Map<number, number>;
}

/** The state before the first round. */
export function noHistory(): HistoryState {
  return { committed: new Map(), gone: new Set(), continued: new Set(), missed: new Map() };
}

/** The result of a round. */
export interface HistoryResult {
  delivered: number;
  missed: number;
  state: HistoryState;
}

/** Checks a round. */
export function verifyHistory(records: readonly Record[], before: HistoryState): HistoryResult {
  const publishers = records.filter(({ part }) => part === "publisher");
  const subscribers = records.filter(({ part }) => part === "latecomer");
  const positions = new Map([...before.committed].map(([id, { min }]) => [id, min]));
  const senders = committedBy(publishers, positions);
  const committed = new Map([...before.committed].map(([id, range]) => [id, { ...range }]));
  for (const [id, { min, max }] of senders) committed.set(id, { min, max });
  narrow(committed, subscribers);
  const gone = new Set(before.gone);
  const aloneAt = lastAlone(records);
  for (const id of committed.keys()) {
    const sender = senders.get(id);
    if ((sender === undefined ? -Infinity : endOf(sender.stream)) < aloneAt) gone.add(id);
  }
  const state: HistoryState = { committed, gone, continued: new Set(), missed: new Map() };
  for (const [id, { stream }] of senders) if (isContinued(stream)) state.continued.add(id);
  let delivered = 0;
  let missed = 0;
  for (const subscriber of subscribers) {
    checkAscending(subscriber);
    for (const stream of streamsOf(subscriber)) {
      const received = stream.entries.filter(({ kind }) => kind === RECEIVED);
      missed += checkStream(stream, received, senders, state, before);
      delivered += received.length;
      if (isContinued(stream)) state.missed.set(stream.id, missedTotal(stream));
    }
  }
  return { delivered, missed, state };
}

/** Of the messages that a dead publisher may have committed, all up to the last received one were. */
function narrow(committed: ReadonlyMap<number, Range>, subscribers: readonly Record[]): void {
  for (const { entries, name } of subscribers) {
    for (const { kind, a, b } of entries) {
      if (kind !== RECEIVED) continue;
      const range = committed.get(a);
      if (range === undefined || b >= range.max) {
        throw new Violation(`${name} got message ${b} of ${a}, which was never sent`);
      }
      range.min = Math.max(range.min, b + 1);
    }
  }
}

/** When a stream has certainly left the channel, or may have. */
function endOf({ closed, record }: Stream): number {
  return closed?.begin ?? record.killedAt ?? Infinity;
}

/** The last time at which it is not certain that some socket was attached: the channel may have been deleted. */
function lastAlone(records: readonly Record[]): number {
  const attached = records.flatMap(streamsOf)
    .filter(({ opened }) => opened?.end !== 0)
    .map((stream) => ({ from: stream.opened?.end ?? -Infinity, to: endOf(stream) }))
    .sort((a, b) => a.from - b.from);
  let alone = -Infinity;
  let until = -Infinity;
  for (const { from, to } of attached) {
    if (from > until - CLOCK_SLACK_MS) alone = from + CLOCK_SLACK_MS;
    until = Math.max(until, to);
  }
  return alone;
}

/** Compares the count of missed messages with the gaps in the received ones. */
function checkStream(
  stream: Stream,
  received: readonly Entry[],
  senders: ReadonlyMap<number, Committed>,
  { committed, gone }: HistoryState,
  before: HistoryState,
): number {
  const bySender = Map.groupBy(received, ({ a }) => a);
  const lost: Range[] = [];
  for (const [id, range] of committed) {
    const start = startOf(stream, id, senders.get(id), range, before);
    if (start === undefined) continue;
    const gotten = bySender.get(id) ?? [];
    const isExact = isContinued(stream) && (gotten.length > 0 || !gone.has(id));
    lost.push(gapsOf(start, range, gotten, isExact));
  }
  return checkMissed(stream, before.missed.get(stream.id) ?? 0, lost);
}

/** The first sequence that a subscriber asked for; undefined if it has had all before this round. */
function startOf(
  { id: subscriber, opened }: Stream,
  id: number,
  sender: Committed | undefined,
  { max }: Range,
  before: HistoryState,
): Range | undefined {
  if (opened === undefined) {
    if (sender === undefined) return undefined;
    const start = before.continued.has(id) ? before.committed.get(id)!.min : 0;
    return { min: start, max: start };
  }
  if (sinceOf(subscriber) === "oldest") return { min: 0, max: 0 };
  const isOpen = opened.end !== 0 && sender !== undefined;
  return { min: 0, max: isOpen ? committedAfter(sender, opened.end + CLOCK_SLACK_MS) : max };
}

/** Number of messages of one sender that a subscriber asked for and did not get. */
function gapsOf(
  start: Range,
  { min, max }: Range,
  received: readonly Entry[],
  isComplete: boolean,
): Range {
  if (received.length === 0) {
    return { min: isComplete ? Math.max(0, min - start.max) : 0, max: max - start.min };
  }
  const first = received[0].b;
  const last = received.at(-1)!.b;
  const inside = last + 1 - first - received.length;
  const tail = isComplete ? min - 1 - last : 0;
  return {
    min: Math.max(0, first - start.max) + inside + tail,
    max: first - start.min + inside + (max - 1 - last),
  };
}
