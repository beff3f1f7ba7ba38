// Polls that other processes and workers wake, and those who die, or are told to end, meanwhile.

import assert from "node:assert/strict";
import {
  LocalChannel,
  type LocalHandle,
  Publisher,
  Puller,
  Pusher,
  Signal,
  Subscriber,
} from "../../../mod.ts";
import { poll, type Pollable, Poller, pollSync } from "../../../lib/events/mod.ts";
import { within } from "../../support/deadline.ts";
import { openSocket, type Peer } from "../../support/peer.ts";
import { inScratch, makeScratchDirectory } from "../../support/scratch.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";

const MODES = ["sync", "async"] as const;

/** A peer polls two sockets, and this isolate sends; then the other way round. */
async function checkBothWays(
  peer: Peer,
  targets: readonly (string | LocalHandle)[],
  options: { dir?: string },
): Promise<void> {
  using sending = new DisposableStack();
  for (const [at, target] of targets.entries()) {
    await openSocket(peer, `${at}`, "puller", target, options);
  }
  const pushers = targets.map((target) => sending.use(new Pusher(target, options)));
  const ids = targets.map((_, at) => `${at}`);
  for (const mode of MODES) {
    for (const [at, pusher] of pushers.entries()) {
      await peer.start({ do: "poll", ids, mode });
      pusher.send(mode);
      assert.deepEqual(await peer.result(), [[ids[at], "ready"]], mode);
      const received = await peer.execute({ do: "receive", id: ids[at], mode: "sync", count: 1 });
      assert.deepEqual(received, [mode]);
    }
  }
}

/** This isolate polls, and a peer sends. */
async function checkAsWaiter(
  peer: Peer,
  targets: readonly (string | LocalHandle)[],
  options: { dir?: string },
): Promise<void> {
  using stack = new DisposableStack();
  const pullers = targets.map((target) => stack.use(new Puller(target, options)));
  using poller = new Poller(pullers);
  for (const [at, target] of targets.entries()) {
    await openSocket(peer, `out${at}`, "pusher", target, options);
  }
  for (const mode of MODES) {
    for (const [at, puller] of pullers.entries()) {
      await peer.start({ do: "sendRange", id: `out${at}`, producer: 0, count: 1 });
      const [event] = mode === "sync" ? poller.waitSync() : await within(poller.wait(), mode);
      assert.deepEqual([event.source === puller, event.kind], [true, "ready"], mode);
      puller.recvSync();
      await peer.result();
    }
  }
}

Deno.test("poll between processes: whoever sends wakes it, in both ways to wait", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const peer = spawn();
    await checkBothWays(peer, ["a", "b"], { dir });
    await peer.execute({ do: "close" });
    await checkAsWaiter(peer, ["a", "b"], { dir });
  }));

Deno.test("poll between workers: whoever sends wakes it, in both ways to wait", async () => {
  using first = LocalChannel.create();
  using second = LocalChannel.create();
  using third = LocalChannel.create();
  using fourth = LocalChannel.create();
  using peer = new WorkerPeer();
  await checkBothWays(peer, [first.handle, second.handle], {});
  await checkAsWaiter(peer, [third.handle, fourth.handle], {});
});

Deno.test("poll of channels in two directories and of a local one: each wakes it", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const other = makeScratchDirectory();
    try {
      using channel = LocalChannel.create();
      using peer = new WorkerPeer();
      const child = spawn();
      {
        using local = new Signal(channel.handle);
        using here = new Signal("s", { dir });
        using there = new Signal("s", { dir: other });
        using poller = new Poller([local, here, there]);
        const notifiers = [
          [local, peer, { target: channel.handle }],
          [here, child, { target: "s", options: { dir } }],
        ] as const;
        for (const [, peer, where] of notifiers) {
          await peer.execute({ do: "notify", ...where, ids: [] });
        }
        for (const mode of MODES) {
          for (const [source, peer, where] of notifiers) {
            await peer.start({ do: "notify", ...where, ids: [1] });
            const events = mode === "sync" ? poller.waitSync() : await poller.wait();
            assert.deepEqual(events, [{ source, kind: "ready" }]);
            assert.deepEqual(source.tryWait(), [1]);
            await peer.result();
          }
          using notifier = new Signal("s", { dir: other });
          notifier.notify(7);
          assert.equal((await poller.wait())[0].source, there);
          assert.deepEqual(there.tryWait(), [7]);
        }
      }
      await child.finish();
    } finally {
      Deno.removeSync(other, { recursive: true });
    }
  }));

Deno.test("poll that blocks leaves what rings for waits in the event loop", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using waiting = new Puller("waiting", { dir });
    using polled = new Puller("polled", { dir });
    const peer = spawn();
    await openSocket(peer, "waiting", "pusher", "waiting", { dir });
    await openSocket(peer, "polled", "pusher", "polled", { dir });
    const received = waiting.recv();
    await peer.execute({ do: "statistics", id: "waiting" });
    await peer.sendCommand({ do: "send", id: "waiting", values: [1] });
    await peer.sendCommand({ do: "send", id: "polled", values: [2] });
    assert.equal(pollSync([polled])[0].kind, "ready");
    assert.equal(await within(received, "the message"), 1);
    assert.equal(polled.tryRecv(), 2);
    await peer.result();
    await peer.result();
  }));

Deno.test("poll tells once that a process has died, and then goes on", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using poses = new Subscriber("poses", { dir });
    using jobs = new Puller("jobs", { dir });
    using signal = new Signal("signal", { dir });
    using poller = new Poller<Pollable>([poses, jobs, signal]);
    for (const mode of MODES) {
      const peer = spawn();
      await openSocket(peer, "poses", "publisher", "poses", { dir });
      await openSocket(peer, "jobs", "pusher", "jobs", { dir });
      await peer.execute({ do: "notify", target: "signal", options: { dir }, ids: [] });
      assert.deepEqual(poller.waitSync({ timeoutMs: 1 }), []);
      peer.kill("SIGKILL");
      await peer.ended();
      const lost = new Set<unknown>();
      while (lost.size < poller.size) {
        const events = mode === "sync" ? poller.waitSync() : await within(poller.wait(), "a death");
        for (const { source, kind } of events) {
          assert.equal(kind, "peerLost");
          assert.equal(lost.has(source), false);
          lost.add(source);
        }
      }
      using publisher = new Publisher("poses", { dir });
      publisher.send(1);
      assert.deepEqual(poller.waitSync(), [{ source: poses, kind: "ready" }]);
      poses.drain();
    }
  }));

Deno.test("poll is not ended by a peer that closes", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using poses = new Subscriber("poses", { dir });
    using jobs = new Puller("jobs", { dir });
    const peer = spawn();
    await openSocket(peer, "poses", "publisher", "poses", { dir });
    using poller = new Poller<Pollable>([poses, jobs]);
    const waited = poller.wait();
    await peer.execute({ do: "close" });
    await peer.finish();
    using pusher = new Pusher("jobs", { dir });
    pusher.send(1);
    assert.deepEqual(await within(waited, "an event"), [{ source: jobs, kind: "ready" }]);
    jobs.tryRecv();
  }));

Deno.test("SIGTERM ends a process that polls, and its sockets are closed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    for (const mode of MODES) {
      const peer = spawn();
      await openSocket(peer, "in", "subscriber", `${mode}`, { dir });
      await peer.start({ do: "poll", ids: ["in"], mode });
      peer.kill("SIGTERM");
      await peer.ended();
    }
    using subscriber = new Subscriber("another", { dir });
    assert.deepEqual(await poll([subscriber], { timeoutMs: 0 }), []);
  }));
