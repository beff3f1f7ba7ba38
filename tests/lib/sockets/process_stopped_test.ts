import assert from "node:assert/strict";
import {
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmPeerLostError,
  Subscriber,
} from "../../../mod.ts";
import type { Child } from "../../support/child.ts";
import { sleep } from "../../support/deadline.ts";
import { openSocket } from "../../support/peer.ts";
import { Stopwatch } from "../../support/stopwatch.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { untilSendersBlocked, untilWaiting } from "../../support/segment.ts";

/** Ten times the time for which a process that stopped or died may delay others. */
const RECOVERY_BOUND_MS = 1000;
const LONG_MS = 5000;
/** Longer than any other process may wait. */
const LONG_TIMEOUT = { timeoutMs: 60_000 };

/** A puller that waits in a child, and a pusher and a further puller in this process. */
interface Pullers {
  child: Child;
  pusher: Pusher<number | "stop">;
  puller: Puller<number>;
  dir: string;
}

function besideWaitingPuller(
  mode: "sync" | "async",
  test: (pullers: Pullers) => Promise<void>,
): Promise<void> {
  return inScratch(async ({ path: dir, spawn }) => {
    const child = spawn();
    await openSocket(child, "p", "puller", "work", { dir });
    await child.start({ do: "receive", id: "p", mode, isCounted: true });
    using pusher = new Pusher<number | "stop">("work", { dir });
    using puller = new Puller<number>("work", { dir });
    await untilWaiting({ path: `${dir}/work` }, 1);
    await test({ child, pusher, puller, dir });
  });
}

for (const mode of ["sync", "async"] as const) {
  Deno.test(`a stopped puller (${mode}) does not delay the others`, () =>
    besideWaitingPuller(mode, async ({ child, pusher, puller }) => {
      child.kill("SIGSTOP");
      const watch = new Stopwatch();
      pusher.sendMany(Array.from({ length: 1000 }, (_, n) => n));
      let received = 0;
      for (; received < 1000; received++) puller.recvSync({ timeoutMs: 20_000 });
      const tookMs = watch.elapsedMs;
      assert.ok(tookMs < RECOVERY_BOUND_MS, `1000 messages took ${tookMs} ms`);

      child.kill("SIGCONT");
      pusher.send("stop");
      assert.equal(await child.result(), 0);
    }));

  Deno.test(`a killed puller (${mode}) does not delay the others`, () =>
    besideWaitingPuller(mode, async ({ child, pusher, puller, dir }) => {
      child.kill("SIGKILL");
      await child.ended();
      const watch = new Stopwatch();
      pusher.sendMany(Array.from({ length: 1000 }, (_, n) => n));
      for (let n = 0; n < 1000; n++) assert.equal(await puller.recv({ timeoutMs: 20_000 }), n);
      const tookMs = watch.elapsedMs;
      assert.ok(tookMs < RECOVERY_BOUND_MS, `1000 messages took ${tookMs} ms`);
      // The next process that attaches removes what a killed one left.
      using _next = new Puller("work", { dir });
    }));
}

Deno.test("a stopped subscriber delays no other, and reports what it missed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, capacityBytes: 4096 };
    const stopped = spawn();
    await openSocket(stopped, "s", "subscriber", "news", options);
    using publisher = new Publisher("news", options);
    using subscriber = new Subscriber("news", options);
    stopped.kill("SIGSTOP");
    for (let n = 0; n < 5000; n++) {
      publisher.send(n);
      assert.equal(subscriber.tryRecv(), n);
    }
    stopped.kill("SIGCONT");
    publisher.send("stop");
    await stopped.start({ do: "receive", id: "s", mode: "try" });
    const received = await stopped.result<number[]>();
    assert.ok(received.length < 5000);
    const first = 5000 - received.length;
    assert.deepEqual(received, Array.from(received, (_, i) => first + i));
    const { missed } = await stopped.execute<{ missed: number }>({ do: "statistics", id: "s" });
    assert.equal(missed, first);
  }));

Deno.test("a stopped replier delays only the requests that it took", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const [stopped, running, asking] = [spawn(), spawn(), spawn()];
    for (const [name, replier] of [["stopped", stopped], ["running", running]] as const) {
      await openSocket(replier, "r", "replier", "ask", { dir });
      await replier.start({ do: "reply", id: "r", mode: "sync", name });
    }
    await untilWaiting({ path: `${dir}/ask` }, 2);
    stopped.kill("SIGSTOP");
    await openSocket(asking, "q", "requester", "ask", { dir });
    const watch = new Stopwatch(asking, running);
    const replies = await asking.execute<{ by: string }[]>({
      do: "request",
      id: "q",
      mode: "async",
      values: Array.from({ length: 100 }, (_, n) => n),
    });
    const tookMs = watch.elapsedMs;
    assert.equal(replies.length, 100);
    assert.ok(replies.every(({ by }) => by === "running"));
    assert.ok(tookMs < RECOVERY_BOUND_MS, `100 requests took ${tookMs} ms`);
    stopped.kill("SIGCONT");
    await asking.execute({ do: "request", id: "q", mode: "burst", values: ["stop", "stop"] });
    await stopped.result();
    await running.result();
  }));

Deno.test("a request fails at once when the replier that took it is killed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const [replier, asking] = [spawn(), spawn()];
    await openSocket(replier, "r", "replier", "ask", { dir });
    await openSocket(asking, "q", "requester", "ask", { dir });
    await replier.start({ do: "takeRequest", id: "r" });
    await asking.start({ do: "request", id: "q", mode: "sync", values: ["lost"] });
    assert.equal(await replier.result(), "lost");
    replier.kill("SIGKILL");
    await replier.ended();
    const watch = new Stopwatch(asking);
    await assert.rejects(asking.result(), { kind: "ShmPeerLostError" });
    const tookMs = watch.elapsedMs;
    assert.ok(tookMs < RECOVERY_BOUND_MS, `the error took ${tookMs} ms`);
  }));

/** While loans are open for long in another process, no producer and no consumer waits. */
async function whileLoansAreOpen({ path: dir, spawn }: Scratch): Promise<void> {
  const options = { dir, codec: "raw", capacityBytes: 4096 } as const;
  const holder = spawn();
  await openSocket(holder, "work", "pusher", "work", options);
  await openSocket(holder, "lent", "publisher", "lent", options);
  using puller = new Puller<Uint8Array>("work", options);
  using subscriber = new Subscriber<Uint8Array>("lent", options);
  using pusher = new Pusher<Uint8Array>("work", options);
  using publisher = new Publisher<Uint8Array>("lent", options);
  await holder.execute({ do: "lend", id: "work", byteLength: 77 });
  await holder.execute({ do: "lend", id: "lent", byteLength: 78 });

  const until = performance.now() + LONG_MS;
  let longestMs = 0;
  while (performance.now() < until) {
    const watch = new Stopwatch();
    pusher.sendSync(new Uint8Array(300), { timeoutMs: 20_000 });
    assert.equal(puller.recvSync({ timeoutMs: 20_000 }).length, 300);
    publisher.send(new Uint8Array(300));
    assert.equal(subscriber.recvSync({ timeoutMs: 20_000 }).length, 300);
    await new Promise((resolve) => setImmediate(resolve));
    longestMs = Math.max(longestMs, watch.elapsedMs);
  }
  assert.ok(longestMs < RECOVERY_BOUND_MS, `others waited for ${longestMs} ms`);

  await holder.execute({ do: "commit", id: "work" });
  await holder.execute({ do: "commit", id: "lent" });
  assert.deepEqual(puller.recvSync({ timeoutMs: 20_000 }), new Uint8Array(77).fill(77));
  assert.deepEqual(subscriber.recvSync({ timeoutMs: 20_000 }), new Uint8Array(78).fill(78));
}

/** A subscriber that sleeps for long reports the exact number it missed, and continues. */
async function sleepLong({ path: dir, spawn }: Scratch): Promise<void> {
  const options = { dir, capacityBytes: 4096 };
  const publisher = spawn();
  const target = "news";
  await openSocket(publisher, "p", "publisher", target, options);
  using subscriber = new Subscriber<{ n: number }>(target, options);
  const send = (count: number) =>
    publisher.execute({ do: "sendRange", id: "p", producer: 1, count, perPause: 20 });
  const until = performance.now() + LONG_MS;
  let sent = 0;
  for (; performance.now() < until; sent += 500) await send(500);
  await sleep(Math.max(0, until - performance.now()));

  const kept = subscriber.drain();
  assert.deepEqual(kept.map(({ n }) => n), kept.map((_, i) => 500 - kept.length + i));
  assert.ok(kept.length > 0);
  assert.equal(subscriber.statistics().missed, sent - kept.length);
  await send(5);
  assert.deepEqual(subscriber.drain().map(({ n }) => n), [0, 1, 2, 3, 4]);
  assert.equal(subscriber.statistics().missed, sent - kept.length);
}

Deno.test("a loan that is open for 5 s delays no other process, and a subscriber that sleeps for 5 s reports the exact number it missed", () =>
  inScratch(async (scratch) => {
    await Promise.all([whileLoansAreOpen(scratch), sleepLong(scratch)]);
  }));

for (const mode of ["sync", "async"] as const) {
  Deno.test(`a pusher that waits (${mode}) on a full ring wakes when there is space`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const options = { dir, capacityBytes: 1024 };
      const waiting = spawn();
      const target = "work";
      await openSocket(waiting, "p", "pusher", target, options);
      using puller = new Puller<{ n: number }>(target, options);
      await waiting.start({ do: "sendRange", id: "p", producer: 1, count: 100, mode });
      await untilSendersBlocked({ path: `${dir}/${target}` }, 1);
      const watch = new Stopwatch(waiting);
      for (let n = 0; n < 100; n++) assert.equal(puller.recvSync({ timeoutMs: 20_000 }).n, n);
      const tookMs = watch.elapsedMs;
      assert.equal(await waiting.result(), 100);
      assert.ok(tookMs < RECOVERY_BOUND_MS, `100 messages took ${tookMs} ms`);
    }));
}

Deno.test("of many requests in flight, a killed replier fails the one that it took", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const replier = spawn();
    await openSocket(replier, "r", "replier", "ask", { dir });
    using requester = new Requester<number, number>("ask", { dir });
    const replies = Array.from({ length: 100 }, (_, n) => requester.request(n, LONG_TIMEOUT));
    const settled = Promise.allSettled(replies);
    await replier.start({ do: "takeRequest", id: "r" });
    assert.equal(await replier.result(), 0);
    replier.kill("SIGKILL");
    await replier.ended();
    const watch = new Stopwatch();
    await assert.rejects(replies[0], ShmPeerLostError);
    const tookMs = watch.elapsedMs;
    assert.ok(tookMs < 2 * RECOVERY_BOUND_MS, `the error took ${tookMs} ms`);

    using other = new Replier<number, number>("ask", { dir });
    const stop = new AbortController();
    const served = other.serve((n) => -n, { signal: stop.signal });
    const [, ...results] = await settled;
    stop.abort();
    await served;
    const values = results.map((reply) => reply.status === "fulfilled" && reply.value);
    assert.deepEqual(values, Array.from({ length: 99 }, (_, i) => -(i + 1)));
  }));
