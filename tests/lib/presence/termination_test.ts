// Workers that are terminated in a loop of synchronous calls: they take no more messages.

import assert from "node:assert/strict";
import { LocalChannel, Puller, Pusher, removeStale, Replier, Requester } from "../../../mod.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { until } from "../../support/deadline.ts";
import type { Loop } from "../../support/programs/looping_worker.ts";
import { inScratch } from "../../support/scratch.ts";
import { type SegmentLocation, untilReceiversBlocked } from "../../support/segment.ts";

type Where = Pick<Loop, "target" | "dir">;

/** Calls a test with a new channel of each kind. */
function onEachCarrier(title: string, test: (where: Where) => Promise<void>): void {
  Deno.test(`local: ${title}`, async () => {
    using channel = LocalChannel.create();
    await test({ target: channel.handle });
  });
  Deno.test({
    name: `shm: ${title}`,
    ignore: Deno.build.os !== "linux", // Elsewhere the threads cannot be identified.
    fn: () =>
      inScratch(async ({ path: dir, names }) => {
        await test({ target: "work", dir });
        await until(() => {
          removeStale({ dir, includeNonEmpty: true });
          return names().length === 0;
        }, "the reclaiming of what workers left");
      }),
  });
}

function locationOf({ target, dir }: Where): SegmentLocation {
  return typeof target === "string" ? { path: `${dir}/${target}` } : target;
}

/** A worker that receives in a loop. */
async function startLoop(where: Where, call: Loop["call"], workMs = 0) {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL("../../support/programs/looping_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const looping = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage({ ...where, call, workMs, done } satisfies Loop);
  await looping;
  return { worker, done };
}

/** Threads of workers, also of those that were terminated and still run. */
function workerThreads(): number {
  return platform().threadNames().filter((name) => /^(?:worker-|ringbus-ended)/.test(name)).length;
}

/** True while every thread of a worker sleeps: one that the system has stopped is ready to run. */
function areWorkersAsleep(): boolean {
  if (Deno.build.os !== "linux") return true;
  return [...Deno.readDirSync("/proc/self/task")].every(({ name }) => {
    const stat = Deno.readTextFileSync(`/proc/self/task/${name}/stat`);
    return !stat.includes("(worker-") || stat.includes(") S ");
  });
}

const COUNT = 200;

for (
  const call of [
    "recvSync",
    "recvSync with a timeout",
    "recvSync with ack",
    "recvIntoSync",
    "pollSync",
    "tryRecv",
    "drain",
  ] as const
) {
  onEachCarrier(
    `a terminated worker in a loop of ${call} takes nothing, and ends`,
    async (where) => {
      const threads = workerThreads();
      const { target, ...options } = where;
      using pusher = new Pusher<Uint8Array>(target, { ...options, codec: "raw" });
      const { worker, done } = await startLoop(where, call);
      pusher.send(Uint8Array.of(1));
      await until(() => done[0] === 1, "the first message");
      worker.terminate();
      // The worker looks for the mark at least every 100 ms.
      await until(() => workerThreads() <= threads, "the end of the worker");
      using puller = new Puller<Uint8Array>(target, options);
      for (let n = 0; n < COUNT; n++) pusher.send(Uint8Array.of(n));
      for (let n = 0; n < COUNT; n++) assert.equal((await puller.recv({ timeoutMs: 5000 }))[0], n);
      assert.equal(done[0], 1);
    },
  );
}

for (
  const call of [
    "sendMany",
    "send of bytes",
    "loan",
    "new Puller",
    "tryRecv on a closed socket",
    "drain(0)",
    "drain(0) with ack",
    "sendMany of nothing",
  ] as const
) {
  onEachCarrier(`a terminated worker in a loop of ${call} ends`, async (where) => {
    const threads = workerThreads();
    const { worker } = await startLoop(where, call);
    worker.terminate();
    await until(() => workerThreads() <= threads, "the end of the worker");
  });
}

for (
  const call of [
    "listChannels",
    "removeStale",
    "reads of a state",
    "writes of a state",
    "new ShmBackend",
  ] as const
) {
  Deno.test({
    name: `shm: a terminated worker in a loop of ${call} ends`,
    ignore: Deno.build.os !== "linux", // Elsewhere the threads cannot be identified.
    fn: () =>
      inScratch(async ({ path: dir }) => {
        const threads = workerThreads();
        const { worker } = await startLoop({ target: "work", dir }, call);
        worker.terminate();
        await until(() => workerThreads() <= threads, "the end of the worker");
        removeStale({ dir, includeNonEmpty: true });
      }),
  });
}

onEachCarrier("a terminated worker that sleeps leaves what wakes it to others", async (where) => {
  const { target, ...options } = where;
  using pusher = new Pusher<number>(target, options);
  using puller = new Puller<number>(target, options);
  const { worker, done } = await startLoop(where, "recvSync");
  await untilReceiversBlocked(locationOf(where), 1);
  await until(areWorkersAsleep, "the sleep of the worker");
  worker.terminate();
  for (let n = 0; n < COUNT; n++) pusher.send(n);
  let received = 0;
  await until(() => {
    received += puller.drain(10).length;
    return received + done[0] >= COUNT;
  }, "all messages");
  assert.equal(received + done[0], COUNT);
  assert.ok(done[0] <= 1, `the terminated worker took ${done[0]} messages`);
});

onEachCarrier("a terminated worker ends amid waiting messages, and none is lost", async (where) => {
  const { target, ...options } = where;
  using pusher = new Pusher<number>(target, options);
  const { worker, done } = await startLoop(where, "recvSync", 2);
  for (let n = 0; n < 2000; n++) pusher.send(n);
  await until(() => done[0] > 10, "some messages");
  worker.terminate();
  const before = done[0];
  using puller = new Puller<number>(target, options);
  let received = 0;
  await until(() => {
    received += puller.drain(10).length;
    return received + done[0] >= 2000;
  }, "all messages");
  assert.equal(received + done[0], 2000);
  assert.ok(done[0] - before < 100, `the worker has done ${done[0] - before} messages afterwards`);
});

onEachCarrier("the requests after a replier was terminated go to another one", async (where) => {
  const { target, ...options } = where;
  const threads = workerThreads();
  using requester = new Requester<string, string>(target, options);
  const { worker } = await startLoop(where, "recv of a replier");
  assert.equal(await requester.request("a", { timeoutMs: 5000 }), "by the worker");
  worker.terminate();
  await until(() => workerThreads() <= threads, "the end of the worker");
  using replier = new Replier<string, string>(target, options);
  const stop = new AbortController();
  const served = replier.serve(() => "by the other", { signal: stop.signal });
  for (let n = 0; n < COUNT; n++) {
    assert.equal(await requester.request("b", { timeoutMs: 5000 }), "by the other");
  }
  stop.abort();
  await served;
});

onEachCarrier("one of two workers is terminated, and the other goes on", async (where) => {
  const { target, ...options } = where;
  using pusher = new Pusher<number>(target, options);
  const kept = await startLoop(where, "recvSync");
  const ended = await startLoop(where, "recvSync");
  await untilReceiversBlocked(locationOf(where), 2);
  ended.worker.terminate();
  for (let n = 0; n < COUNT; n++) pusher.sendSync(n, { timeoutMs: 5000 });
  await until(() => kept.done[0] + ended.done[0] === COUNT, "all messages");
  assert.ok(ended.done[0] <= 1, "a worker that was about to sleep may take one");
  kept.worker.terminate();
});

for (const where of ["on a local channel", "by name"]) {
  Deno.test({
    name: `to terminate a worker that blocks ${where} does not load the C library`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      inScratch(async ({ path, spawn }) => {
        const args = where === "by name" ? [path] : [];
        const child = spawn({ program: "worker_alone.ts", flags: ["-A"], args });
        assert.deepEqual(await child.result(), { isLoaded: false, isEnded: true });
      }),
  });
}
