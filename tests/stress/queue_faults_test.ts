// Short runs of queues under faults, and planted faults that their checks find.

import assert from "node:assert/strict";
import { withSeed } from "../support/seed.ts";
import { CARRIERS } from "./queue/carriers.ts";
import {
  type Entry,
  EVERY_MS,
  faultsIn,
  figuresOf,
  type Ledger,
  POISON_ATTEMPTS,
} from "./queue/ledger.ts";
import { runFaults } from "./queue/run.ts";

const SECONDS = 3;

/** What every run must have, or it has checked nothing. */
const NEEDED = [
  "publishes acknowledged",
  "delivered again",
  "for later",
  "released for later",
  "with an ordering key",
  "due times of the schedule",
  "dead letters",
];

for (const [name, open] of Object.entries(CARRIERS)) {
  Deno.test(`queue under faults: ${name}`, () =>
    withSeed(async (seed) => {
      await using carrier = await open();
      const { ledger, faults } = await runFaults(carrier, { seed, seconds: SECONDS });
      assert.deepEqual(faultsIn(ledger), []);
      const figures = figuresOf(ledger);
      assert.deepEqual(NEEDED.filter((what) => figures[what] === 0), [], JSON.stringify(figures));
      assert.ok(Object.keys(faults).length > 1, JSON.stringify(faults));
      if (name === "shm") plantAll(ledger);
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

/** An entry of a message that was acknowledged. */
function done(ledger: Ledger): Extract<Entry, { type: "acknowledged" }> {
  return find(ledger, "acknowledged", ({ isDone }) => isDone);
}

/** Faults, each in a copy of a ledger, and what the checks say. */
const PLANTED: Record<string, [plant: (ledger: Ledger) => void, finding: RegExp]> = {
  "a published message is gone": [(ledger) => {
    const { id } = find(ledger, "published", ({ kind }) => kind === "plain");
    ledger.stored = ledger.stored.filter((each) => each.id !== id);
  }, /is lost: it was published, and is not there/],
  "a published message is never delivered": [(ledger) => {
    const { id } = find(ledger, "published", ({ kind }) => kind === "later");
    ledger.stored.find((each) => each.id === id)!.isAcknowledged = false;
  }, /is lost: it is neither done nor dead/],
  "an acknowledgement is gone": [(ledger) => {
    const { id } = done(ledger);
    ledger.stored.find((each) => each.id === id)!.isAcknowledged = false;
  }, /the acknowledgement of .* is lost/],
  "a message is done and dead": [(ledger) => {
    ledger.dead.push({ id: done(ledger).id, attempts: 1000 });
  }, /is both done and dead/],
  "a message is delivered after it is done": [(ledger) => {
    const { id, atMs, attempts } = done(ledger);
    const got = find(ledger, "got", (each) => each.id === id);
    ledger.hasFailovers = true;
    ledger.entries.push({ ...got, attempts, token: "other", claimMs: atMs + 10 });
  }, /was delivered after it was done/],
  "a message is delivered once more than it was done with": [(ledger) => {
    const { id, attempts } = done(ledger);
    const got = find(ledger, "got", (each) => each.id === id);
    ledger.entries.push({ ...got, attempts: attempts + 1, token: "other" });
  }, /was delivered after it was done/],
  "two holders acknowledge": [(ledger) => {
    ledger.entries.push({ ...done(ledger), token: "other" });
  }, /2 holders have acknowledged/],
  "two deliveries have one lease": [(ledger) => {
    const got = find(ledger, "got");
    ledger.entries.push({ ...got, attempts: got.attempts + 1 });
  }, /2 deliveries have one lease/],
  "two deliveries have one count": [(ledger) => {
    ledger.entries.push({ ...find(ledger, "got"), token: "other" });
  }, /2 deliveries have one count/],
  "a message for later is early": [(ledger) => {
    const { id, dueMs } = find(ledger, "published", ({ kind }) => kind === "later");
    find(ledger, "got", (each) => each.id === id).claimMs = dueMs! - 1;
  }, /was delivered 1 ms before it was due/],
  "a released message is early": [(ledger) => {
    const released = find(
      ledger,
      "released",
      ({ id, attempts }) =>
        ledger.entries.some((each) =>
          each.type === "got" && each.id === id && each.attempts === attempts + 1
        ),
    );
    const { id, attempts, againMs } = released;
    find(ledger, "got", (each) => each.id === id && each.attempts === attempts + 1).claimMs =
      againMs - 5;
  }, /was delivered again 5 ms before it might be/],
  "a message overtakes another one of its key": [(ledger) => {
    const { id, token, atMs } = find(ledger, "acknowledging", ({ id, token }) => {
      const { key, agent, isLater } = ledger.stored.find((each) => each.id === id)!;
      const line = ledger.stored.filter((each) =>
        !each.isLater && each.key === key && each.agent === agent
      );
      const isDone = ledger.entries.some((each) =>
        each.type === "acknowledged" && each.isDone && each.id === id && each.token === token
      );
      return key !== undefined && !isLater && isDone && line.at(-1)!.id !== id;
    });
    const { key, agent } = ledger.stored.find((each) => each.id === id)!;
    const line = ledger.stored.filter((each) =>
      !each.isLater && each.key === key && each.agent === agent
    );
    const next = line[line.findIndex((each) => each.id === id) + 1];
    const got = { type: "got", kind: "key", attempts: 1, token: `of ${token}` } as const;
    ledger.entries.push({ ...got, id: next.id, claimMs: atMs - 5 });
  }, /ms before .* of its key was done/],
  "a dead letter has died too early": [(ledger) => {
    ledger.dead[0].attempts--;
  }, new RegExp(`died after ${POISON_ATTEMPTS - 1} deliveries, not after ${POISON_ATTEMPTS}`)],
  "a message that nobody accepts is no dead letter": [(ledger) => {
    ledger.dead.pop();
  }, /is no dead letter, although nobody accepts it/],
  "a message is delivered more often than it may be": [(ledger) => {
    const got = find(ledger, "got", ({ kind }) => kind === "poison");
    ledger.entries.push({ ...got, attempts: POISON_ATTEMPTS + 1, token: "other" });
  }, /was delivered for the 4th time, of 3/],
  "a due time has two messages": [(ledger) => {
    ledger.stored.push({ ...ledger.stored.find(({ tickMs }) => tickMs !== undefined)! });
  }, /the schedule has two messages for/],
  "a due time has no message": [(ledger) => {
    const ticks = ledger.stored.filter(({ tickMs }) => tickMs !== undefined);
    ledger.stored = ledger.stored.filter((each) => each !== ticks[1]);
  }, new RegExp(`the schedule has missed ${2 * EVERY_MS} ms`)],
  "a message of the schedule is early": [(ledger) => {
    const tick = ledger.stored.find(({ tickMs }) => tickMs !== undefined)!;
    tick.createdMs = tick.tickMs! - 3;
  }, /the schedule has published 3 ms early/],
  "a deduplication id is stored twice": [(ledger) => {
    ledger.stored.push({ ...ledger.stored.find(({ same }) => same !== undefined)!, id: "other" });
  }, /2 messages have the deduplication id/],
  "a deduplication id stands for two messages": [(ledger) => {
    const published = find(ledger, "published", ({ same }) => same !== undefined);
    ledger.entries.push({ ...published, id: done(ledger).id });
  }, /stands for two messages/],
  "a deduplication id is new twice": [(ledger) => {
    const published = find(ledger, "published", ({ same, isNew }) => same !== undefined && isNew);
    ledger.entries.push({ ...published });
  }, /was new twice/],
  "a process fails": [(ledger) => {
    ledger.entries.push({ type: "wrong", text: "TypeError" });
  }, /a process failed: TypeError/],
};

/** Checks that each fault is found in a ledger that has none. */
function plantAll(ledger: Ledger): void {
  for (const [name, [plant, finding]] of Object.entries(PLANTED)) {
    const copy = structuredClone(ledger);
    plant(copy);
    assert.match(faultsIn(copy).join("\n"), finding, name);
  }
}
