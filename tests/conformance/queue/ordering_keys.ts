import assert from "node:assert/strict";
import { within } from "../../support/deadline.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  neverResolves,
  nextOf,
  payloads,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** A message with the ordering key `key`. */
function keyed(key: string, payload: unknown, others: Record<string, unknown> = {}) {
  return task(payload, { orderingKey: key, ...others });
}

/** Messages with an ordering key. */
export function orderingKeyTests(test: TestOn, waiting: TestOn): void {
  test("messages with one key come one after the other, while other keys go on", async (stage) => {
    const queue = await stage.open();
    const first = await queue.publish(keyed("a", "a1"));
    assert.equal(first.orderingKey, "a");
    await queue.publish(keyed("a", "a2", { priority: 5 }));
    await queue.publish(keyed("a", "a3"));
    await queue.publish(keyed("b", "b1"));
    await queue.publish(task("free"));
    await using one = queue.subscribe("tasks", "worker", { prefetch: 5 });
    await using two = queue.subscribe("tasks", "worker");
    const records = [await nextOf(one), await nextOf(one), await nextOf(one)];
    assert.deepEqual(payloads(records), ["a1", "b1", "free"]);
    const coming = two.next();
    assert.equal(await neverResolves(coming), true);
    await queue.acknowledge(records[1]);
    assert.equal(await neverResolves(coming), true);
    await queue.acknowledge(records[0]);
    const { value: second } = await within(coming, "the next message of the key");
    assert.equal(second.payload, "a2");
    assert.equal(await queue.acknowledge(second), true);
    assert.deepEqual(await takeFrom(queue, two, 1), ["a3"]);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["free"]);
  });

  waiting("a key keeps its order over the ends of leases and delays", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    await queue.publish(keyed("a", 1));
    await queue.publish(keyed("a", 2));
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(subscription)).payload, 1);
    await stage.advance(LEASE_OVER_MS);
    const again = await nextOf(subscription);
    assert.deepEqual([again.payload, again.attempts], [1, 2]);
    assert.equal(await queue.release(again, { delaySeconds: SOON_SECONDS }), true);
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    await stage.advance(SOON_OVER_MS);
    const { value: third } = await coming;
    assert.deepEqual([third.payload, third.attempts], [1, 3]);
    await queue.acknowledge(third);
    assert.deepEqual(await takeFrom(queue, subscription, 1), [2]);
  });

  test("a key goes on when its first message is dead, rejected or deleted", async (stage) => {
    const queue = await stage.open({ maxAttempts: 1 });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await queue.publish(keyed("a", i))).id);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal(await queue.release(await nextOf(subscription)), true);
    const second = await nextOf(subscription);
    assert.equal(second.payload, 1);
    assert.equal(await queue.reject(second, "wrong"), true);
    await queue.delete(ids[2]);
    const fourth = await nextOf(subscription);
    assert.equal(fourth.payload, 3);
    await queue.delete(fourth.id);
    const fifth = await nextOf(subscription);
    assert.equal(fifth.payload, 4);
    // What is requeued waits behind the others.
    assert.equal(await queue.requeue(ids[0]), true);
    assert.equal(await neverResolves(subscription.next()), true);
    assert.deepEqual(payloads(await queue.getPending("worker")), [0, 4]);
  });

  waiting("a key goes on when the message that blocks it expires", async (stage) => {
    const queue = await stage.open();
    await queue.publish(keyed("a", "expires", { ttlSeconds: SOON_SECONDS }));
    await queue.publish(keyed("a", "next"));
    await using subscription = queue.subscribe("tasks", "worker");
    const first = await nextOf(subscription);
    assert.equal(first.payload, "expires");
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    await stage.advance(SOON_OVER_MS);
    assert.equal((await within(coming, "the next message of the key")).value.payload, "next");
  });

  waiting("a key goes on when the messages before it are purged or trimmed", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxItems: 3 });
    for (const payload of [1, 2]) await queue.publish(keyed("a", payload));
    await using subscription = queue.subscribe("tasks", "worker");
    const held = await nextOf(subscription);
    assert.equal(await queue.release(held, { delaySeconds: 60 }), true);
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    assert.equal(await queue.purge("tasks", { states: ["delayed"] }), 1);
    const { value: second } = await within(coming, "the next message of the key");
    assert.equal(second.payload, 2);
    // The oldest of four messages goes, though a consumer holds it.
    for (const payload of [3, 4, 5]) await queue.publish(keyed("a", payload));
    assert.equal((await nextOf(subscription)).payload, 3);
    assert.equal(await queue.acknowledge(second), false);
    await stage.advance(LEASE_OVER_MS);
    const again = await nextOf(subscription);
    assert.deepEqual([again.payload, again.attempts], [3, 2]);
  });

  test("each agent has its own order of broadcasts", async (stage) => {
    const queue = await stage.open();
    await using one = queue.subscribe("tasks", "one");
    await using two = queue.subscribe("tasks", "two");
    await Promise.all([one.ready, two.ready]);
    for (const payload of [1, 2]) await queue.publish(keyed("a", payload, { targetAgent: null }));
    const held = await nextOf(one);
    assert.deepEqual(await takeFrom(queue, two, 2), [1, 2]);
    const coming = one.next();
    assert.equal(await neverResolves(coming), true);
    assert.equal(await queue.acknowledge(held), true);
    assert.equal((await within(coming, "the second broadcast")).value.payload, 2);
  });

  test("the messages of a key are never with two consumers at once", async (stage) => {
    const queues = await Promise.all([stage.open(), stage.open(), stage.open()]);
    const COUNT = 30;
    for (let i = 0; i < COUNT; i++) {
      await queues[0].publish(keyed(i % 2 === 0 ? "even" : "odd", i));
    }
    const done: number[] = [];
    const running = new Set<number>();
    const stop = new AbortController();
    await within(
      Promise.all(queues.map(async (queue) => {
        const options = { signal: stop.signal, prefetch: 3 };
        for await (const record of queue.subscribe<number>("tasks", "worker", options)) {
          const key = record.payload % 2;
          assert.equal(running.has(key), false);
          running.add(key);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running.delete(key);
          done.push(record.payload);
          assert.equal(await queue.acknowledge(record), true);
          if (done.length === COUNT) stop.abort();
        }
      })),
      "all messages",
    );
    for (const key of [0, 1]) {
      const ofKey = done.filter((payload) => payload % 2 === key);
      assert.deepEqual(ofKey, ofKey.toSorted((a, b) => a - b));
      assert.equal(ofKey.length, COUNT / 2);
    }
  });

  waiting("a message for later joins its key when it is due", async (stage) => {
    const queue = await stage.open();
    await queue.publish(keyed("a", "later", { delaySeconds: SOON_SECONDS }));
    await queue.publish(keyed("a", "now"));
    await using subscription = queue.subscribe("tasks", "worker");
    const now = await nextOf(subscription);
    assert.equal(now.payload, "now");
    await stage.advance(SOON_OVER_MS);
    const coming = subscription.next();
    assert.equal(await neverResolves(coming), true);
    await queue.acknowledge(now);
    assert.equal((await within(coming, "the message that is due")).value.payload, "later");
  });
}
