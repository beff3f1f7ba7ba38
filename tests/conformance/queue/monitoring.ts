import assert from "node:assert/strict";
import type { MessageQueue, QueueEvent, QueueEvents } from "../../../mod.ts";
import { within } from "../../support/deadline.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  nextOf,
  payloads,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** The next events, without their channel. */
async function take(events: QueueEvents, count: number): Promise<Omit<QueueEvent, "channel">[]> {
  const taken: QueueEvent[] = [];
  while (taken.length < count) {
    const { done, value } = await within(events.next(), `event ${taken.length + 1} of ${count}`);
    if (done) break;
    taken.push(value);
  }
  return taken.map(({ channel: _, ...event }) => event);
}

/** Publishes messages in each state. The consumer holds one. */
async function fillChannel(queue: MessageQueue) {
  await queue.publish(task("waits"));
  await queue.publish(task("later", { delaySeconds: 60 }));
  for (const payload of ["retries", "held", "done", "dead"]) {
    await queue.publish(task(payload, { priority: 1 }));
  }
  const subscription = queue.subscribe("tasks", "worker", { prefetch: 4 });
  const retries = await nextOf(subscription);
  const held = await nextOf(subscription);
  const done = await nextOf(subscription);
  const dead = await nextOf(subscription);
  await queue.release(retries, { delaySeconds: 60 });
  await queue.acknowledge(done);
  await queue.reject(dead, "wrong");
  return { subscription, held, dead };
}

/** Numbers, events, and what is removed by state. */
export function monitoringTests(test: TestOn, waiting: TestOn): void {
  test("stats counts the messages of a channel by state, and what has happened", async (stage) => {
    const [queue, other] = [await stage.open(), await stage.open()];
    const empty = await queue.stats("tasks");
    assert.deepEqual([empty.waiting, empty.oldestSeconds, empty.totals.published], [0, null, 0]);
    const { subscription } = await fillChannel(queue);
    await queue.publish(task("elsewhere", { channel: "errands" }));
    const { totals, perSecond, oldestSeconds, ...numbers } = await other.stats("tasks");
    assert.deepEqual(numbers, {
      channel: "tasks",
      waiting: 1,
      delayed: 2,
      leased: 1,
      dead: 1,
      consumers: 1,
      isPaused: false,
    });
    assert.ok(oldestSeconds! >= 0 && oldestSeconds! < 30, `${oldestSeconds} s`);
    assert.deepEqual(totals, {
      published: 6,
      delivered: 4,
      acknowledged: 1,
      released: 1,
      expired: 0,
      dead: 1,
    });
    assert.ok(perSecond.published > 0 && perSecond.published < 6);
    assert.equal(perSecond.expired, 0);
    await subscription.return();
  });

  waiting("stats tells the age of the oldest message that waits", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("old"));
    await stage.advance(600);
    await queue.publish(task("new", { priority: 5 }));
    const { oldestSeconds, waiting } = await queue.stats("tasks");
    assert.equal(waiting, 2);
    assert.ok(oldestSeconds! >= 0.5 && oldestSeconds! < 60, `${oldestSeconds} s`);
  });

  test("channels names the channels that are used", async (stage) => {
    const queue = await stage.open();
    assert.deepEqual(await queue.channels(), []);
    await queue.publish(task(1));
    await queue.publish(task(2, { channel: "a ü" }));
    await using subscription = queue.subscribe("news", "reader");
    await subscription.ready;
    assert.deepEqual(await queue.channels(), ["a ü", "news", "tasks"]);
    await queue.clear();
    assert.ok((await queue.channels()).includes("tasks"));
  });

  test("a broadcast that one agent has given back waits for another one", async (stage) => {
    const queue = await stage.open();
    await using ann = queue.subscribe("tasks", "ann");
    await using bob = queue.subscribe("tasks", "bob");
    await Promise.all([ann.ready, bob.ready]);
    await queue.publish(task(1, { targetAgent: null }));
    assert.equal(await queue.release(await nextOf(ann), { delaySeconds: 60 }), true);
    assert.equal(await queue.purge("tasks", { states: ["delayed"] }), 0);
    assert.equal(await queue.purge("tasks", { states: ["waiting"] }), 1);
  });

  test("purge removes messages by state, but none that a consumer holds", async (stage) => {
    const queue = await stage.open();
    const { subscription, held } = await fillChannel(queue);
    await queue.publish(task("elsewhere", { channel: "errands" }));
    assert.equal(await queue.purge("tasks", { states: ["done"] }), 1);
    assert.equal(await queue.purge("tasks", { states: ["dead"] }), 1);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
    assert.equal(await queue.purge("tasks"), 3);
    assert.deepEqual(payloads(await queue.getPending("worker", { channel: "tasks" })), ["held"]);
    assert.deepEqual(await queue.getDelayed(), []);
    assert.equal(await queue.acknowledge(held), true);
    assert.equal(await queue.purge("none"), 0);
    assert.equal(await queue.count({ channel: "errands" }), 1);
    await subscription.return();
  });

  test("a broadcast that is a dead letter of one agent is not done for another's sake", async (stage) => {
    const queue = await stage.open();
    await using one = queue.subscribe("tasks", "one");
    await using two = queue.subscribe("tasks", "two");
    await Promise.all([one.ready, two.ready]);
    const { id } = await queue.publish(task("first", { targetAgent: null }));
    await queue.publish(task("second", { targetAgent: null }));
    assert.equal(await queue.reject(await nextOf(one), "wrong"), true);
    assert.equal(await queue.reject(await nextOf(two), "wrong"), true);
    assert.equal(await queue.requeue(id, { agentId: "two" }), true);
    // The second one is settled by another agent after it has died.
    assert.equal(await queue.reject(await nextOf(one), "wrong"), true);
    await takeFrom(queue, two, 2);
    assert.equal(await queue.purge("tasks", { states: ["done", "waiting"] }), 0);
    assert.deepEqual(payloads(await queue.getDeadLetters("one")), ["first", "second"]);
    assert.equal(await queue.purge("tasks", { states: ["dead"] }), 2);
  });

  waiting("events tell what happens in all queues, in order", async (stage) => {
    const [queue, watching] = [
      await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 2 }),
      await stage.open(),
    ];
    await using events = watching.events({ channel: "tasks" });
    await events.ready;
    await queue.publish(task("elsewhere", { channel: "errands" }));
    const { id } = await queue.publish(task(1));
    await using subscription = queue.subscribe("tasks", "worker");
    const agentId = "worker";
    const first = await nextOf(subscription);
    assert.equal(await queue.release(first, { reason: "busy" }), true);
    const second = await nextOf(subscription);
    assert.equal(await queue.acknowledge(first), false);
    assert.equal(await queue.release(second, { reason: "no", error: "E" }), true);
    assert.deepEqual(await take(events, 7), [
      { type: "published", id },
      { type: "delivered", id, agentId },
      { type: "released", id, agentId, reason: "busy" },
      { type: "delivered", id, agentId },
      { type: "acknowledged", id, agentId, lost: true },
      { type: "dead", id, agentId, reason: "no" },
      { type: "drained" },
    ]);
    const next = await queue.publish(task(2, { ttlSeconds: SOON_SECONDS }));
    await queue.publish(task(3));
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(await takeFrom(queue, subscription, 1), [3]);
    const others = await take(events, 6);
    assert.deepEqual(others.map(({ type }) => type), [
      "published",
      "published",
      "expired",
      "delivered",
      "acknowledged",
      "drained",
    ]);
    assert.deepEqual(others[2], { type: "expired", id: next.id });
    const { totals } = await watching.stats("tasks");
    assert.deepEqual(totals, {
      published: 3,
      delivered: 3,
      acknowledged: 1,
      released: 1,
      expired: 1,
      dead: 1,
    });
  });

  waiting("the end of a lease is told as a release", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    await using events = queue.events();
    await events.ready;
    const { id } = await queue.publish(task(1));
    await using subscription = queue.subscribe("tasks", "worker");
    await nextOf(subscription);
    await stage.advance(LEASE_OVER_MS);
    await nextOf(subscription);
    assert.deepEqual((await take(events, 4))[2], {
      type: "released",
      id,
      agentId: "worker",
      reason: "its lease has ended",
    });
  });

  waiting("each call of a consumer that has lost its lease is told", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    const { id } = await queue.publish(task(1));
    await using subscription = queue.subscribe("tasks", "worker");
    const lost = await nextOf(subscription);
    await stage.advance(LEASE_OVER_MS);
    const { leaseToken } = await nextOf(subscription);
    assert.notEqual(leaseToken, lost.leaseToken);
    await using events = queue.events();
    await events.ready;
    assert.equal(await queue.acknowledge(lost), false);
    assert.equal(await queue.extend(lost), false);
    assert.equal(await queue.release(lost), false);
    assert.equal(await queue.reject(lost, "late"), false);
    assert.equal(await queue.acknowledge("none"), false);
    await queue.publish(task(2));
    const told = await take(events, 5);
    assert.deepEqual(told.slice(0, 4), [
      { type: "acknowledged", id, agentId: "worker", lost: true },
      { type: "progress", id, agentId: "worker", lost: true },
      { type: "released", id, agentId: "worker", lost: true },
      { type: "dead", id, agentId: "worker", lost: true },
    ]);
    assert.equal(told[4].type, "published");
    const { totals } = await queue.stats("tasks");
    assert.deepEqual([totals.acknowledged, totals.dead], [0, 0]);
  });

  test("a signal, return and close end an iteration over events", async (stage) => {
    const queue = await stage.open();
    const stop = new AbortController();
    const aborted = queue.events({ signal: stop.signal });
    const returned = queue.events();
    const closed = queue.events();
    const ends = [aborted, returned, closed].map((events) => events.next());
    await Promise.all([aborted.ready, returned.ready, closed.ready]);
    stop.abort();
    assert.equal((await within(ends[0], "the end by signal")).done, true);
    await returned.return!();
    assert.equal((await within(ends[1], "the end by return")).done, true);
    await queue.close();
    assert.equal((await within(ends[2], "the end by close")).done, true);
    assert.equal((await aborted.next()).done, true);
  });
}
