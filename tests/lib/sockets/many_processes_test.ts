// Many at once: processes on one channel, channels in one process, attaching and detaching.

import assert from "node:assert/strict";
import { type ChannelOptions, Publisher, Subscriber } from "../../../mod.ts";
import type { SocketRole as Role } from "../../support/programs/actions.ts";
import type { OrderReport } from "../../support/programs/order_report.ts";
import type { Child } from "../../support/child.ts";
import { until } from "../../support/deadline.ts";
import { resourcesOf } from "../../support/resources.ts";
import { inScratch, type Scratch } from "../../support/scratch.ts";
import { untilDrained, untilWaiting } from "../../support/segment.ts";

const TIMEOUT_MS = 60_000;

/** Children that are ready, started a few at a time: each takes a core for a moment. */
async function startChildren(scratch: Scratch, count: number): Promise<Child[]> {
  const children: Child[] = [];
  while (children.length < count) {
    const some = Array.from(
      { length: Math.min(4, count - children.length) },
      () => scratch.spawn(),
    );
    await Promise.all(some.map((child) => child.execute({ do: "close" })));
    children.push(...some);
  }
  return children;
}

async function attach(child: Child, role: Role, options: ChannelOptions): Promise<void> {
  await child.execute({ do: "open", id: role, role, target: "busy", options });
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** The smallest share is at least half of the mean. */
function assertNoStarvation(who: string, shares: number[]): void {
  const mean = sum(shares) / shares.length;
  assert.ok(Math.min(...shares) >= mean / 2, `${who} had ${shares}, on average ${mean}`);
}

async function startOrderReports(child: Child, id: Role, producers: number): Promise<void> {
  await child.start({ do: "census", id, producers, timeoutMs: TIMEOUT_MS });
}

async function send(child: Child, id: Role, producer: number, count: number): Promise<void> {
  await child.start({ do: "sendRange", id, producer, count, mode: "sync", perPause: 5 });
}

Deno.test("with many processes order holds, losses are counted, and no process starves", () =>
  inScratch(async (scratch) => {
    // Both on the same children: to start 64 takes longer than what they do.
    const children = await startChildren(scratch, 64);
    await publishToMany(scratch.path, children.slice(0, 16), children.slice(16, 32));
    await pushToMany(scratch.path, children.slice(0, 32), children.slice(32));
  }));

/** 16 publishers and 16 subscribers on one channel. */
async function publishToMany(dir: string, publishers: Child[], subscribers: Child[]) {
  const each = 600;
  const options = { dir, capacityBytes: 2048 };
  for (const child of publishers) await attach(child, "publisher", options);
  for (const child of subscribers) await attach(child, "subscriber", options);
  for (const child of subscribers) await startOrderReports(child, "subscriber", 16);
  for (const [p, child] of publishers.entries()) await send(child, "publisher", p, each);
  for (const child of publishers) assert.equal(await child.result(), each);
  await publishers[0].execute({ do: "send", id: "publisher", values: ["stop"] });
  const censuses = await Promise.all(subscribers.map((child) => child.result<OrderReport>()));
  for (const { from, disorders, missed } of censuses) {
    assert.equal(disorders, 0);
    assert.equal(sum(from) + missed, 16 * each);
  }
  assertNoStarvation("the subscribers", censuses.map(({ from }) => sum(from)));
  const heard = publishers.map((_, p) => sum(censuses.map(({ from }) => from[p])));
  assertNoStarvation("the publishers", heard);
  for (const child of [...publishers, ...subscribers]) await child.execute({ do: "close" });
}

/** 32 pushers and 32 pullers on one channel. */
async function pushToMany(dir: string, pushers: Child[], pullers: Child[]) {
  const each = 300;
  const options = { dir, capacityBytes: 4096 };
  const place = { path: `${dir}/busy` };
  for (const child of pullers) await attach(child, "puller", options);
  for (const child of pullers) await startOrderReports(child, "puller", 32);
  await untilWaiting(place, 32);
  for (const child of pushers) await attach(child, "pusher", options);
  for (const [p, child] of pushers.entries()) await send(child, "pusher", p, each);
  for (const child of pushers) assert.equal(await child.result(), each);
  await untilDrained(place);
  await pushers[0].execute({ do: "send", id: "pusher", values: pullers.map(() => "stop") });
  const censuses = await Promise.all(pullers.map((child) => child.result<OrderReport>()));
  assert.equal(sum(censuses.map(({ disorders }) => disorders)), 0);
  for (const p of pushers.keys()) {
    assert.equal(sum(censuses.map(({ from }) => from[p])), each, `messages of pusher ${p}`);
  }
  assertNoStarvation("the pullers", censuses.map(({ from }) => sum(from)));
}

Deno.test("200 channels in one process all work, and leave nothing open", () =>
  inScratch(async ({ path, names }) => {
    const options = { dir: path, capacityBytes: 1024 };
    const before = resourcesOf(Deno.pid, path);
    const channels = Array.from({ length: 200 }, (_, i) => ({
      publisher: new Publisher<number>(`c${i}`, options),
      subscriber: new Subscriber<number>(`c${i}`, options),
    }));
    try {
      const received = channels.map(({ subscriber }) => subscriber.recv({ timeoutMs: TIMEOUT_MS }));
      channels.forEach(({ publisher }, i) => publisher.send(i));
      assert.deepEqual(await Promise.all(received), channels.map((_, i) => i));
    } finally {
      for (const { publisher, subscriber } of channels) {
        publisher.close();
        subscriber.close();
      }
    }
    assert.deepEqual(names(), []);
    await until(
      () => JSON.stringify(resourcesOf(Deno.pid, path)) === JSON.stringify(before),
      "closing of all descriptors and mappings",
    );
  }));

Deno.test("a thousand attachments from ten processes at once leave nothing behind", () =>
  inScratch(async (scratch) => {
    const options = { dir: scratch.path, capacityBytes: 1024 };
    const children = await startChildren(scratch, 10);
    const cycle = async (cycles: number) => {
      for (const [seed, child] of children.entries()) {
        await child.start({ do: "comeAndGo", cycles, seed, options });
      }
      return await Promise.all(children.map((child) => child.result<number>()));
    };
    await cycle(2);
    const before = children.map(({ pid }) => resourcesOf(pid, scratch.path));
    const messages = await cycle(100);
    assert.ok(messages.every((count) => count > 100), `${messages}`);
    // The event loop closes the last doorbell a moment later, before as well as after.
    await until(() =>
      children.every(({ pid }, i) => {
        const { descriptors, mappings } = resourcesOf(pid, scratch.path);
        return descriptors <= before[i].descriptors && mappings <= before[i].mappings;
      }), "closing of all descriptors and mappings");
    await children[0].execute({ do: "open", id: "last", role: "puller", target: "queue", options });
    const left = scratch.names().filter((name) => !name.startsWith(".agent-"));
    assert.deepEqual(left, ["queue"]);
    await children[0].execute({
      do: "receive",
      id: "last",
      mode: "drain",
      count: 100_000,
      timeoutMs: 200,
      isCounted: true,
    }).catch(() => {});
    await children[0].execute({ do: "close" });
  }));
