import assert from "node:assert/strict";
import {
  listChannels,
  LocalChannel,
  Puller,
  Pusher,
  removeStale,
  Subscriber,
} from "../../../mod.ts";
import type { ExitMode } from "../../support/programs/actions.ts";
import type { Child } from "../../support/child.ts";
import { sleep, until } from "../../support/deadline.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { untilReceiversBlocked } from "../../support/segment.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";
import { openSocket } from "../../support/peer.ts";

const AGENT = /^\.agent-[0-9a-f]{16}$/;

/** A child with a publisher, a puller, and a subscriber that waits in the event loop. */
async function openSome({ path, spawn }: Scratch): Promise<Child> {
  const child = spawn({ env: { RINGBUS_DIR: path } });
  await child.execute({ do: "open", id: "a", role: "publisher", target: "news" });
  await child.execute({ do: "open", id: "b", role: "puller", target: "work" });
  await child.execute({ do: "listenIdle", prefix: "idle", count: 1 });
  assert.equal(listChannels({ dir: path }).length, 3);
  return child;
}

Deno.test("a program that ends without closing leaves nothing behind", () =>
  inScratch(async (scratch) => {
    const child = scratch.spawn({ env: { RINGBUS_DIR: scratch.path } });
    await child.execute({ do: "open", id: "a", role: "publisher", target: "news" });
    await child.execute({ do: "open", id: "b", role: "puller", target: "work" });
    await child.finish();
  }));

Deno.test("a program that closes its sockets ends, and leaves nothing behind", () =>
  inScratch(async (scratch) => {
    const child = await openSome(scratch);
    await child.execute({ do: "leave", way: "close" });
    assert.deepEqual(scratch.names(), []);
    await child.finish();
  }));

const ENDS: Partial<Record<ExitMode, { code: number; says: string }>> = {
  "exit": { code: 3, says: "" },
  "error": { code: 1, says: "boom" },
  "rejection": { code: 1, says: "boom" },
};

for (const [way, { code, says }] of Object.entries(ENDS)) {
  Deno.test(`a program that ends by ${way} leaves nothing behind`, () =>
    inScratch(async (scratch) => {
      const child = await openSome(scratch);
      await child.sendCommand({ do: "leave", way: way as ExitMode });
      const status = await child.ended();
      assert.equal(status.code, code);
      assert.ok(child.stderr.includes(says), child.stderr);
    }));
}

for (const way of ["handled error", "handled rejection"] as const) {
  Deno.test(`a ${way} leaves the sockets open`, () =>
    inScratch(async (scratch) => {
      const child = await openSome(scratch);
      await child.execute({ do: "leave", way });
      await sleep(50);
      assert.equal(await child.execute({ do: "send", id: "a", values: ["still here"] }), 1);
      assert.equal(listChannels({ dir: scratch.path }).length, 4);
      await child.execute({ do: "close" });
    }));
}

Deno.test("SIGTERM closes the sockets of a program whose event loop lives, and ends it", () =>
  inScratch(async (scratch) => {
    const child = await openSome(scratch);
    child.kill("SIGTERM");
    assert.equal((await child.ended()).signal, "SIGTERM");
  }));

Deno.test("SIGTERM closes the sockets of the main thread and of its workers", () =>
  inScratch(async ({ path, spawn, names }) => {
    const env = { RINGBUS_DIR: path };
    const child = spawn({ program: "two_isolates.ts", flags: ["-A"], env });
    assert.equal(await child.result(), "waiting");
    assert.equal(names().length, 5, "three segments and two doorbells");
    child.kill("SIGTERM");
    assert.equal((await child.ended()).signal, "SIGTERM");
  }));

Deno.test("SIGTERM closes the sockets of a program that blocked before", () =>
  inScratch(async (scratch) => {
    const child = await openSome(scratch);
    for (let round = 0; round < 3; round++) {
      await child.start({ do: "receive", id: "b", mode: "sync", timeoutMs: 30 });
      await assert.rejects(child.result(), { kind: "ShmTimeoutError" });
    }
    await sleep(50);
    child.kill("SIGTERM");
    assert.equal((await child.ended()).signal, "SIGTERM");
  }));

Deno.test("SIGTERM ends a program that has closed its sockets", () =>
  inScratch(async (scratch) => {
    const child = await openSome(scratch);
    await child.execute({ do: "close" });
    child.kill("SIGTERM");
    assert.equal((await child.ended()).signal, "SIGTERM");
  }));

/** Puts a child into a call that never returns to the event loop. */
const BLOCKED: Record<string, (child: Child) => Promise<void>> = {
  "a program blocked in recvSync": (child) => child.start({ do: "receive", id: "b", mode: "sync" }),
  "a program that blocks after asynchronous use": async (child) => {
    await child.start({ do: "receive", id: "b", mode: "async", timeoutMs: 30 });
    await assert.rejects(child.result(), { kind: "ShmTimeoutError" });
    await child.start({ do: "spin", id: "b", call: "recvSync" });
  },
  "a program that polls with tryRecv": (child) =>
    child.start({ do: "spin", id: "b", call: "tryRecv" }),
  "a program that sends for ever": (child) => child.start({ do: "spin", id: "a", call: "send" }),
};

const DELAYS = Object.keys(BLOCKED).flatMap((who) => [0, 5, 150].map((ms) => [who, ms] as const));

for (const [who, delayMs] of DELAYS) {
  const block = BLOCKED[who];
  Deno.test(`SIGTERM after ${delayMs} ms closes the sockets of ${who}, and ends it`, () =>
    inScratch(async (scratch) => {
      const child = await openSome(scratch);
      await block(child);
      await sleep(delayMs);
      child.kill("SIGTERM");
      assert.equal((await child.ended()).signal, "SIGTERM");
    }));
}

Deno.test("SIGTERM ends a program that receives without a pause", () =>
  inScratch(async (scratch) => {
    const dir = scratch.path;
    const child = scratch.spawn();
    await child.execute({ do: "open", id: "s", role: "puller", target: "flood", options: { dir } });
    using pusher = new Pusher("flood", { dir });
    const values = Array.from({ length: 1000 }, (_, n) => n);
    while (pusher.sendMany(values) === values.length) continue;
    await child.start({ do: "spin", id: "s", call: "recvSync" });
    const end = performance.now() + 200;
    while (performance.now() < end) pusher.sendMany(values);
    child.kill("SIGTERM");
    let hasEnded = false;
    const ended = child.ended().then((status) => {
      hasEnded = true;
      return status;
    });
    // The ring never runs empty, so no call of the child ever sleeps.
    while (!hasEnded && performance.now() < end + 3000) {
      for (let i = 0; i < 100; i++) pusher.sendMany(values);
      await sleep(0);
    }
    assert.ok(hasEnded, "the program was alive 3 s after SIGTERM");
    assert.equal((await ended).signal, "SIGTERM");
    using puller = new Puller("flood", { dir });
    while (puller.drain(10_000).length > 0) continue;
  }));

Deno.test("the next attach reclaims what a killed program left, and the last close removes it", () =>
  inScratch(async (scratch) => {
    const dir = scratch.path;
    const child = await openSome(scratch);
    child.kill("SIGKILL");
    await child.ended();
    const left = scratch.names();
    assert.deepEqual(
      listChannels({ dir }).map((channel) => channel.participants.map((one) => one.alive)),
      [[false], [false], [false]],
    );
    assert.deepEqual(scratch.names(), left, "a listing deletes nothing");
    for (const name of ["news", "idle0"]) {
      using subscriber = new Subscriber(name, { dir });
      assert.equal(listChannels({ dir }).find((one) => one.name === name)?.participants.length, 1);
      assert.equal(subscriber.tryRecv(), undefined);
    }
    using _puller = new Puller("work", { dir });
  }));

Deno.test("removeStale removes what a killed program leaves", () =>
  inScratch(async (scratch) => {
    const child = await openSome(scratch);
    child.kill("SIGKILL");
    await child.ended();
    assert.ok(scratch.names().some((name) => AGENT.test(name)));
    assert.deepEqual(removeStale({ dir: scratch.path }).sort(), ["idle0", "news", "work"]);
    assert.deepEqual(scratch.names(), []);
  }));

Deno.test("removeStale keeps channels that are in use, persistent, or not empty", () =>
  inScratch(async ({ path: dir, spawn, names }) => {
    const [killed, alive] = [spawn(), spawn()];
    const options = { dir };
    await killed.execute({ do: "open", id: "a", role: "pusher", target: "full", options });
    await killed.execute({ do: "send", id: "a", values: [1, 2, 3] });
    await killed.execute({ do: "open", id: "b", role: "pusher", target: "empty", options });
    await openSocket(killed, "c", "publisher", "kept", { dir, persist: true });
    await killed.execute({ do: "open", id: "d", role: "publisher", target: "shared", options });
    await alive.execute({ do: "open", id: "d", role: "subscriber", target: "shared", options });
    killed.kill("SIGKILL");
    await killed.ended();

    assert.deepEqual(removeStale({ dir }), ["empty"]);
    assert.deepEqual(removeStale({ dir }), []);
    assert.deepEqual(names().filter((name) => !AGENT.test(name)), ["full", "kept", "shared"]);
    assert.deepEqual(removeStale({ dir, includePersistent: true }), ["kept"]);
    assert.deepEqual(removeStale({ dir, includeNonEmpty: true }), ["full"]);
    assert.equal(names().filter((name) => AGENT.test(name)).length, 1, "the living one's doorbell");
    await alive.execute({ do: "close" });
  }));

for (const persist of [false, true]) {
  const kind = persist ? "persistent" : "plain";
  Deno.test(`a ${kind} queue keeps its messages when every owner is killed`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const options = { dir, persist };
      const [pusher, puller] = [spawn(), spawn()];
      await pusher.execute({ do: "open", id: "out", role: "pusher", target: "jobs", options });
      await puller.execute({ do: "open", id: "in", role: "puller", target: "jobs", options });
      await pusher.execute({ do: "sendRange", id: "out", producer: 1, count: 1000 });
      await puller.execute({ do: "receive", id: "in", mode: "sync", count: 400 });
      for (const child of [pusher, puller]) {
        child.kill("SIGKILL");
        await child.ended();
      }
      const next = spawn();
      await openSocket(next, "in", "puller", "jobs", { dir });
      const rest = await next.execute({ do: "receive", id: "in", mode: "async", count: 600 });
      assert.deepEqual(rest, Array.from({ length: 600 }, (_, n) => ({ p: 1, n: 400 + n })));
      await next.execute({ do: "close" });
      if (persist) {
        assert.deepEqual(listChannels({ dir }).map((channel) => channel.name), ["jobs"]);
        assert.deepEqual(removeStale({ dir, includePersistent: true }), ["jobs"]);
      }
    }));
}

Deno.test("a queue that holds messages outlives its participants, and an empty one does not", () =>
  inScratch(async ({ path: dir, spawn, names }) => {
    const pusher = spawn();
    await openSocket(pusher, "out", "pusher", "jobs", { dir });
    await pusher.execute({ do: "send", id: "out", values: ["first", "second"] });
    await pusher.finish();
    assert.deepEqual(names(), ["jobs"]);
    {
      using puller = new Puller("jobs", { dir });
      assert.equal(puller.recvSync({ timeoutMs: 1000 }), "first");
    }
    assert.deepEqual(names(), ["jobs"]);
    {
      using puller = new Puller("jobs", { dir });
      assert.equal(puller.recvSync({ timeoutMs: 1000 }), "second");
    }
    assert.deepEqual(names(), []);
  }));

Deno.test("a message that a killed puller had taken in place is lost, and no other", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, codec: "raw", capacityBytes: 1024 } as const;
    const holder = spawn();
    await holder.execute({ do: "open", id: "in", role: "puller", target: "held", options });
    using pusher = new Pusher<Uint8Array>("held", options);
    for (let n = 0; n < 5; n++) pusher.send(new Uint8Array(100).fill(n));
    await holder.execute({ do: "hold", id: "in" });
    holder.kill("SIGKILL");
    await holder.ended();
    using puller = new Puller<Uint8Array>("held", options);
    for (let n = 1; n < 5; n++) assert.equal(puller.recvSync({ timeoutMs: 1000 })[0], n);
    for (let n = 0; n < 50; n++) {
      pusher.sendSync(new Uint8Array(100).fill(n), { timeoutMs: 1000 });
      assert.equal(puller.recvSync({ timeoutMs: 1000 })[0], n);
    }
  }));

Deno.test("a worker that ends by self.close leaves nothing behind", () =>
  inScratch(async ({ path: dir, names }) => {
    using worker = new WorkerPeer();
    await openSocket(worker, "a", "publisher", "news", { dir });
    assert.equal(names().length, 2);
    worker.sendCommand({ do: "leave", way: "self.close" });
    await until(() => names().length === 0, "the end of the worker's segment and doorbell");
  }));

for (const ending of ["closes its channels", "calls Deno.exit"] as const) {
  Deno.test(`a program that terminates its waiting workers ends when it ${ending}`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const env = { RINGBUS_DIR: dir };
      const args = [ending];
      const child = spawn({ program: "terminated_workers.ts", flags: ["-A"], env, args });
      assert.deepEqual(await child.result(), ["idle", "blocked", "polling"]);
      assert.equal((await child.ended()).code, 0);
      // A terminated worker runs no code at its end: its FIFO and its segment stay.
      removeStale({ dir });
    }));
}

Deno.test("the slots of a terminated worker are reclaimed, and the request that it had fails", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const env = { RINGBUS_DIR: dir };
    const child = spawn({ program: "terminated_sockets.ts", flags: ["-A"], env });
    assert.deepEqual(await child.result(), { places: 2, isLost: true });
    assert.equal((await child.ended()).code, 0);
    removeStale({ dir, includeNonEmpty: true });
  }));

Deno.test("a worker blocked in a receive ends when its local channel is closed", async () => {
  for (const call of ["recvSync", "recv"] as const) {
    using channel = LocalChannel.create();
    using worker = new WorkerPeer();
    await worker.execute({ do: "open", id: "in", role: "puller", target: channel.handle });
    const mode = call === "recvSync" ? "sync" : "async";
    await worker.start({ do: "receive", id: "in", mode });
    await untilReceiversBlocked(channel.handle, 1);
    const before = performance.now();
    channel.close();
    await assert.rejects(worker.result(), { kind: "ShmClosedError" });
    assert.ok(performance.now() - before < 1000, "ten times what a lost wake-up may cost");
  }
});
