/**
 * Checks a round of push/pull: every committed message was delivered exactly once, except those that dead
 * pullers had taken; nothing uncommitted was delivered; and the messages of each pusher were taken in order.
 *
 * @module
 */

import { CLOCK_SLACK_MS } from "./clock.ts";
import { type Entry, RECEIVED } from "./journal.ts";
import { isContinued, type Record, Violation } from "./round.ts";
import { type Committed, committedBy } from "./senders.ts";

/** The result of a round of push/pull. */
export interface QueueResult {
  delivered: number;
  /** Messages that dead pullers had taken without a record. */
  takenByDead: number;
  /** The state of each stream that continues. */
  positions: Map<number, number>;
}

/** A delivery, with its receiver. */
export interface Delivery extends Entry {
  by: Record;
}

/** A message without a record, and when it must have been taken. */
interface Missing {
  what: string;
  notBefore: number;
  notAfter: number;
}

/** Checks a round. */
export function verifyQueue(
  records: readonly Record[],
  before: ReadonlyMap<number, number>,
): QueueResult {
  const senders = committedBy(records.filter(({ part }) => part === "pusher"), before);
  const pullers = records.filter(({ part }) => part === "puller");
  const deliveries = collect(pullers, senders);
  const missing: Missing[] = [];
  const positions = new Map<number, number>();
  let delivered = 0;
  for (const [id, sender] of senders) {
    const bySequence = deliveries.get(id) ?? new Map<number, Delivery>();
    const end = endOf(sender, bySequence);
    checkOrder(sender, bySequence, end);
    missing.push(...missingOf(sender, bySequence, end));
    if (isContinued(sender.stream)) positions.set(id, end);
    delivered += bySequence.size;
  }
  for (const puller of pullers) checkAscending(puller);
  attribute(missing, pullers);
  return { delivered, takenByDead: missing.length, positions };
}

/** All deliveries by stream and sequence. */
function collect(
  pullers: readonly Record[],
  senders: ReadonlyMap<number, Committed>,
): Map<number, Map<number, Delivery>> {
  const all = new Map<number, Map<number, Delivery>>();
  for (const by of pullers) {
    for (const entry of by.entries) {
      if (entry.kind !== RECEIVED) continue;
      checkCommitted(entry, senders);
      const stream = all.get(entry.a) ?? new Map<number, Delivery>();
      all.set(entry.a, stream);
      const first = stream.get(entry.b);
      if (first) {
        const who = `${first.by.name} and ${by.name}`;
        throw new Violation(`message ${entry.b} of ${entry.a} was delivered twice, to ${who}`);
      }
      stream.set(entry.b, { ...entry, by });
    }
  }
  return all;
}

/** Throws if a delivered message cannot have been committed. */
export function checkCommitted(entry: Entry, senders: ReadonlyMap<number, Committed>): void {
  const sender = senders.get(entry.a);
  if (sender && entry.b >= sender.first && entry.b < sender.max) return;
  const range = sender
    ? `only ${sender.first} to ${sender.max - 1} were sent`
    : "it was never sent";
  throw new Violation(`message ${entry.b} of ${entry.a} was delivered, and ${range}`);
}

/** Of the messages that a dead sender may have committed, all up to the last delivered one were. */
function endOf(
  { min, max }: Committed,
  deliveries: ReadonlyMap<number, Delivery>,
): number {
  for (let end = max; end > min; end--) if (deliveries.has(end - 1)) return end;
  return min;
}

/** No message was taken after one that was sent behind it. */
export function checkOrder(
  { first, stream }: Committed,
  deliveries: ReadonlyMap<number, Delivery>,
  end: number,
): void {
  let takenBy = Infinity;
  for (let sequence = end - 1; sequence >= first; sequence--) {
    const delivery = deliveries.get(sequence);
    if (!delivery) continue;
    if (delivery.begin > takenBy + CLOCK_SLACK_MS) {
      const lateMs = (delivery.begin - takenBy).toFixed(3);
      throw new Violation(
        `message ${sequence} of ${stream.id} was taken ${lateMs} ms after a later one`,
      );
    }
    takenBy = Math.min(takenBy, delivery.end);
  }
}

/** One receiver gets the messages of each sender in their order, except redelivered ones. */
export function checkAscending({ entries, name }: Record): void {
  const last = new Map<string, number>();
  for (const { kind, deliveries, stream, a, b } of entries) {
    if (kind !== RECEIVED || deliveries > 1) continue;
    const key = `${stream}/${a}`;
    const before = last.get(key) ?? -1;
    if (b <= before) throw new Violation(`${name} got message ${b} of ${a} after ${before}`);
    last.set(key, b);
  }
}

function missingOf(
  { first, stream }: Committed,
  deliveries: ReadonlyMap<number, Delivery>,
  end: number,
): Missing[] {
  const missing: Missing[] = [];
  let notBefore = -Infinity;
  for (let sequence = first; sequence < end; sequence++) {
    const delivery = deliveries.get(sequence);
    if (delivery) notBefore = delivery.begin;
    else missing.push({ what: `${sequence} of ${stream.id}`, notBefore, notAfter: Infinity });
  }
  let notAfter = Infinity;
  for (let sequence = end - 1, at = missing.length - 1; at >= 0; sequence--) {
    const delivery = deliveries.get(sequence);
    if (delivery) notAfter = Math.min(notAfter, delivery.end);
    else missing[at--].notAfter = notAfter;
  }
  return missing;
}

/** Finds for each missing message a dead puller that can have taken it, within the limit of each. */
function attribute(missing: readonly Missing[], pullers: readonly Record[]): void {
  const dead = pullers.filter(({ killedAt }) => killedAt !== undefined);
  const taken = dead.map(() => [] as number[]);
  const assign = (message: number, tried: Set<number>): boolean => {
    const { notBefore, notAfter } = missing[message];
    for (const [at, { inFlight, deadAt }] of dead.entries()) {
      const isPossible = inFlight.began <= notAfter + CLOCK_SLACK_MS &&
        deadAt! >= notBefore - CLOCK_SLACK_MS;
      if (!isPossible || tried.has(at) || inFlight.limit === 0) continue;
      tried.add(at);
      if (taken[at].length < inFlight.limit) {
        taken[at].push(message);
        return true;
      }
      for (const [place, other] of taken[at].entries()) {
        if (!assign(other, tried)) continue;
        taken[at][place] = message;
        return true;
      }
    }
    return false;
  };
  for (let message = 0; message < missing.length; message++) {
    if (assign(message, new Set())) continue;
    throw new Violation(
      `message ${missing[message].what} was committed and never received; ${missing.length} are ` +
        `missing, and dead pullers were taking ` +
        `${dead.map(({ inFlight }) => inFlight.limit).join(", ") || "none"}`,
    );
  }
}
