// Journals on a full disk: what is removed or has expired makes space again, and removals succeed.

import assert from "node:assert/strict";
import {
  GemstoneGenerator,
  Message,
  MessagingRefusedError,
  ShmConnectionError,
  ShmMessagingBackend,
} from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { until } from "../../support/deadline.ts";
import { onSmallDisk, type SmallDisk, whyNoMount } from "../../support/small_disk.ts";

// The C library stays loaded: a test that opened it would seem to leak it.
if (Deno.build.os === "linux") platform();

const problem = whyNoMount();
if (problem !== undefined) console.log(`tests of a full disk are skipped: ${problem}`);

function onDisk(name: string, options: string, test: (disk: SmallDisk) => Promise<void>): void {
  Deno.test({
    name,
    ignore: problem !== undefined, // Only root can mount.
    fn: () => onSmallDisk(options, test),
  });
}

const ids = new GemstoneGenerator(1);

function messageOf(bytes: number): Message {
  return new Message({
    idObj: ids.getId(),
    sender: { id: "a", name: "a" },
    topics: "t",
    payload: { text: "x".repeat(bytes) },
  });
}

/** Calls until the disk is full, and returns how often that succeeded. */
async function fillWith(act: (n: number) => unknown, Kind: new (text: string) => Error) {
  for (let n = 0;; n++) {
    try {
      await act(n);
    } catch (error) {
      assert.ok(error instanceof Kind, String(error));
      assert.match(
        error.message,
        /is full; of \d+ bytes that the journal has there, \d+ are stale; delete entries, let them expire, or free \d+ bytes/,
      );
      return n;
    }
  }
}

onDisk("messages that have expired make space on a full disk", "size=4m", async (disk) => {
  let nowMs = Date.now();
  const open = () => new ShmMessagingBackend({ name: "m", dir: disk.path, clock: () => nowMs });
  await using backend = open();
  await using other = open();
  await other.connect();
  const store = async () => {
    await backend.storeMessage("n", "t", messageOf(5000), { ttlSeconds: 10 });
    await other.getMessagesForTopic("none");
  };
  const counts: number[] = [];
  for (let round = 0; round < 3; round++) {
    counts.push(await fillWith(store, MessagingRefusedError));
    nowMs += 20_000;
    assert.equal((await backend.getMessagesForTopic("t")).length, 0);
    assert.equal((await other.getMessagesForTopic("t")).length, 0);
  }
  for (const count of counts) assert.ok(count > 400, `${counts}`);
});

onDisk("messages that expire unread make space on a full disk", "size=4m", async (disk) => {
  let nowMs = Date.now();
  await using backend = new ShmMessagingBackend({
    name: "m",
    dir: disk.path,
    clock: () => nowMs,
  });
  const store = () => backend.storeMessage("n", "t", messageOf(5000), { ttlSeconds: 10 });
  await fillWith(store, MessagingRefusedError);
  nowMs += 20_000;
  await store();
  assert.equal((await backend.getMessagesForTopic("t")).length, 1);
});

onDisk(
  "a member that makes no calls gives the space of a deleted generation back",
  "size=4m",
  async (disk) => {
    await using state = new ShmBackend({ shmName: "s", dir: disk.path });
    await using idle = new ShmBackend({ shmName: "s", dir: disk.path });
    const append = (n: number) => state.bufferAppendSync(`t${n}`, new Uint8Array(5000));
    const first = await fillWith(append, ShmConnectionError);
    await until(async () => {
      state.bufferClearSync();
      return await fillWith(append, ShmConnectionError) > 0.9 * first;
    }, "the space that the idle member had in use");
    assert.ok(idle.bufferThreadExistsSync("t0"));
  },
);

onDisk("state on a full disk can be deleted, and then written again", "size=4m", async (disk) => {
  await using backend = new ShmBackend({ shmName: "s", dir: disk.path });
  const slot = new Uint8Array(5000);
  const append = (n: number) => backend.bufferAppendSync(`t${n}`, slot);
  const first = await fillWith(append, ShmConnectionError);
  for (let n = 0; n < first; n++) assert.equal(backend.bufferDeleteThreadSync(`t${n}`), true);
  const second = await fillWith(append, ShmConnectionError);
  assert.ok(second > 0.9 * first, `${first} ${second}`);
});

onDisk("a disk that others have filled does not stop removals", "size=4m", async (disk) => {
  let nowMs = Date.now();
  await using state = new ShmBackend({
    shmName: "s",
    dir: disk.path,
    ttlSeconds: 10,
    now: () => nowMs,
  });
  await using messages = new ShmMessagingBackend({
    name: "m",
    dir: disk.path,
    clock: () => nowMs,
  });
  await messages.subscribe("t", () => {});
  const free = disk.fill();
  const append = (n: number) => state.bufferAppendSync(`t${n}`, new Uint8Array(1000));
  const store = () => messages.storeMessage("n", "u", messageOf(1000), { ttlSeconds: 10 });
  for (let round = 0; round < 3; round++) {
    const stored = await fillWith(append, ShmConnectionError);
    assert.ok(stored > 100, `${stored}`);
    assert.ok(await fillWith(store, MessagingRefusedError) > 100);
    if (round === 0) { for (let n = 0; n < stored; n++) state.bufferDeleteThreadSync(`t${n}`); }
    nowMs += 20_000;
  }
  await messages.unsubscribe("t");
  free();
});

onDisk("a message that fits the free space of a disk is stored", "size=64m", async (disk) => {
  await using backend = new ShmMessagingBackend({ name: "m", dir: disk.path });
  for (let n = 0; n < 10; n++) await backend.storeMessage("n", "t", messageOf(4_800_000));
  await backend.storeMessage("n", "t", messageOf(10_000_000));
  assert.equal((await backend.getMessagesForTopic("t")).length, 11);
});
