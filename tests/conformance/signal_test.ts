// Signals, on local channels and on segments: they differ only in how they are opened.

import assert from "node:assert/strict";
import {
  listChannels,
  LocalChannel,
  type LocalHandle,
  Pusher,
  ShmClosedError,
  ShmConnectionError,
  Signal,
  type SignalOptions,
} from "../../mod.ts";
import { inspect } from "../../lib/observe/inspect.ts";
import { SIGNAL_COUNTS } from "../../wasm/layout.ts";
import { within } from "../support/deadline.ts";
import { BytesInMemory } from "../support/observed.ts";
import type { Peer } from "../support/peer.ts";
import { inScratch } from "../support/scratch.ts";
import { WorkerPeer } from "../support/worker_peer.ts";
import { TestDirectory } from "./channel/directory.ts";

type Open = (options?: SignalOptions) => Signal;

/** Registers a test on both carriers. */
function testSignal(name: string, body: (open: Open) => void | Promise<void>): void {
  Deno.test(`signal, local: ${name}`, async () => {
    using channel = LocalChannel.create({ capacityBytes: 1024 });
    using stack = new DisposableStack();
    await body((options) => stack.use(new Signal(channel.handle, options)));
  });
  Deno.test(`signal, shm: ${name}`, async () => {
    using directory = new TestDirectory();
    using stack = new DisposableStack();
    const dir = directory.path;
    await body((options) => stack.use(new Signal("signal", { dir, ...options })));
  });
}

testSignal("a notification reaches all others, and not its sender", async (open) => {
  const [a, b, c] = [open(), open(), open()];
  a.notify(3);
  assert.deepEqual([a.tryWait(), b.tryWait(), c.tryWait()], [[], [3], [3]]);
  assert.deepEqual([b.tryWait(), await c.wait({ timeoutMs: 0 })], [[], []]);
});

testSignal("notifications of an id coalesce, and ids come in ascending order", (open) => {
  const [a, b] = [open(), open()];
  for (const id of [255, 7, 0, 7, 31, 7]) a.notify(id);
  assert.deepEqual(b.waitSync(), [0, 7, 31, 255]);
  assert.deepEqual(b.waitSync({ timeoutMs: 1 }), []);
});

testSignal("who notifies still gets what others have notified before", (open) => {
  const [a, b, c] = [open(), open(), open()];
  a.notify(5);
  b.notify(5);
  assert.deepEqual([a.tryWait(), b.tryWait(), c.tryWait()], [[5], [5], [5]]);
});

testSignal("who attaches gets nothing of before", (open) => {
  const a = open();
  a.notify(1);
  const b = open();
  assert.deepEqual(b.tryWait(), []);
  a.notify(2);
  assert.deepEqual(b.tryWait(), [2]);
});

Deno.test("signal: a count may overflow", () => {
  using channel = LocalChannel.create();
  using a = new Signal(channel.handle);
  using b = new Signal(channel.handle);
  for (const count of [2 ** 31 - 1, -1]) {
    new Int32Array(channel.handle.memory.buffer)[SIGNAL_COUNTS / 4 + 9] = count;
    assert.deepEqual([a.tryWait(), b.tryWait()], [[9], [9]]);
    a.notify(9);
    assert.deepEqual([a.tryWait(), b.tryWait()], [[], [9]]);
  }
});

testSignal("waits in the event loop end at a notification, in their order", async (open) => {
  const [a, b] = [open(), open()];
  const waits = [b.wait(), b.wait()];
  a.notify(1);
  assert.deepEqual(await within(waits[0], "the first wait"), [1]);
  a.notify(2);
  assert.deepEqual(await within(waits[1], "the second wait"), [2]);
});

testSignal("an iteration gives the ids, and ends with close()", async (open) => {
  const [a, b] = [open(), open()];
  const ids: number[] = [];
  a.notify(4);
  a.notify(2);
  for await (const id of b) {
    ids.push(id);
    if (ids.length === 2) a.notify(200);
    if (id === 200) b.close();
  }
  assert.deepEqual(ids, [2, 4, 200]);
});

testSignal("a wait ends with the signal of its options, and with close()", async (open) => {
  const a = open();
  const controller = new AbortController();
  const aborted = a.wait({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await assert.rejects(a.wait({ signal: AbortSignal.abort(new Error("before")) }), /before/);
  const closed = a.wait();
  a.close();
  a.close();
  await assert.rejects(closed, ShmClosedError);
  assert.equal(a.closed, true);
  assert.throws(() => a.notify(1), ShmClosedError);
  assert.throws(() => a.tryWait(), ShmClosedError);
  assert.throws(() => a.waitSync(), ShmClosedError);
  await assert.rejects(a.wait(), ShmClosedError);
});

testSignal("an id is a whole number from 0 to 255", (open) => {
  const a = open();
  for (const id of [-1, 256, 1.5, NaN]) assert.throws(() => a.notify(id), /id .*0.*255/);
  assert.throws(() => a.notify("1" as unknown as number), /id/);
});

Deno.test("signal: closing a local channel ends all of its participants", async () => {
  using channel = LocalChannel.create();
  using a = new Signal(channel.handle);
  const waited = a.wait();
  channel.close();
  await assert.rejects(within(waited, "the wait"), ShmClosedError);
  assert.throws(() => a.notify(1), ShmClosedError);
});

Deno.test("signal: a name has one kind, which the registry and the inspection know", () => {
  using directory = new TestDirectory();
  const dir = directory.path;
  using _signal = new Signal("one", { dir, label: "camera" });
  assert.throws(
    () => new Pusher("one", { dir }),
    (error) => error instanceof ShmConnectionError && /its kind is signal/.test(error.message),
  );
  const [info] = listChannels({ dir });
  assert.deepEqual([info.name, info.kind, info.participants[0].label], ["one", "signal", "camera"]);
  assert.deepEqual(
    inspect(new BytesInMemory(Deno.readFileSync(directory.file("one"))), { records: 10 }).issues,
    [],
  );
});

/** Another participant notifies, and is notified, while this one waits in both ways. */
async function checkPeer(signal: Signal, target: string | LocalHandle, dir: string, peer: Peer) {
  const options = typeof target === "string" ? { dir } : undefined;
  await peer.execute({ do: "notify", target, options, ids: [] });
  const waited = signal.wait();
  await peer.execute({ do: "notify", target, options, ids: [6, 5] });
  const ids = new Set(await within(waited, "a notification"));
  while (ids.size < 2) for (const id of signal.waitSync()) ids.add(id);
  assert.deepEqual([...ids].sort(), [5, 6]);
  for (const mode of ["sync", "async"] as const) {
    await peer.start({ do: "awaitIds", target, options, ids: [1, 2], mode });
    signal.notify(1);
    signal.notify(2);
    assert.deepEqual(await peer.result(), [1, 2], mode);
  }
}

Deno.test("signal: notifications between processes", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using signal = new Signal("signal", { dir });
    await checkPeer(signal, "signal", dir, spawn());
  }));

Deno.test("signal: notifications between workers", async () => {
  using channel = LocalChannel.create();
  using signal = new Signal(channel.handle);
  using peer = new WorkerPeer();
  await checkPeer(signal, channel.handle, "", peer);
});
