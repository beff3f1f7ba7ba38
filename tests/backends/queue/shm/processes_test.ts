// A queue in shared memory between processes: they are killed and stopped, and it outlives all of them.

import assert from "node:assert/strict";
import {
  type MessageRecord,
  QueueConnectionError,
  type QueueEvent,
  QueueOutOfMemoryError,
  removeStale,
  ShmCorruptionError,
  ShmMessageQueue,
  type ShmQueueOptions,
} from "../../../../mod.ts";
import { FORMAT } from "../../../../backends/queue/shm/record.ts";
import { Journal } from "../../../../lib/journal/journal.ts";
import { nextOf, payloads, takeFrom, task } from "../../../conformance/queue/stage.ts";
import { sleep, until } from "../../../support/deadline.ts";
import { Ledger } from "../../../support/ledger.ts";
import { libcPath } from "../../../support/libc.ts";
import { Program } from "../../../support/program.ts";
import { cleanUpAfterKills, inSampledScratch, inScratch } from "../../../support/scratch.ts";
import { onSmallDisk, whyNoMount } from "../../../support/small_disk.ts";

async function openIn(
  dir: string,
  options: Partial<ShmQueueOptions> = {},
): Promise<ShmMessageQueue> {
  const queue = new ShmMessageQueue({ name: "q", dir, persist: false, ...options });
  await queue.initialize();
  return queue;
}

function program(
  dir: string,
  task: string,
  who = "0",
  options: Partial<ShmQueueOptions> = {},
): Program {
  const flags = [`--allow-ffi=${libcPath()}`];
  const config = JSON.stringify({ name: "q", dir, ...options });
  return new Program([...flags, "tests/support/programs/shm_queue.ts", config, task, who]);
}

/** The complete lines that a process has printed. */
function outputOf(program: Program): unknown[][] {
  return program.output.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

async function kill(program: Program): Promise<unknown[][]> {
  program.kill("SIGKILL");
  await program.ended();
  return outputOf(program);
}

Deno.test("shm queue: kills of publishers and consumers lose no acknowledged publish", () =>
  inSampledScratch(async ({ path }, random) => {
    const ROUNDS = 3;
    await using queue = await openIn(path, { leaseSeconds: 1, maxAttempts: 100 });
    const published = new Set<unknown>();
    const consumed: unknown[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await using started = new AsyncDisposableStack();
      const limits = { leaseSeconds: 1, maxAttempts: 100, maxItems: 1_000_000 };
      const start = (task: string, who: string) => started.use(program(path, task, who, limits));
      const publishers = [0, 1].map((i) => start("publish", `${round}.${i}`));
      const consumers = [0, 1].map(() => start("consume", "0"));
      await Promise.all([...publishers, ...consumers].map((each) => each.prints("\n")));
      await sleep(random.between(50, 120));
      for (const publisher of publishers) {
        for (const [payload] of await kill(publisher)) published.add(payload);
      }
      for (const consumer of consumers) consumed.push(...await kill(consumer));
    }
    const left = queue.subscribe("tasks", "worker", { prefetch: 100 });
    while ((await queue.getPending("worker", { limit: 1 })).length > 0) {
      const record = await nextOf(left);
      consumed.push(["got", record.payload, Infinity, record.attempts]);
      await queue.acknowledge(record);
      consumed.push(["done", record.payload, Infinity, true]);
    }
    checkDeliveries(published, consumed);
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: kills break no ordering key, and each time of a schedule has one message", () =>
  inSampledScratch(async ({ path }, random) => {
    await using queue = await openIn(path);
    const everyMs = 100;
    const ticks = { channel: "ticks", sourceAgent: "boss", targetAgent: "clock", payload: 0 };
    await queue.schedule("tick", { everySeconds: everyMs / 1000 }, ticks);
    const events: QueueEvent[] = [];
    const listening = queue.events({ channel: "tasks" });
    const collecting = (async () => {
      for await (const event of listening) events.push(event);
    })();
    const published = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      await using started = new AsyncDisposableStack();
      const start = (task: string) => started.use(program(path, task, `${round}`));
      const [publisher, ...consumers] = ["keys", "consume", "consume"].map(start);
      await Promise.all([publisher, ...consumers].map((each) => each.prints("\n")));
      await sleep(random.between(100, 400));
      for (const consumer of consumers) await kill(consumer);
      for (const [payload] of await kill(publisher)) published.add(payload);
    }
    await using rest = program(path, "consume");
    const isIdle = async () => (await queue.getPending("worker", { limit: 1 })).length === 0;
    await until(isIdle, "the rest");
    await until(async () => (await queue.getDelayed()).length === 0, "the delayed ones");
    const last = await queue.publish(task("last", { orderingKey: "last" }));
    const isLast = ({ type, id }: QueueEvent) => type === "acknowledged" && id === last.id;
    await until(() => events.some(isLast), "the event of the last one");
    await listening.return!();
    await collecting;
    const all = await queue.list({ filters: { channel: "tasks" }, limit: 100_000 });
    checkKeys(all.reverse(), events);
    const found = new Set(payloads(all));
    assert.deepEqual([...published].filter((payload) => !found.has(payload)), []);
    await kill(rest);
    await queue.unschedule("tick");
    const fired = await queue.list({ filters: { channel: "ticks" }, limit: 10_000 });
    const times = fired.map(({ metadata }) => {
      return Date.parse((metadata as { schedule: { dueAt: string } }).schedule.dueAt);
    }).sort((a, b) => a - b);
    assert.ok(times.length > 5, `${times.length} times`);
    assert.deepEqual(times, times.map((_, n) => times[0] + n * everyMs));
    cleanUpAfterKills(path);
  }));

/** Checks that each message with a key was delivered when those before it were done, and all in the end. */
function checkKeys(records: readonly MessageRecord[], events: readonly QueueEvent[]): void {
  const done = new Set<string>();
  const before = new Map<string, string[]>();
  const lines = new Map<string, string[]>();
  for (const { id, orderingKey, deliverAt } of records) {
    // A message for later joins the line when it is due.
    if (deliverAt !== undefined) continue;
    const line = lines.get(orderingKey!) ?? [];
    lines.set(orderingKey!, line);
    before.set(id, [...line]);
    line.push(id);
  }
  for (const { type, id } of events) {
    if (type === "acknowledged") done.add(id!);
    if (type !== "delivered") continue;
    assert.ok(!done.has(id!), `${id} is delivered after it is done`);
    assert.deepEqual((before.get(id!) ?? []).filter((other) => !done.has(other)), []);
  }
  assert.deepEqual(records.filter(({ id }) => !done.has(id)), []);
}

/** Checks that all was acknowledged, and that nothing was delivered after its acknowledgement. */
function checkDeliveries(published: ReadonlySet<unknown>, lines: readonly unknown[][]): void {
  const doneMs = new Map<unknown, number>();
  for (const [kind, payload, timeMs, isDone] of lines) {
    if (kind !== "done") continue;
    assert.equal(isDone, true, `${payload}`);
    doneMs.set(payload, Math.min(doneMs.get(payload) ?? Infinity, timeMs as number));
  }
  const lost = [...published].filter((payload) => !doneMs.has(payload));
  // A consumer may be killed after its acknowledgement, and before its line.
  const got = new Set(lines.filter(([kind]) => kind === "got").map(([, payload]) => payload));
  assert.deepEqual(lost.filter((payload) => !got.has(payload)), []);
  for (const [kind, payload, beforeMs] of lines) {
    if (kind !== "got") continue;
    const atMs = doneMs.get(payload) ?? Infinity;
    assert.ok((beforeMs as number) <= atMs, `${payload} was delivered after it was done`);
  }
  assert.ok(published.size > 50, `${published.size} messages`);
}

Deno.test("shm queue: the leases of a process that is killed end with it", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path, { leaseSeconds: 10_000 });
    await using holder = program(path, "hold", "0", { leaseSeconds: 10_000 });
    await queue.publish(task("a"));
    await holder.prints('["holds","a"]');
    const subscription = queue.subscribe("tasks", "worker");
    await queue.publish(task("b"));
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["b"]);
    await kill(holder);
    const record = await nextOf(subscription);
    assert.deepEqual([record.payload, record.attempts], ["a", 2]);
    assert.equal(await queue.acknowledge(record), true);
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: the lease of a process that is stopped, or has closed its queue, stays", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path);
    await using holder = program(path, "hold");
    await queue.publish(task("a"));
    await holder.prints('["holds","a"]');
    holder.kill("SIGSTOP");
    const other = await openIn(path);
    await queue.publish(task("b"));
    await nextOf(other.subscribe("tasks", "worker"));
    await other.close();
    const subscription = queue.subscribe("tasks", "worker");
    const next = subscription.next();
    // Longer than the interval at which consumers look for processes that have ended.
    await sleep(2500);
    await queue.publish(task("c"));
    assert.equal((await next).value.payload, "c");
    holder.kill("SIGKILL");
    await holder.ended();
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: an idle process wakes when a message of another one is due", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path);
    await using listener = program(path, "listen", "reader");
    await listener.prints("ready");
    const news = (payload: string) => ({ channel: "news", sourceAgent: "boss", payload });
    const startMs = Date.now();
    await queue.publish({ ...news("later"), delaySeconds: 1.5 });
    await queue.publish(news("now"));
    await listener.prints('["now"]\n["later"]');
    assert.ok(Date.now() - startMs >= 1499, `${Date.now() - startMs} ms`);
    listener.kill("SIGTERM");
    await listener.ended();
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: events of other processes arrive, and all see the same numbers", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path);
    await using events = queue.events({ channel: "news" });
    await using listener = program(path, "listen", "reader");
    await listener.prints("ready");
    const first = events.next();
    await queue.publish({ channel: "news", sourceAgent: "boss", payload: 1 });
    const types = [(await first).value!.type];
    while (types.at(-1) !== "drained") types.push((await events.next()).value!.type);
    assert.deepEqual(types, ["published", "delivered", "acknowledged", "drained"]);
    const { consumers, totals, waiting, leased } = await queue.stats("news");
    assert.deepEqual([consumers, waiting, leased], [1, 0, 0]);
    assert.deepEqual([totals.published, totals.delivered, totals.acknowledged], [1, 1, 1]);
    await using other = await openIn(path);
    assert.deepEqual((await other.stats("news")).totals, totals);
    listener.kill("SIGTERM");
    await listener.ended();
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: a process that is stopped delays nobody, and goes on where it was", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path);
    await using listener = program(path, "listen", "reader");
    await listener.prints("ready");
    const news = (n: number) => ({ channel: "news", sourceAgent: "boss", payload: n });
    await queue.publish(news(1));
    await listener.prints("[1]");
    listener.kill("SIGSTOP");
    // Enough for the journal to be compacted more than once meanwhile.
    for (let n = 0; n < 400; n++) {
      const record = await queue.publish(task("x".repeat(20_000)));
      await queue.delete(record.id);
    }
    await queue.publish(news(2));
    listener.kill("SIGCONT");
    await listener.prints("[2]");
    await until(async () => (await queue.getPending("reader")).length === 0, "both acknowledged");
    listener.kill("SIGTERM");
    await listener.ended();
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: messages outlive the kill of all processes", () =>
  inScratch(async ({ path }) => {
    await using publisher = program(path, "publish", "p");
    await publisher.prints("20");
    const published = (await kill(publisher)).map(([payload]) => payload);
    await using queue = await openIn(path);
    const found = payloads(await queue.list({ limit: 1e6 })).reverse();
    assert.deepEqual(found.slice(0, published.length), published);
    assert.ok(found.length <= published.length + 1);
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: messages outlive the last queue with persist, or while there is work", () =>
  inScratch(async ({ path, names }) => {
    {
      await using queue = await openIn(path, { persist: true });
      await queue.publish(task("kept", { priority: 3, metadata: { a: [1] } }));
      await using subscription = queue.subscribe("news", "reader");
      await subscription.ready;
    }
    {
      await using queue = await openIn(path);
      await queue.publish({ channel: "news", sourceAgent: "boss", payload: "read all about it" });
      const [record] = await queue.getPending("worker");
      assert.deepEqual([record.payload, record.priority, record.metadata], ["kept", 3, { a: [1] }]);
      assert.equal((await queue.getPending("reader")).length, 1);
    }
    assert.deepEqual(removeStale({ dir: path, includePersistent: true }), ["q"]);
    {
      await using queue = await openIn(path, { persist: false });
      await queue.publish(task("gone"));
    }
    assert.deepEqual(names(), []);
    {
      await using queue = await openIn(path, { persist: undefined });
      await queue.publish(task("kept"));
    }
    {
      await using queue = await openIn(path, { persist: undefined });
      const [record] = await queue.getPending("worker");
      assert.equal(record.payload, "kept");
      await queue.acknowledge(record);
    }
    assert.deepEqual(names(), []);
  }));

Deno.test("shm queue: work stays however the last process ends, and goes when it is done", () =>
  inScratch(async ({ path, names }) => {
    for (const how of ["close", "exit", "wait"]) {
      await using last = program(path, "once", how);
      if (how === "wait") {
        await last.prints("published");
        last.kill("SIGTERM");
      }
      await last.ended();
      await using queue = await openIn(path, { persist: undefined });
      assert.deepEqual(payloads(await queue.getPending("worker")), [how]);
      await takeFrom(queue, queue.subscribe("tasks", "worker"), 1);
    }
    assert.deepEqual(names(), []);
  }));

Deno.test("shm queue: a process that has read nothing lately does not delete the work of another", () =>
  inScratch(async ({ path }) => {
    const idle = await openIn(path, { persist: undefined });
    const busy = await openIn(path, { persist: undefined });
    await busy.publish(task("stays"));
    await busy.close();
    await idle.close();
    await using queue = await openIn(path, { persist: false });
    assert.deepEqual(payloads(await queue.getPending("worker")), ["stays"]);
  }));

Deno.test("shm queue: leases, attempts, dead letters and gaps survive snapshots", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path, { maxItems: 40, maxAttempts: 1, leaseSeconds: 0.2 });
    await using reader = queue.subscribe("news", "reader");
    await reader.ready;
    for (let n = 0; n < 42; n++) {
      await queue.publish({ channel: "news", sourceAgent: "boss", payload: n });
    }
    await queue.publish(task("dies"));
    const worker = queue.subscribe("tasks", "worker");
    await nextOf(worker);
    await until(async () => (await queue.getDeadLetters("worker")).length === 1, "its death");
    await queue.publish(task("leased", { leaseSeconds: 1000 }));
    const leased = await nextOf(worker);
    for (let n = 0; n < 200; n++) {
      const record = await queue.publish(task("x".repeat(20_000)));
      await queue.delete(record.id);
    }
    await using late = await openIn(path);
    const view = async (queue: ShmMessageQueue) => ({
      all: await queue.list({ limit: 1000 }),
      pending: await queue.getPending("worker"),
      dead: await queue.getDeadLetters("worker"),
      news: await queue.getPending("reader"),
    });
    assert.deepEqual(await view(late), await view(queue));
    assert.equal((await view(late)).news.length, 40);
    let missed = 0;
    await using again = late.subscribe("news", "reader", { onGap: (gap) => missed += gap.missed });
    await nextOf(again);
    assert.equal(missed, 2);
    assert.equal(await queue.acknowledge(leased), true);
  }));

Deno.test("shm queue: all processes have one order of priority, and a channel of their own", () =>
  inScratch(async ({ path }) => {
    await using one = await openIn(path);
    await using other = await openIn(path);
    await using elsewhere = await openIn(path, { name: "q2" });
    for (let n = 0; n < 20; n++) {
      await (n % 2 ? one : other).publish(task(n, { priority: n % 3 }));
    }
    const order = payloads(await one.getPending("worker"));
    assert.deepEqual(payloads(await other.getPending("worker")), order);
    assert.deepEqual(await takeFrom(other, one.subscribe("tasks", "worker"), 20), order);
    assert.equal(await elsewhere.count(), 0);
  }));

Deno.test("shm queue: an agent stays subscribed while the process of a subscription lives", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path);
    await using listener = program(path, "listen", "reader");
    await listener.prints("ready");
    const news = (payload: string) => ({ channel: "news", sourceAgent: "boss", payload });
    assert.equal(await queue.unsubscribe("news", "reader"), true);
    await queue.publish(news("still there"));
    await listener.prints("still there");
    await kill(listener);
    assert.equal(await queue.unsubscribe("news", "reader"), true);
    await queue.publish(news("gone"));
    assert.equal(await queue.unsubscribe("news", "reader"), false);
    assert.deepEqual(await queue.getPending("reader"), []);
    cleanUpAfterKills(path);
  }));

Deno.test("shm queue: a process with other settings does not change what a consumer has taken", () =>
  inScratch(async ({ path }) => {
    await using queue = await openIn(path, { maxAttempts: 5, leaseSeconds: 0.1 });
    await using other = await openIn(path, { maxAttempts: 1, leaseSeconds: 1000 });
    await queue.publish(task("a"));
    await nextOf(queue.subscribe("tasks", "worker"));
    const isOver = async () => (await other.getPending("worker"))[0]?.leasedUntil === null;
    await until(isOver, "the end of the lease");
    assert.deepEqual(await other.getDeadLetters("worker"), []);
    const record = await nextOf(queue.subscribe("tasks", "worker"));
    assert.equal(record.attempts, 2);
  }));

Deno.test("shm queue: invalid options and directories are rejected", () =>
  inScratch(async ({ path }) => {
    await using lost = new ShmMessageQueue({ name: "q", dir: `${path}/none/such` });
    await assert.rejects(lost.initialize(), QueueConnectionError);
    assert.throws(() => new ShmMessageQueue({ name: "a/b" }), TypeError);
    for (
      const options of [{ fsync: "often" }, { persist: 1 }, { redisUrl: "redis://x" }, { dir: "" }]
    ) {
      assert.throws(
        () => new ShmMessageQueue({ name: "q", ...options } as ShmQueueOptions),
        { name: "TypeError", message: new RegExp(Object.keys(options)[0]) },
      );
    }
    assert.throws(() => new ShmMessageQueue({ name: "q", maxItems: 0 }), RangeError);
  }));

Deno.test("shm queue: a record that no queue has written is damage, and ends no process", () =>
  inScratch(async ({ path }) => {
    class Bystander extends Ledger {
      override apply(): void {}
    }
    for (const text of ["", "[]", '["toString",{},1,1,1]', '["claim"]', '["part",null]']) {
      await using queue = await openIn(path);
      const subscription = queue.subscribe("tasks", "worker");
      await subscription.ready;
      {
        using journal = new Journal("q", FORMAT, new Bystander(), { dir: path });
        journal.append(new TextEncoder().encode(text));
      }
      await assert.rejects(queue.count(), ShmCorruptionError, text);
      await assert.rejects(queue.publish(task(1)), ShmCorruptionError, text);
      await queue.close();
      assert.deepEqual(removeStale({ dir: path }), ["q"]);
    }
  }));

const problem = whyNoMount();

Deno.test({
  name: "shm queue: a full directory is an error, and consumers make room again",
  ignore: problem !== undefined, // Only root can mount.
  fn: () =>
    onSmallDisk("size=4m", async ({ path, fill }) => {
      await using queue = await openIn(path);
      let count = 0;
      const publishUntilFull = async () => {
        await assert.rejects(async () => {
          for (;; count++) await queue.publish(task("x".repeat(1000)));
        }, QueueOutOfMemoryError);
      };
      await publishUntilFull();
      const free = fill();
      assert.ok(count > 500, `${count} messages`);
      await assert.rejects(queue.publish(task("x".repeat(1000))), QueueOutOfMemoryError);
      const records = await queue.getPending("worker", { limit: 1e6 });
      assert.equal(records.length, count);
      const subscription = queue.subscribe("tasks", "worker", { prefetch: 10 });
      for (let n = 0; n < count; n++) {
        const record = await nextOf(subscription);
        assert.equal(await queue.acknowledge(record), true);
        assert.equal(await queue.delete(record.id), true);
      }
      assert.equal(await queue.count(), 0);
      await queue.publish(task("again"));
      assert.deepEqual(await takeFrom(queue, subscription, 1), ["again"]);
      free();
    }),
});

Deno.test({
  name:
    "shm queue: when no reserved space is left, reads go on, and calls when there is space again",
  ignore: problem !== undefined, // Only root can mount.
  fn: () =>
    onSmallDisk("size=4m", async ({ path }) => {
      const ballast = `${path}/.ballast`;
      Deno.writeFileSync(ballast, new Uint8Array(1 << 20));
      await using queue = await openIn(path, { leaseSeconds: 0.2 });
      let count = 0;
      await assert.rejects(async () => {
        for (;; count++) await queue.publish(task("x".repeat(1000)));
      }, QueueOutOfMemoryError);
      await using subscription = queue.subscribe("tasks", "worker");
      await nextOf(subscription);
      await assert.rejects(async () => {
        while (true) await queue.pause("other");
      }, QueueOutOfMemoryError);
      await sleep(300);
      assert.equal(await queue.count(), count);
      assert.equal((await queue.getPending("worker", { limit: 1e6 })).length, count);
      assert.ok((await queue.stats("tasks")).waiting >= count - 1);
      Deno.removeSync(ballast);
      await takeFrom(queue, subscription, 3);
      assert.equal(await queue.clear(), count);
    }),
});

Deno.test({
  name: "shm queue: on a full disk, many agents with long names acknowledge all broadcasts",
  ignore: problem !== undefined, // Only root can mount.
  fn: () =>
    onSmallDisk("size=6m", async ({ path, fill }) => {
      await using queue = await openIn(path);
      const agents = Array.from({ length: 8 }, (_, n) => `${"\u0001".repeat(300)} ${n}`);
      for (const agent of agents) {
        await using subscription = queue.subscribe("news", agent);
        await subscription.ready;
      }
      let count = 0;
      await assert.rejects(async () => {
        for (;; count++) await queue.publish({ channel: "news", sourceAgent: "s", payload: count });
      }, QueueOutOfMemoryError);
      fill();
      assert.ok(count > 10, `${count} messages`);
      for (const agent of agents) {
        await using subscription = queue.subscribe("news", agent);
        for (let n = 0; n < count; n++) {
          const record = await nextOf(subscription);
          assert.equal(record.payload, n);
          assert.equal(await queue.acknowledge(record), true);
          if (agent === agents.at(-1)) assert.equal(await queue.delete(record.id), true);
        }
      }
      assert.equal(await queue.count(), 0);
    }),
});
