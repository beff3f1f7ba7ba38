/**
 * Checks a round of push/pull with pullers that acknowledge: every committed message was acknowledged
 * once, no matter how many pullers died, returned it or closed with it before; nothing uncommitted was
 * delivered; the messages of each pusher were taken in order; and the counts of deliveries were right.
 *
 * @module
 */

import { CLOCK_SLACK_MS } from "./clock.ts";
import { DONE, type Entry, RECEIVED, RETURNED } from "./journal.ts";
import { isContinued, type Record, type Stream, streamsOf, Violation } from "./round.ts";
import { type Committed, committedBy } from "./senders.ts";
import { checkAscending, checkCommitted, checkOrder, type Delivery } from "./verify_queue.ts";

/** The result of a round. */
export interface AckResult {
  /** Messages that were acknowledged. */
  delivered: number;
  /** Deliveries after the first one of a message. */
  redelivered: number;
  /** Messages that were done twice, because a puller died while it took them. */
  doubled: number;
  /** The state of each stream that continues. */
  positions: Map<number, number>;
}

/** The history of a message. */
interface MessageOutcome {
  deliveries: Delivery[];
  acknowledged: Entry[];
  /** Acknowledgements whose puller died meanwhile. */
  inDoubt: number;
}

type MessageOutcomes = Map<number, Map<number, MessageOutcome>>;

/** Checks a round. */
export function verifyAck(
  records: readonly Record[],
  before: ReadonlyMap<number, number>,
): AckResult {
  const senders = committedBy(records.filter(({ part }) => part === "pusher"), before);
  const pullers = records.filter(({ part }) => part === "acknowledger");
  for (const puller of pullers) streamsOf(puller).forEach(checkSettled);
  const outcomes = collect(pullers, senders);
  const result: AckResult = { delivered: 0, redelivered: 0, doubled: 0, positions: new Map() };
  let uncounted = 0;
  for (const [id, sender] of senders) {
    const bySequence = outcomes.get(id) ?? new Map<number, MessageOutcome>();
    const end = endOf(sender, bySequence);
    checkOrder(sender, firstDeliveries(bySequence), end);
    for (let sequence = sender.first; sequence < end; sequence++) {
      const outcome = bySequence.get(sequence);
      checkDone(`message ${sequence} of ${id}`, outcome);
      result.delivered++;
      result.doubled += isDoubled(outcome) ? 1 : 0;
      result.redelivered += outcome.deliveries.filter(({ deliveries }) => deliveries > 1).length;
      uncounted += missingCounts(`message ${sequence} of ${id}`, outcome);
    }
    if (isContinued(sender.stream)) result.positions.set(id, end);
  }
  for (const puller of pullers) checkAscending(puller);
  checkDuplicatesExplained(result.doubled, uncounted, pullers);
  return result;
}

/** A socket has settled all messages that it received, unless it was closed or killed. */
function checkSettled(stream: Stream): void {
  // A message that another puller took while its first one died can be held twice.
  const held = new Map<string, number>();
  for (const { kind, a, b } of stream.entries) {
    const message = `${b} of ${a}`;
    const times = (held.get(message) ?? 0) + (kind === RECEIVED ? 1 : -1);
    if (times < 0) throw new Violation(`message ${message} was settled twice`);
    if (times === 0) held.delete(message);
    else held.set(message, times);
  }
  if (!isContinued(stream) || held.size === 0) return;
  throw new Violation(`${stream.record.name} still holds ${[...held.keys()].join(", ")}`);
}

function collect(
  pullers: readonly Record[],
  senders: ReadonlyMap<number, Committed>,
): MessageOutcomes {
  const outcomes: MessageOutcomes = new Map();
  for (const by of pullers) {
    for (const entry of by.entries) {
      if (![RECEIVED, DONE, RETURNED].includes(entry.kind)) continue;
      checkCommitted(entry, senders);
      const outcome = outcomeOf(outcomes, entry);
      if (entry.kind === RECEIVED) outcome.deliveries.push({ ...entry, by });
      else if (entry.kind === DONE && entry.end === 0) outcome.inDoubt++;
      else if (entry.kind === DONE) outcome.acknowledged.push(entry);
    }
  }
  return outcomes;
}

function outcomeOf(outcomes: MessageOutcomes, { a, b }: Entry): MessageOutcome {
  const bySequence = outcomes.get(a) ?? new Map<number, MessageOutcome>();
  outcomes.set(a, bySequence);
  const outcome = bySequence.get(b) ?? { deliveries: [], acknowledged: [], inDoubt: 0 };
  bySequence.set(b, outcome);
  return outcome;
}

/** Of the messages that a dead sender may have committed, all up to the last delivered one were. */
function endOf(
  { min, max }: Committed,
  outcomes: ReadonlyMap<number, MessageOutcome>,
): number {
  for (let end = max; end > min; end--) if (outcomes.has(end - 1)) return end;
  return min;
}

function firstDeliveries(outcomes: ReadonlyMap<number, MessageOutcome>): Map<number, Delivery> {
  const first = new Map<number, Delivery>();
  for (const [sequence, { deliveries }] of outcomes) {
    const delivery = deliveries.find(({ deliveries }) => deliveries === 1);
    if (delivery) first.set(sequence, delivery);
  }
  return first;
}

function checkDone(
  what: string,
  outcome: MessageOutcome | undefined,
): asserts outcome is MessageOutcome {
  if (outcome !== undefined && outcome.acknowledged.length + outcome.inDoubt > 0) return;
  const deliveryCount = outcome?.deliveries.length ?? 0;
  throw new Violation(
    `${what} was committed, delivered ${deliveryCount} times, and never acknowledged`,
  );
}

/** True if it was acknowledged twice, or delivered after it was acknowledged. */
function isDoubled({ acknowledged, deliveries }: MessageOutcome): boolean {
  const [first, second] = acknowledged.map(({ end }) => end).sort((a, b) => a - b);
  if (first === undefined) return false;
  return second !== undefined || deliveries.some(({ begin }) => begin > first + CLOCK_SLACK_MS);
}

/**
 * Each delivery has a count of its own, unless the message was done twice: each of the two was then counted
 * by itself. Returns how many lower counts have no record.
 */
function missingCounts(what: string, outcome: MessageOutcome): number {
  const { deliveries } = outcome;
  const counts = new Set(deliveries.map(({ deliveries }) => deliveries));
  const isRepeated = counts.size < deliveries.length && !isDoubled(outcome);
  if (isRepeated || counts.has(0)) {
    const all = deliveries.map(({ deliveries, by }) => `${deliveries} to ${by.name}`);
    throw new Violation(`${what} was delivered with the counts ${all.join(", ")}`);
  }
  return Math.max(0, ...counts) - counts.size;
}

/** Only a process that died while it received leaves a message to two, or a delivery without a record. */
function checkDuplicatesExplained(
  doubled: number,
  uncounted: number,
  pullers: readonly Record[],
): void {
  const dead = pullers.filter(({ killedAt, inFlight }) =>
    killedAt !== undefined && inFlight.limit > 0
  );
  if (doubled > dead.length) {
    throw new Violation(
      `${doubled} messages were done twice, and ${dead.length} pullers died while they received`,
    );
  }
  const received = dead.reduce((sum, { inFlight }) => sum + inFlight.limit, 0);
  if (uncounted > received) {
    throw new Violation(
      `${uncounted} deliveries were counted without a record, and the dead took at most ${received}`,
    );
  }
}
