import assert from "node:assert/strict";
import { sleep, within } from "../../support/deadline.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  neverResolves,
  nextOf,
  payloads,
  type QueueStage,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** Lets time pass until a promise settles. */
async function advanceUntil<T>(stage: QueueStage, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  for (let i = 0; i < 100 && !isSettled; i++) {
    await stage.advance(50);
    await sleep(0);
  }
  return await within(promise, "the end of the wait");
}

/** Full channels, pauses, limits of rate. */
export function flowTests(test: TestOn, waiting: TestOn): void {
  test("a full channel rejects a publish, and what is done or dead has no part in it", async (stage) => {
    const queue = await stage.open({ maxItems: 2, whenFull: "reject", maxAttempts: 1 });
    const first = await queue.publish(task(1));
    await queue.publish(task(2, { delaySeconds: 60 }));
    await assert.rejects(queue.publish(task(3)), {
      name: "QueueFullError",
      code: "queue-full",
      message: /"tasks": it has maxItems \(2\) messages that are not done/,
    });
    assert.equal(await queue.count(), 2);
    assert.equal((await queue.publish(task(4, { channel: "errands" }))).isNew, true);
    assert.equal(await queue.acknowledge(first.id), true);
    const next = await queue.publish(task(5));
    await assert.rejects(queue.publish(task(6)), { name: "QueueFullError" });
    assert.equal(await queue.reject(next.id, "wrong"), true);
    await queue.publish(task(7));
    // What is done goes first, then dead letters.
    assert.deepEqual(payloads(await queue.list({ filters: { channel: "tasks" } })), [7, 2]);
    await assert.rejects(queue.publish(task(8)), { name: "QueueFullError" });
  });

  test("a duplicate is found in a full channel, and is no message of its own", async (stage) => {
    const queue = await stage.open({ maxItems: 1, whenFull: "reject" });
    const options = task(1, { deduplicationId: "one" });
    const { id } = await queue.publish(options);
    const again = await queue.publish(options);
    assert.deepEqual([again.id, again.isNew], [id, false]);
    const other = task(2, { deduplicationId: "two" });
    await assert.rejects(queue.publish(other), { name: "QueueFullError" });
    await queue.acknowledge(id);
    // What was rejected is not remembered.
    assert.equal((await queue.publish(other)).isNew, true);
  });

  test("a record that is put is stored in a full channel, and drops nothing that waits", async (stage) => {
    const queue = await stage.open({ maxItems: 1, whenFull: "reject" });
    const record = await queue.publish(task(1));
    await queue.put({ ...record, id: "second" });
    assert.equal(await queue.count(), 2);
    await assert.rejects(queue.publish(task(3)), { name: "QueueFullError" });
  });

  test("a publish on a full channel waits for room", async (stage) => {
    const config = { maxItems: 1, whenFull: "wait", deadlineMs: 20_000 } as const;
    const [sender, receiver] = [await stage.open(config), await stage.open(config)];
    const first = await sender.publish(task(1));
    const waiting = sender.publish(task(2));
    assert.equal(await neverResolves(waiting), true);
    assert.equal(await sender.count(), 1);
    assert.equal(await receiver.acknowledge(first.id), true);
    assert.equal((await advanceUntil(stage, waiting)).payload, 2);
    assert.deepEqual(payloads(await receiver.getPending("worker")), [2]);
  });

  waiting("a publish on a channel that stays full rejects at its deadline", async (stage) => {
    const queue = await stage.open({ maxItems: 1, whenFull: "wait", deadlineMs: 3000 });
    await queue.publish(task(1));
    await assert.rejects(advanceUntil(stage, queue.publish(task(2))), {
      name: "QueueFullError",
      message: /not done for 3000 ms/,
    });
    assert.equal(await queue.count(), 1);
  });

  test("close ends a wait for room", async (stage) => {
    const queue = await stage.open({ maxItems: 1, whenFull: "wait" });
    await queue.publish(task(1));
    const waiting = queue.publish(task(2));
    const failing = assert.rejects(waiting, { name: "QueueNotInitializedError" });
    assert.equal(await neverResolves(waiting), true);
    await queue.close();
    await within(failing, "the end of the wait");
  });

  test("nobody receives messages of a paused channel until it is resumed", async (stage) => {
    const [queue, other] = [await stage.open(), await stage.open()];
    await queue.publish(task(1));
    await queue.publish(task(2));
    await using subscription = other.subscribe("tasks", "worker");
    const held = await nextOf(subscription);
    await queue.pause("tasks");
    await queue.pause("tasks");
    assert.equal((await other.stats("tasks")).isPaused, true);
    assert.equal(await other.extend(held), true);
    assert.equal(await other.acknowledge(held), true);
    await queue.publish(task(3));
    await queue.publish(task("elsewhere", { channel: "errands" }));
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    await using errands = other.subscribe("errands", "worker");
    assert.equal((await nextOf(errands)).payload, "elsewhere");
    assert.deepEqual(payloads(await queue.getPending("worker", { channel: "tasks" })), [2, 3]);
    await queue.resume("tasks");
    assert.equal((await within(coming, "the next message")).value.payload, 2);
    assert.equal((await queue.stats("tasks")).isPaused, false);
    await queue.resume("tasks");
  });

  waiting("leases end and messages become due during a pause", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    await queue.publish(task("held"));
    await queue.publish(task("later", { delaySeconds: SOON_SECONDS }));
    await using subscription = queue.subscribe("tasks", "worker");
    await nextOf(subscription);
    await queue.pause("tasks");
    await stage.advance(LEASE_OVER_MS);
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    const { waiting, delayed, leased } = await queue.stats("tasks");
    assert.deepEqual([waiting, delayed, leased], [2, 0, 0]);
    await queue.resume("tasks");
    const { value } = await within(coming, "the message after the pause");
    assert.deepEqual([value.payload, value.attempts], ["held", 2]);
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["later"]);
  });

  waiting("consumers with a limiter share one rate over all queues", async (stage) => {
    const [queue, other] = [await stage.open(), await stage.open()];
    for (let i = 0; i < 5; i++) await queue.publish(task(i));
    const options = { limiter: { max: 2, seconds: SOON_SECONDS }, prefetch: 3 };
    await using one = queue.subscribe("tasks", "worker", options);
    await using two = other.subscribe("tasks", "worker", options);
    assert.deepEqual(await takeFrom(queue, one, 2), [0, 1]);
    const coming = two.next();
    assert.equal(await neverResolves(coming), true);
    await using unlimited = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, unlimited, 1), [2]);
    await stage.advance(SOON_OVER_MS);
    const { value } = await within(coming, "the next window");
    assert.equal(value.payload, 3);
    assert.equal(await other.acknowledge(value), true);
    assert.deepEqual(await takeFrom(other, two, 1), [4]);
    await queue.publish(task(5));
    assert.equal(await neverResolves(two.next()), true);
  });
}
