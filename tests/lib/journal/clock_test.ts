// Times to live in shared memory do not depend on the wall clock, which may be ahead and be set back.

import assert from "node:assert/strict";
import { GemstoneGenerator, Message, ShmMessagingBackend } from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { JournalClock, sharedClock } from "../../../lib/journal/clock.ts";
import * as layout from "../../../lib/segment/journal_layout.ts";
import { inScratch } from "../../support/scratch.ts";

const HOUR_MS = 3_600_000;
const ids = new GemstoneGenerator(1);

function message(): Message {
  return new Message({
    idObj: ids.getId(),
    sender: { id: "a", name: "a" },
    topics: "t",
    payload: {},
  });
}

/** Shifts the wall clock of this program. */
function shiftWallClock(byMs: number): Disposable {
  const { now } = Date;
  Date.now = () => now() + byMs;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}

Deno.test("a clock that is set back does not stop time", () => {
  let readingMs = 50;
  const clock = new JournalClock(() => readingMs, 1000);
  readingMs = 80;
  assert.equal(clock.now(), 1030);
  readingMs = 10;
  assert.equal(clock.now(), 1030);
  readingMs = 25;
  assert.equal(clock.now(), 1045);
});

Deno.test("what another member has seen of time is not counted twice", () => {
  let readingMs = 0;
  const clock = new JournalClock(() => readingMs, 0);
  readingMs = 500;
  clock.observe(499);
  assert.equal(clock.now(), 500);
  clock.observe(700);
  readingMs = 600;
  assert.equal(clock.now(), 800);
});

Deno.test("members share a clock, although their wall clocks differ", () => {
  const root = new Int32Array(new SharedArrayBuffer(layout.ROOT_BOOT + 8));
  const first = sharedClock(root, 0);
  using _shift = shiftWallClock(HOUR_MS);
  assert.ok(Math.abs(sharedClock(root, 0).now() - first.now()) < 1000);
});

Deno.test("after a reboot of the machine, the wall clock gives the time that passed", () => {
  const root = new Int32Array(new SharedArrayBuffer(layout.ROOT_BOOT + 8));
  const lastMs = sharedClock(root, 0).now();
  root[layout.ROOT_BOOT >>> 2]++;
  using _shift = shiftWallClock(HOUR_MS);
  assert.ok(sharedClock(root, lastMs).now() >= lastMs + HOUR_MS);
});

Deno.test("a message is not gone at birth after a wall clock was ahead", () =>
  inScratch(async ({ path: dir }) => {
    const open = (clock?: () => number) =>
      new ShmMessagingBackend({ name: "m", dir, ...clock && { clock } });
    await using early = await (async () => {
      using _shift = shiftWallClock(HOUR_MS);
      const backend = open();
      await backend.storeMessage("n", "t", message());
      return backend;
    })();
    await using late = open();
    for (const backend of [early, late]) {
      await backend.storeMessage("n", "u", message(), { ttlSeconds: 10 });
    }
    await late.set("k", 1, { ex: 10 });
    assert.equal((await late.getMessagesForTopic("u")).length, 2);
    assert.equal(await early.get("k"), 1);
  }));

for (const [when, backMs] of [["it was ahead", HOUR_MS], ["it was right", 0]] as const) {
  Deno.test(`times to live have their full length after ${when}`, () =>
    inScratch(async ({ path: dir }) => {
      let nowMs = 1_700_000_000_000 + backMs;
      const clock = () => nowMs;
      await using backend = new ShmMessagingBackend({ name: "m", dir, clock });
      await using state = new ShmBackend({ shmName: "s", dir, now: clock, ttlSeconds: 10 });
      await backend.storeMessage("n", "t", message());
      state.bufferAppendSync("a", Uint8Array.of(1));
      nowMs -= backMs;
      await backend.get("k"); // It reads its clock.
      await using other = new ShmMessagingBackend({ name: "m", dir, clock });
      await other.storeMessage("n", "u", message(), { ttlSeconds: 10 });
      await other.set("k", 1, { ex: 10 });
      state.bufferAppendSync("b", Uint8Array.of(1));
      nowMs += 9000;
      assert.equal((await backend.getMessagesForTopic("u")).length, 1);
      assert.equal(await backend.get("k"), 1);
      assert.equal(state.bufferThreadLenSync("b"), 1);
      nowMs += 1001;
      assert.equal((await backend.getMessagesForTopic("u")).length, 0);
      assert.equal(await backend.get("k"), null);
      assert.equal(state.bufferThreadLenSync("b"), 0);
    }));
}
