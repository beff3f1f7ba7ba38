import assert from "node:assert/strict";
import type { MessageQueue } from "../../../mod.ts";
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

/** Expiry, and the limit of a channel. */
export function limitTests(test: TestOn, waiting: TestOn): void {
  waiting("an expired message is not in any result", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("short", { ttlSeconds: SOON_SECONDS }));
    await queue.publish(task("long", { ttlSeconds: 3600 }));
    await queue.publish(task("endless"));
    assert.equal(await queue.count(), 3);
    await stage.advance(SOON_OVER_MS);
    assert.equal(await queue.count(), 2);
    assert.equal(await queue.count({ channel: "tasks", sourceAgent: "boss" }), 2);
    assert.equal(await queue.get(id), undefined);
    assert.equal(await queue.exists(id), false);
    assert.deepEqual(payloads(await queue.list()), ["endless", "long"]);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["long", "endless"]);
    assert.equal((await queue.getPending("worker", { limit: 1 })).length, 1);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, 2), ["long", "endless"]);
    assert.equal(await queue.delete(id), false);
  });

  waiting("an expired message is removed by any call", async (stage) => {
    const reads: ((queue: MessageQueue, id: string) => Promise<void>)[] = [
      async (queue) => assert.equal(await queue.count(), 0),
      async (queue) => assert.deepEqual(await queue.list(), []),
      async (queue, id) => assert.equal(await queue.get(id), undefined),
      async (queue) => assert.deepEqual(await queue.getPending("worker"), []),
      async (queue, id) => assert.equal(await queue.acknowledge(id), false),
      async (queue, id) => assert.equal(await queue.delete(id), false),
      async (queue) => assert.equal(await queue.clear(), 0),
      async (queue) => {
        await queue.publish(task("next"));
        await using subscription = queue.subscribe("tasks", "worker");
        assert.equal((await nextOf(subscription)).payload, "next");
      },
    ];
    const published = await Promise.all(reads.map(async (read, i) => {
      const queue = await stage.open({ namespace: `read-${i}` });
      const { id } = await queue.publish(task("short", { ttlSeconds: SOON_SECONDS }));
      return { read, queue, id };
    }));
    await stage.advance(SOON_OVER_MS);
    for (const { read, queue, id } of published) await read(queue, id);
  });

  waiting("acknowledging an expired message has no effect", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("short", { ttlSeconds: SOON_SECONDS }));
    await using subscription = queue.subscribe("tasks", "worker");
    const record = await nextOf(subscription);
    await stage.advance(SOON_OVER_MS);
    assert.equal(await queue.acknowledge(record), false);
    assert.equal(await queue.exists(record.id), false);
    assert.equal(await queue.count(), 0);
    assert.equal(await queue.count({ acknowledged: true }), 0);
    assert.deepEqual(await queue.getPending("worker"), []);
  });

  waiting("the time to live of the queue is the default of its messages", async (stage) => {
    const queue = await stage.open({ ttlSeconds: SOON_SECONDS });
    const short = await queue.publish(task("default"));
    const long = await queue.publish(task("own", { ttlSeconds: 3600 }));
    assert.equal(short.expiresAt!.getTime() - short.createdAt.getTime(), SOON_SECONDS * 1000);
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual((await queue.list()).map(({ id }) => id), [long.id]);
  });

  waiting("a thousand messages that expire together are all removed", async (stage) => {
    const queue = await stage.open();
    const publishing = Array.from(
      { length: 1000 },
      (_, i) => queue.publish(task(i, { ttlSeconds: 1, targetAgent: `worker ${i % 10}` })),
    );
    await Promise.all(publishing);
    await queue.publish(task("stays"));
    await stage.advance(1100);
    assert.equal(await queue.count(), 1);
    assert.deepEqual(payloads(await queue.list()), ["stays"]);
    assert.deepEqual(await queue.getPending("worker 3"), []);
  });

  test("maxItems removes the oldest messages with their deliveries", async (stage) => {
    const queue = await stage.open({ maxItems: 10 });
    const records = [];
    for (let i = 0; i < 25; i++) records.push(await queue.publish(task(i)));
    await queue.publish(task("elsewhere", { channel: "errands" }));
    const kept = Array.from({ length: 10 }, (_, i) => 15 + i);
    assert.equal(await queue.count({ channel: "tasks" }), 10);
    assert.equal(await queue.count(), 11);
    assert.equal(await queue.get(records[14].id), undefined);
    assert.equal(await queue.acknowledge(records[14].id), false);
    assert.deepEqual(payloads(await queue.getPending("worker", { channel: "tasks" })), kept);
    assert.equal((await queue.getPending("worker")).length, 11);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, 10), kept);
  });

  test("maxItems removes messages that are done before those that wait or are leased", async (stage) => {
    const queue = await stage.open({ maxItems: 5 });
    await using subscription = queue.subscribe("tasks", "worker");
    await queue.publish(task("leased"));
    assert.equal((await nextOf(subscription)).payload, "leased");
    await queue.publish(task("waits"));
    for (let i = 0; i < 12; i++) {
      const { id } = await queue.publish(task(i));
      assert.equal(await queue.acknowledge(id), true);
    }
    assert.equal(await queue.count(), 5);
    assert.deepEqual(payloads(await queue.list()), [11, 10, 9, "waits", "leased"]);
    for (let i = 0; i < 3; i++) await queue.publish(task(`waits ${i}`));
    const waiting = ["leased", "waits", "waits 0", "waits 1", "waits 2"];
    assert.deepEqual(payloads(await queue.getPending("worker")), waiting);
    assert.equal(await queue.count({ acknowledged: true }), 0);
    await queue.publish(task("one more"));
    assert.deepEqual(payloads(await queue.getPending("worker")), [...waiting.slice(1), "one more"]);
  });

  test("maxItems removes broadcasts that all agents acknowledged before those that wait", async (stage) => {
    const queue = await stage.open({ maxItems: 4 });
    const news = (payload: unknown) => task(payload, { channel: "news", targetAgent: undefined });
    const subscriptions = ["ann", "bob"].map((agent) => queue.subscribe("news", agent));
    await queue.publish(news("of ann"));
    await queue.acknowledge(await nextOf(subscriptions[1]));
    const [first] = await queue.getPending("ann");
    assert.equal(first.payload, "of ann");
    for (let i = 0; i < 6; i++) {
      const { id } = await queue.publish(news(i));
      for (const agentId of ["ann", "bob"]) {
        assert.equal(await queue.acknowledge(id, { agentId }), true);
      }
    }
    assert.deepEqual(payloads(await queue.list()), [5, 4, 3, "of ann"]);
    for (const subscription of subscriptions) await subscription.return();
  });

  waiting(
    "maxItems removes dead letters after what is done, and before what waits",
    async (stage) => {
      const lease = { leaseSeconds: LEASE_SECONDS, maxAttempts: 1 };
      const queue = await stage.open({ maxItems: 4, ...lease });
      await queue.publish(task("waits", { priority: -1 }));
      await queue.publish(task("dead"));
      const subscription = queue.subscribe("tasks", "worker");
      await nextOf(subscription);
      await subscription.return();
      await stage.advance(LEASE_OVER_MS);
      assert.deepEqual(payloads(await queue.getDeadLetters("worker")), ["dead"]);
      for (let i = 0; i < 5; i++) await queue.acknowledge((await queue.publish(task(i))).id);
      assert.deepEqual(payloads(await queue.list()), [4, 3, "dead", "waits"]);
      for (let i = 0; i < 3; i++) await queue.publish(task(`waits ${i}`));
      assert.deepEqual(payloads(await queue.getDeadLetters("worker")), []);
      const pending = payloads(await queue.getPending("worker"));
      assert.deepEqual(pending, ["waits 0", "waits 1", "waits 2", "waits"]);
    },
  );

  waiting("an expired message does not count for maxItems", async (stage) => {
    const queue = await stage.open({ maxItems: 3 });
    await queue.publish(task("lives"));
    await queue.publish(task("dies", { ttlSeconds: SOON_SECONDS }));
    await queue.publish(task("dies, too", { ttlSeconds: SOON_SECONDS }));
    await stage.advance(SOON_OVER_MS);
    await queue.publish(task("new"));
    await queue.publish(task("newer"));
    assert.deepEqual(payloads(await queue.list()), ["newer", "new", "lives"]);
  });

  test("namespaces are separate", async (stage) => {
    const [blue, red] = [
      await stage.open({ namespace: "blue" }),
      await stage.open({ namespace: "red" }),
    ];
    const record = await blue.publish(task("blue"));
    await red.publish(task("red"));
    assert.equal(await red.get(record.id), undefined);
    assert.equal(await red.acknowledge(record.id), false);
    assert.deepEqual(payloads(await red.list()), ["red"]);
    assert.deepEqual(payloads(await blue.getPending("worker")), ["blue"]);
    await using subscription = red.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(red, subscription, 1), ["red"]);
    assert.equal(await red.clear(), 1);
    assert.equal(await blue.count(), 1);
  });

  test("prefixes are separate", async (stage) => {
    const [one, two] = [
      await stage.open({ redisPrefix: "one" }),
      await stage.open({ redisPrefix: "one:two" }),
    ];
    await one.publish(task("one"));
    assert.equal(await two.count(), 0);
    assert.equal(await two.clear(), 0);
    assert.equal(await one.count(), 1);
  });

  test("a call before initialize, or after close, is rejected", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task(1));
    await queue.close();
    await queue.close();
    const calls: Promise<unknown>[] = [
      queue.publish(task(2)),
      queue.list(),
      queue.count(),
      queue.get("id"),
      queue.acknowledge("id"),
      queue.getPending("worker"),
      queue.clear(),
      queue.initialize(),
    ];
    for (const call of calls) {
      await assert.rejects(
        within(call, "the rejection"),
        { name: "QueueNotInitializedError", message: /the queue is closed/ },
      );
    }
    assert.throws(() => queue.subscribe("tasks", "worker"), { name: "QueueNotInitializedError" });
  });
}
