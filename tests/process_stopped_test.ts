import assert from "node:assert/strict";
import { Publisher, Puller, Pusher, Subscriber } from "../mod.ts";
import { inScratch } from "./support/scratch.ts";
import { untilWaiting } from "./support/segment.ts";

/** Ten times the time for which one that stopped, or died, may hold others up. */
const RECOVERY_BOUND_MS = 1000;

for (const mode of ["sync", "async"] as const) {
  Deno.test(`a stopped puller (${mode}) does not hold up the others`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const stopped = spawn();
      await stopped.ask({ do: "open", id: "p", role: "puller", target: "work", options: { dir } });
      await stopped.start({ do: "receive", id: "p", mode, isCounted: true });
      using pusher = new Pusher("work", { dir });
      using puller = new Puller("work", { dir });
      await untilWaiting({ path: `${dir}/work` }, 1);

      stopped.kill("SIGSTOP");
      const before = performance.now();
      pusher.sendMany(Array.from({ length: 1000 }, (_, n) => n));
      let received = 0;
      for (; received < 1000; received++) puller.recvSync({ timeoutMs: 20_000 });
      const tookMs = performance.now() - before;
      assert.ok(tookMs < RECOVERY_BOUND_MS, `1000 messages took ${tookMs} ms`);

      stopped.kill("SIGCONT");
      pusher.send("stop");
      assert.equal(await stopped.result(), 0);
    }));

  Deno.test(`a killed puller (${mode}) does not hold up the others`, () =>
    inScratch(async ({ path: dir, spawn }) => {
      const killed = spawn();
      await killed.ask({ do: "open", id: "p", role: "puller", target: "work", options: { dir } });
      await killed.start({ do: "receive", id: "p", mode, isCounted: true });
      using pusher = new Pusher("work", { dir });
      using puller = new Puller("work", { dir });
      await untilWaiting({ path: `${dir}/work` }, 1);

      killed.kill("SIGKILL");
      await killed.ended();
      const before = performance.now();
      pusher.sendMany(Array.from({ length: 1000 }, (_, n) => n));
      for (let n = 0; n < 1000; n++) assert.equal(await puller.recv({ timeoutMs: 20_000 }), n);
      const tookMs = performance.now() - before;
      assert.ok(tookMs < RECOVERY_BOUND_MS, `1000 messages took ${tookMs} ms`);
      // What a killed process leaves is removed by whoever attaches next.
      using _next = new Puller("work", { dir });
    }));
}

Deno.test("a stopped subscriber holds up nobody, and learns what it missed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const options = { dir, capacityBytes: 4096 };
    const stopped = spawn();
    await stopped.ask({ do: "open", id: "s", role: "subscriber", target: "news", options });
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
    const { missed } = await stopped.ask<{ missed: number }>({ do: "statistics", id: "s" });
    assert.equal(missed, first);
  }));

Deno.test("a stopped replier delays only the requests that it took", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const [stopped, running, asking] = [spawn(), spawn(), spawn()];
    for (const [name, replier] of [["stopped", stopped], ["running", running]] as const) {
      await replier.ask({ do: "open", id: "r", role: "replier", target: "ask", options: { dir } });
      await replier.start({ do: "reply", id: "r", mode: "sync", name });
    }
    await untilWaiting({ path: `${dir}/ask` }, 2);
    stopped.kill("SIGSTOP");
    await asking.ask({ do: "open", id: "q", role: "requester", target: "ask", options: { dir } });
    const before = performance.now();
    for (let n = 0; n < 100; n++) {
      const [reply] = await asking.ask<{ by: string }[]>({
        do: "request",
        id: "q",
        mode: "async",
        values: [n],
      });
      assert.equal(reply.by, "running");
    }
    const tookMs = performance.now() - before;
    assert.ok(tookMs < RECOVERY_BOUND_MS, `100 requests took ${tookMs} ms`);
    stopped.kill("SIGCONT");
    await asking.ask({ do: "request", id: "q", mode: "burst", values: ["stop", "stop"] });
    await stopped.result();
    await running.result();
  }));

Deno.test("a request fails at once when the replier that took it is killed", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const [replier, asking] = [spawn(), spawn()];
    await replier.ask({ do: "open", id: "r", role: "replier", target: "ask", options: { dir } });
    await asking.ask({ do: "open", id: "q", role: "requester", target: "ask", options: { dir } });
    await replier.start({ do: "takeRequest", id: "r" });
    await asking.start({ do: "request", id: "q", mode: "sync", values: ["lost"] });
    assert.equal(await replier.result(), "lost");
    replier.kill("SIGKILL");
    await replier.ended();
    const before = performance.now();
    await assert.rejects(asking.result(), { kind: "ShmPeerLostError" });
    const tookMs = performance.now() - before;
    assert.ok(tookMs < RECOVERY_BOUND_MS, `the error took ${tookMs} ms`);
  }));
