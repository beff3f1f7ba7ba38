/**
 * What the processes of a run under faults have done to a queue and seen of it, and the checks of that.
 *
 * @module
 */

/** Kinds of messages. */
export type Kind = "plain" | "later" | "key" | "poison" | "same" | "tick";

/** Deliveries after which a message that no consumer accepts becomes a dead letter. */
export const POISON_ATTEMPTS = 3;
/** Deliveries of all others: more than faults can use up. */
export const MAX_ATTEMPTS = 1000;
/** Milliseconds between two messages of the schedule. */
export const EVERY_MS = 250;

/** A message that a call of `publish` has acknowledged. */
export interface Published {
  type: "published";
  name: string;
  kind: Kind;
  id: string;
  isNew: boolean;
  /** When it is due. */
  dueMs: number | undefined;
  /** Its deduplication id. */
  same: string | undefined;
}

/** A delivery that a consumer has got. */
export interface Got {
  type: "got";
  id: string;
  kind: Kind;
  attempts: number;
  token: string;
  /** When the store has leased it, from the end of its lease. */
  claimMs: number;
}

/** The begin of a call of `acknowledge`, or of a handler's return. */
export interface Acknowledging {
  type: "acknowledging";
  id: string;
  token: string;
  atMs: number;
}

/** The end of a call of `acknowledge`. */
export interface Acknowledged {
  type: "acknowledged";
  id: string;
  token: string;
  attempts: number;
  isDone: boolean;
  atMs: number;
}

/** The end of a call of `release` that has released. */
export interface Released {
  type: "released";
  id: string;
  attempts: number;
  /** When the message may be delivered again, at the earliest. */
  againMs: number;
}

/** A call that has failed: an error of the queue may be due to a fault, all others are wrong. */
export interface Failed {
  type: "failed" | "wrong";
  text: string;
}

/** A line of a process. */
export type Entry = Published | Got | Acknowledging | Acknowledged | Released | Failed;

/** A message that the store has in the end. */
export interface Stored {
  id: string;
  name: string;
  agent: string;
  key: string | undefined;
  same: string | undefined;
  isAcknowledged: boolean;
  createdMs: number;
  /** Of a message of the schedule: the time for which it is. */
  tickMs: number | undefined;
  /** Whether it was published for later. */
  isLater: boolean;
}

/** A dead letter that the store has in the end. */
export interface Dead {
  id: string;
  attempts: number;
}

/** All that is known in the end. */
export interface Ledger {
  entries: Entry[];
  /** In the order of storing. */
  stored: Stored[];
  dead: Dead[];
  /** Whether another server can take over that has not got the last leases. */
  hasFailovers: boolean;
  /** Milliseconds that the clock of the store may differ from that of the processes. */
  clockMs: number;
}

/** Groups values by a key. */
function groupsOf<T>(values: Iterable<T>, keyOf: (value: T) => string): Map<string, T[]> {
  return Map.groupBy(values, keyOf);
}

function entriesOf<T extends Entry["type"]>(
  { entries }: Ledger,
  type: T,
): Extract<Entry, { type: T }>[] {
  return entries.filter((entry) => entry.type === type) as Extract<Entry, { type: T }>[];
}

/** What is wrong in a ledger. */
export function faultsIn(ledger: Ledger): string[] {
  return [
    ...entriesOf(ledger, "wrong").map(({ text }) => `a process failed: ${text}`),
    ...lostOnes(ledger),
    ...deadLetters(ledger),
    ...holders(ledger),
    ...lateDeliveries(ledger),
    ...earlyDeliveries(ledger),
    ...keyLines(ledger),
    ...ticks(ledger),
    ...sameOnes(ledger),
  ];
}

function* lostOnes(ledger: Ledger): Generator<string> {
  const stored = new Map(ledger.stored.map((each) => [each.id, each]));
  const dead = new Set(ledger.dead.map(({ id }) => id));
  for (const { id, name } of entriesOf(ledger, "published")) {
    if (!stored.has(id)) yield `${name} is lost: it was published, and is not there`;
  }
  for (const { id, name, isAcknowledged } of stored.values()) {
    if (!isAcknowledged && !dead.has(id)) yield `${name} is lost: it is neither done nor dead`;
    if (isAcknowledged && dead.has(id)) yield `${name} is both done and dead`;
  }
  for (const { id, isDone } of entriesOf(ledger, "acknowledged")) {
    if (isDone && !stored.get(id)?.isAcknowledged) yield `the acknowledgement of ${id} is lost`;
  }
}

function* deadLetters(ledger: Ledger): Generator<string> {
  const poison = new Set(ledger.stored.filter(({ name }) => isPoison(name)).map(({ id }) => id));
  const dead = new Map(ledger.dead.map((each) => [each.id, each.attempts]));
  for (const id of poison) {
    if (!dead.has(id)) yield `${id} is no dead letter, although nobody accepts it`;
  }
  for (const [id, attempts] of dead) {
    const most = poison.has(id) ? POISON_ATTEMPTS : MAX_ATTEMPTS;
    if (attempts !== most) yield `${id} died after ${attempts} deliveries, not after ${most}`;
  }
  for (const { id, kind, attempts } of entriesOf(ledger, "got")) {
    if (kind === "poison" && attempts > POISON_ATTEMPTS) {
      yield `${id} was delivered for the ${attempts}th time, of ${POISON_ATTEMPTS}`;
    }
  }
}

/** Whether a name is that of a message that no consumer accepts. */
export function isPoison(name: string): boolean {
  return name.startsWith("poison");
}

function doneOf(ledger: Ledger): Acknowledged[] {
  return entriesOf(ledger, "acknowledged").filter(({ isDone }) => isDone);
}

function* holders(ledger: Ledger): Generator<string> {
  for (const [id, all] of groupsOf(doneOf(ledger), ({ id }) => id)) {
    if (all.length > 1) yield `${all.length} holders have acknowledged ${id}`;
  }
  for (
    const [token, all] of groupsOf(entriesOf(ledger, "got"), ({ id, token }) => `${id} ${token}`)
  ) {
    if (all.length > 1) yield `${all.length} deliveries have one lease: ${token}`;
  }
  if (ledger.hasFailovers) return;
  const counts = groupsOf(entriesOf(ledger, "got"), ({ id, attempts }) => `${id} ${attempts}`);
  for (const [delivery, all] of counts) {
    if (all.length > 1) yield `${all.length} deliveries have one count: ${delivery}`;
  }
}

function* lateDeliveries(ledger: Ledger): Generator<string> {
  const done = new Map(doneOf(ledger).map((each) => [each.id, each]));
  for (const { id, attempts, claimMs } of entriesOf(ledger, "got")) {
    const end = done.get(id);
    if (end === undefined) continue;
    const isLate = claimMs > end.atMs + ledger.clockMs ||
      (!ledger.hasFailovers && attempts > end.attempts);
    if (isLate) yield `${id} was delivered after it was done: delivery ${attempts}`;
  }
}

function* earlyDeliveries(ledger: Ledger): Generator<string> {
  const dueMs = new Map(entriesOf(ledger, "published").map((each) => [each.id, each.dueMs]));
  const again = new Map(
    entriesOf(ledger, "released").map((
      { id, attempts, againMs },
    ) => [`${id} ${attempts}`, againMs]),
  );
  for (const { id, attempts, claimMs } of entriesOf(ledger, "got")) {
    const aheadMs = (dueMs.get(id) ?? 0) - claimMs;
    if (aheadMs > 0) yield `${id} was delivered ${aheadMs} ms before it was due`;
    // What a master alone has released is released again, or its lease ends.
    if (ledger.hasFailovers) continue;
    const beforeMs = (again.get(`${id} ${attempts - 1}`) ?? 0) - claimMs;
    if (beforeMs > ledger.clockMs) {
      yield `${id} was delivered again ${beforeMs} ms before it might be`;
    }
  }
}

function* keyLines(ledger: Ledger): Generator<string> {
  const endMs = new Map<string, number>();
  const refused = new Set(
    entriesOf(ledger, "acknowledged").filter(({ isDone }) => !isDone).map(({ id, token }) =>
      `${id} ${token}`
    ),
  );
  for (const { id, token, atMs } of entriesOf(ledger, "acknowledging")) {
    if (!ledger.hasFailovers && refused.has(`${id} ${token}`)) continue;
    endMs.set(id, Math.min(endMs.get(id) ?? Infinity, atMs));
  }
  const firstMs = new Map<string, number>();
  for (const { id, claimMs } of entriesOf(ledger, "got")) {
    firstMs.set(id, Math.min(firstMs.get(id) ?? Infinity, claimMs));
  }
  // A message for later joins the line when it is due.
  const inLine = ledger.stored.filter(({ key, isLater }) => key !== undefined && !isLater);
  for (const line of groupsOf(inLine, ({ agent, key }) => `${agent} ${key}`).values()) {
    let doneMs = -Infinity;
    let before = "";
    for (const { id, name } of line) {
      if ((firstMs.get(id) ?? Infinity) < doneMs) {
        yield `${name} was delivered ${
          doneMs - firstMs.get(id)!
        } ms before ${before} of its key was done`;
      }
      const atMs = endMs.get(id);
      if (atMs === undefined || atMs - ledger.clockMs <= doneMs) continue;
      doneMs = atMs - ledger.clockMs;
      before = name;
    }
  }
}

function* ticks({ stored }: Ledger): Generator<string> {
  const all = stored.filter(({ tickMs }) => tickMs !== undefined);
  const times = all.map(({ tickMs }) => tickMs!).sort((a, b) => a - b);
  for (const [i, ms] of times.entries()) {
    const gapMs = ms - times[i - 1];
    if (gapMs === 0) yield `the schedule has two messages for ${ms}`;
    else if (i > 0 && gapMs !== EVERY_MS) yield `the schedule has missed ${gapMs} ms before ${ms}`;
  }
  for (const { tickMs, createdMs } of all) {
    if (createdMs < tickMs!) yield `the schedule has published ${tickMs! - createdMs} ms early`;
  }
}

function* sameOnes(ledger: Ledger): Generator<string> {
  const stored = ledger.stored.filter(({ same }) => same !== undefined);
  for (const [same, all] of groupsOf(stored, (each) => each.same!)) {
    if (all.length > 1) yield `${all.length} messages have the deduplication id ${same}`;
  }
  const published = entriesOf(ledger, "published").filter(({ same }) => same !== undefined);
  for (const [same, all] of groupsOf(published, (each) => each.same!)) {
    if (new Set(all.map(({ id }) => id)).size > 1) yield `${same} stands for two messages`;
    if (all.filter(({ isNew }) => isNew).length > 1) yield `${same} was new twice`;
  }
}

/** What happened, by name. */
export function figuresOf(ledger: Ledger): Record<string, number> {
  const got = entriesOf(ledger, "got");
  const published = entriesOf(ledger, "published");
  const acknowledged = entriesOf(ledger, "acknowledged");
  const before = new Set<string>();
  const again = got.filter(({ id }) => before.size === before.add(id).size).length;
  return {
    "publishes acknowledged": published.length,
    "publishes failed": entriesOf(ledger, "failed").length,
    "deliveries": got.length,
    "delivered again": again,
    "lost leases": acknowledged.filter(({ isDone }) => !isDone).length,
    "for later": published.filter(({ dueMs }) => dueMs !== undefined).length,
    "released for later": entriesOf(ledger, "released").length,
    "with an ordering key": ledger.stored.filter(({ key }) => key !== undefined).length,
    "due times of the schedule": ledger.stored.filter(({ tickMs }) => tickMs !== undefined).length,
    "repeated deduplication ids":
      published.filter(({ same, isNew }) => same !== undefined && !isNew).length,
    "dead letters": ledger.dead.length,
  };
}
