// Short runs of queues under faults, and planted faults that their checks find.

import assert from "node:assert/strict";
import { withSeed } from "../support/seed.ts";
import { CARRIERS } from "./queue/carriers.ts";
import {
  type Acknowledged,
  type Entry,
  EVERY_MS,
  faultsIn,
  figuresOf,
  type Got,
  type Ledger,
  POISON_ATTEMPTS,
  type Stored,
} from "./queue/ledger.ts";
import { runFaults } from "./queue/run.ts";

/** A slow machine needs longer until a run has what it must have. */
const SECONDS = 3;

/** What every run must have, or it has checked nothing. */
const NEEDED = [
  "publishes acknowledged",
  "delivered again",
  "for later",
  "released for later",
  "done in a line",
  "due times of the schedule",
  "repeated deduplication ids",
  "dead letters",
];

/** What a run has not had so far. */
function lackOf(ledger: Ledger): string[] {
  const figures = { ...figuresOf(ledger), "done in a line": doneInLine(ledger).length };
  return NEEDED.filter((what) => figures[what as keyof typeof figures] === 0);
}

/** Runs a queue under faults, and checks it and its checks. */
async function testFaults(name: string, seed: number): Promise<void> {
  await using carrier = await CARRIERS[name]();
  const isEnough = (ledger: Ledger) => lackOf(ledger).length === 0;
  const { ledger, faults } = await runFaults(carrier, { seed, seconds: SECONDS, isEnough });
  assert.deepEqual(faultsIn(ledger), [], name);
  assert.deepEqual(lackOf(ledger), [], `${name}: ${JSON.stringify(figuresOf(ledger))}`);
  assert.ok(Object.keys(faults).length > 1, `${name}: ${JSON.stringify(faults)}`);
  plantAll(ledger);
}

/** They wait for leases and for servers: two at a time. */
const PAIRS = [["redis", "cluster"], ["sentinel", "shm"]];

Deno.test("all carriers of queues are run under faults", () => {
  assert.deepEqual(PAIRS.flat().sort(), Object.keys(CARRIERS).sort());
});

for (const names of PAIRS) {
  Deno.test(`queues under faults: ${names.join(" and ")}`, () =>
    withSeed(async (seed) => {
      const outcomes = await Promise.allSettled(names.map((name) => testFaults(name, seed)));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }));
}

/** The first entry of a type that fits. */
function find<T extends Entry["type"]>(
  { entries }: Ledger,
  type: T,
  fits: (entry: Extract<Entry, { type: T }>) => boolean = () => true,
): Extract<Entry, { type: T }> {
  const found = entries.find((entry) =>
    entry.type === type && fits(entry as Extract<Entry, { type: T }>)
  );
  assert.ok(found, `no ${type} that fits`);
  return found as Extract<Entry, { type: T }>;
}

/** A message that the store has. */
function storedOf({ stored }: Ledger, id: string): Stored {
  return stored.find((each) => each.id === id)!;
}

/** The acknowledgements of messages that wait for those before them of their key. */
function doneInLine(ledger: Ledger): Acknowledged[] {
  const stored = new Map(ledger.stored.map((each) => [each.id, each]));
  return ledger.entries.filter((entry): entry is Acknowledged => {
    if (entry.type !== "acknowledged" || !entry.isDone) return false;
    const message = stored.get(entry.id);
    return message?.key !== undefined && !message.isLater;
  });
}

/** A delivery that was not. */
function deliver(ledger: Ledger, got: Omit<Got, "type" | "token">): void {
  ledger.entries.push({ ...got, type: "got", token: "planted" });
}

/** A planted fault. Each one is one in every ledger that has no fault and lacks nothing. */
interface Planted {
  plant: (ledger: Ledger) => void;
  finding: RegExp;
  /** Counts and delays that are compared only where no server takes over. */
  isWithoutFailovers?: boolean;
}

/** Faults, each in a copy of a ledger, and what the checks say. */
const PLANTED: Record<string, Planted> = {
  "a published message is gone": {
    plant(ledger) {
      const { id } = find(ledger, "published");
      ledger.stored = ledger.stored.filter((each) => each.id !== id);
    },
    finding: /is lost: it was published, and is not there/,
  },
  "a published message is never delivered": {
    plant(ledger) {
      const dead = new Set(ledger.dead.map(({ id }) => id));
      const { id } = find(ledger, "published", ({ id }) => !dead.has(id));
      storedOf(ledger, id).isAcknowledged = false;
    },
    finding: /is lost: it is neither done nor dead/,
  },
  "an acknowledgement is gone": {
    plant(ledger) {
      const [{ id }] = doneInLine(ledger);
      storedOf(ledger, id).isAcknowledged = false;
    },
    finding: /the acknowledgement of .* is lost/,
  },
  "a message is done and dead": {
    plant(ledger) {
      const [{ id }] = doneInLine(ledger);
      ledger.dead.push({ id, attempts: 1000 });
    },
    finding: /is both done and dead/,
  },
  "a message is delivered after it is done": {
    plant(ledger) {
      const [{ id, atMs, attempts }] = doneInLine(ledger);
      deliver(ledger, { id, kind: "key", attempts, claimMs: atMs + ledger.clockMs + 1 });
    },
    finding: /was delivered after it was done/,
  },
  "a message is delivered once more than it was done with": {
    plant(ledger) {
      const [{ id, attempts }] = doneInLine(ledger);
      const { claimMs } = find(ledger, "got", (each) => each.id === id);
      deliver(ledger, { id, kind: "key", attempts: attempts + 1, claimMs });
    },
    finding: /was delivered after it was done/,
    isWithoutFailovers: true,
  },
  "two holders acknowledge": {
    plant(ledger) {
      ledger.entries.push({ ...doneInLine(ledger)[0], token: "other" });
    },
    finding: /2 holders have acknowledged/,
  },
  "two deliveries have one lease": {
    plant(ledger) {
      const got = find(ledger, "got");
      ledger.entries.push({ ...got, attempts: got.attempts + 1 });
    },
    finding: /2 deliveries have one lease/,
  },
  "two deliveries have one count": {
    plant(ledger) {
      deliver(ledger, find(ledger, "got"));
    },
    finding: /2 deliveries have one count/,
    isWithoutFailovers: true,
  },
  "a message for later is early": {
    plant(ledger) {
      const { id, dueMs } = find(ledger, "published", ({ kind }) => kind === "later");
      deliver(ledger, { id, kind: "later", attempts: 1, claimMs: dueMs! - 1 });
    },
    finding: /was delivered 1 ms before it was due/,
  },
  "a released message is early": {
    plant(ledger) {
      const { id, attempts, againMs } = find(ledger, "released");
      deliver(ledger, { id, kind: "plain", attempts: attempts + 1, claimMs: againMs - 5 });
    },
    finding: /was delivered again 5 ms before it might be/,
    isWithoutFailovers: true,
  },
  "a message overtakes another one of its key": {
    plant(ledger) {
      const [{ id }] = doneInLine(ledger);
      // Those who have lost its lease may have begun to acknowledge it as well, before who was the one that has.
      const timesMs = ledger.entries.flatMap((entry) =>
        entry.type === "acknowledging" && entry.id === id ? [entry.atMs] : []
      );
      ledger.stored.push({ ...storedOf(ledger, id), id: "next", name: "next" });
      const claimMs = Math.min(...timesMs) - ledger.clockMs - 1;
      deliver(ledger, { id: "next", kind: "key", attempts: 1, claimMs });
    },
    finding: /next was delivered \d+ ms before .* of its key was done/,
  },
  "a dead letter has died too early": {
    plant(ledger) {
      ledger.dead[0].attempts--;
    },
    finding: new RegExp(
      `died after ${POISON_ATTEMPTS - 1} deliveries, not after ${POISON_ATTEMPTS}`,
    ),
  },
  "a message that nobody accepts is no dead letter": {
    plant(ledger) {
      ledger.dead.pop();
    },
    finding: /is no dead letter, although nobody accepts it/,
  },
  "a message is delivered more often than it may be": {
    plant(ledger) {
      const [{ id, attempts }] = ledger.dead;
      deliver(ledger, { id, kind: "poison", attempts: attempts + 1, claimMs: 0 });
    },
    finding: /was delivered for the 4th time, of 3/,
  },
  "a due time has two messages": {
    plant(ledger) {
      ledger.stored.push({ ...lastTick(ledger) });
    },
    finding: /the schedule has two messages for/,
  },
  "a due time has no message": {
    plant(ledger) {
      const last = lastTick(ledger);
      ledger.stored.push({ ...last, tickMs: last.tickMs! + 2 * EVERY_MS });
    },
    finding: new RegExp(`the schedule has missed ${2 * EVERY_MS} ms`),
  },
  "a message of the schedule is early": {
    plant(ledger) {
      const tick = lastTick(ledger);
      tick.createdMs = tick.tickMs! - 3;
    },
    finding: /the schedule has published 3 ms early/,
  },
  "a deduplication id is stored twice": {
    plant(ledger) {
      const stored = ledger.stored.find(({ same }) => same !== undefined)!;
      ledger.stored.push({ ...stored, id: "other" });
    },
    finding: /2 messages have the deduplication id/,
  },
  "a deduplication id stands for two messages": {
    plant(ledger) {
      const published = find(ledger, "published", ({ same }) => same !== undefined);
      const { id } = ledger.stored.find((each) => each.id !== published.id)!;
      ledger.entries.push({ ...published, id });
    },
    finding: /stands for two messages/,
  },
  "a deduplication id is new twice": {
    plant(ledger) {
      const published = find(ledger, "published", ({ same }) => same !== undefined);
      // Who made the first one may have been killed before it told.
      const isNew = true;
      ledger.entries.push({ ...published, isNew }, { ...published, isNew });
    },
    finding: /was new twice/,
  },
  "a process fails": {
    plant(ledger) {
      ledger.entries.push({ type: "wrong", text: "TypeError" });
    },
    finding: /a process failed: TypeError/,
  },
};

/** The message of the last due time. */
function lastTick({ stored }: Ledger): Stored {
  return stored.filter(({ tickMs }) => tickMs !== undefined)
    .reduce((last, each) => each.tickMs! > last.tickMs! ? each : last);
}

/** Checks that each fault is found in a ledger that has none. */
function plantAll(ledger: Ledger): void {
  for (const [name, { plant, finding, isWithoutFailovers }] of Object.entries(PLANTED)) {
    if (isWithoutFailovers && ledger.hasFailovers) continue;
    const copy = structuredClone(ledger);
    plant(copy);
    assert.match(faultsIn(copy).join("\n"), finding, name);
  }
}
