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
import { Random } from "../../support/random.ts";
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

onDisk("every one of many tiny entries can be deleted on a full disk", "size=8m", async (disk) => {
  const open = () =>
    new ShmBackend({ shmName: "s", dir: disk.path, maxThreads: 1e6, maxSlotsPerThread: 1e6 });
  await using state = open();
  await using other = open();
  const slot = Uint8Array.of(1);
  const append = (n: number) => {
    state.bufferAppendSync(`${n}`, slot);
    // A member that makes no calls keeps a deleted generation in use.
    other.bufferThreadLenSync("none");
  };
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const threads = await fillWith(append, ShmConnectionError);
    assert.ok(threads > 20_000, `${threads}`);
    for (let n = 0; n < threads; n++) {
      const deleter = n % 2 === 0 ? state : other;
      assert.equal(deleter.bufferDeleteThreadSync(`${n}`), true);
      assert.equal(deleter.bufferDeleteThreadSync(`${n}`), false);
    }
    assert.deepEqual(other.bufferListThreadsSync(), []);
    rounds.push(threads);
  }
  assert.ok(rounds[2] > 0.9 * rounds[0], `${rounds}`);
});

onDisk("deletions succeed whatever was written between them", "size=2m", async (disk) => {
  const random = new Random(7);
  const open = () => new ShmBackend({ shmName: "s", dir: disk.path, maxThreads: 1e6 });
  await using one = open();
  await using other = open();
  const alive: string[] = [];
  let written = 0;
  for (let round = 0; round < 30; round++) {
    const bytes = [1, 1, 30, 900][round % 4];
    await fillWith(() => {
      const [writer, reader] = random.below(2) === 0 ? [one, other] : [other, one];
      const id = `${written++}${"x".repeat(random.below(60))}`;
      writer.bufferAppendSync(id, new Uint8Array(bytes));
      alive.push(id);
      reader.bufferThreadLenSync("none");
    }, ShmConnectionError);
    const kept = round % 10 === 9 ? 0 : random.below(alive.length);
    while (alive.length > kept) {
      const [id] = alive.splice(random.below(alive.length), 1);
      assert.equal((random.below(2) === 0 ? one : other).bufferDeleteThreadSync(id), true);
    }
    assert.equal(one.bufferListThreadsSync().length, alive.length);
  }
  assert.ok(written > 10_000, `${written}`);
});

onDisk("pairs that were set alone can be deleted on a full disk", "size=8m", async (disk) => {
  await using state = new ShmBackend({ shmName: "s", dir: disk.path });
  const pairs = await fillWith((n) => state.registrySetSync(`${n}`, `u${n}`), ShmConnectionError);
  for (let n = 0; n < pairs; n++) assert.equal(state.registryDeleteSync(`u${n}`), true);
  assert.deepEqual(state.registryListAllSync(), {});
  await fillWith((n) => state.registrySetSync(`${n}`, `u${n}`), ShmConnectionError);
});

onDisk("tiny messages expire one after another on a full disk", "size=8m", async (disk) => {
  let nowMs = 1_800_000_000_000;
  await using backend = new ShmMessagingBackend({
    name: "m",
    dir: disk.path,
    clock: () => nowMs,
  });
  const keys = await fillWith(
    (n) => backend.set(`k${n}`, n, { ex: 1000 + n }),
    MessagingRefusedError,
  );
  assert.ok(keys > 20_000, `${keys}`);
  nowMs += 1_000_500;
  for (let n = 0; n < keys; n++) {
    assert.equal(await backend.get(`k${n}`), null);
    nowMs += 1000;
  }
  assert.equal((await backend.stats()).keys, 0);
  await fillWith((n) => backend.set(`k${n}`, n), MessagingRefusedError);
});

onDisk("every subscription can be ended on a full disk", "size=1m", async (disk) => {
  await using backend = new ShmMessagingBackend({ name: "m", dir: disk.path });
  const handler = () => {};
  const topics = await fillWith(
    (n) => backend.subscribe(`t${n}`, handler),
    MessagingRefusedError,
  );
  assert.ok(topics > 500, `${topics}`);
  for (let n = 0; n < topics; n++) await backend.unsubscribe(`t${n}`);
  await backend.storeMessage("n", "t", messageOf(100));
});

onDisk("a disk holds nearly as many messages as it has bytes for", "size=64m", async (disk) => {
  let nowMs = 1_800_000_000_000;
  await using backend = new ShmMessagingBackend({
    name: "m",
    dir: disk.path,
    clock: () => nowMs,
  });
  const store = () => backend.storeMessage("n", "t", messageOf(5000), { ttlSeconds: 10 });
  const message = messageOf(5000);
  for (let round = 0; round < 2; round++) {
    const messages = await fillWith(store, MessagingRefusedError);
    const least = 0.95 * 64 * 2 ** 20 / (message.stringify().length + 100);
    assert.ok(messages > least, `${messages} of ${least}`);
    nowMs += 20_000;
  }
});

onDisk(
  "what no space is left for is named, with a remedy that there is",
  "size=1m",
  async (disk) => {
    disk.fill();
    for (
      const open of [
        () => new ShmBackend({ shmName: "s", dir: disk.path }),
        () => new ShmMessagingBackend({ name: "m", dir: disk.path }).set("k", 1),
      ]
    ) {
      await assert.rejects(async () => await open(), (error: Error) => {
        assert.match(error.message, /free space in the segment directory/);
        assert.doesNotMatch(error.message, /capacityBytes/);
        return true;
      });
    }
  },
);
