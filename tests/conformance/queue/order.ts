import assert from "node:assert/strict";
import fc from "fast-check";
import { nextOf, payloads, takeFrom, task, type TestOn } from "./stage.ts";

/** Priorities, order, limits and filters. */
export function orderTests(test: TestOn): void {
  test("higher priorities come first, and the older of one priority", async (stage) => {
    const queue = await stage.open();
    const priorities = [0, 5, -3, 5, 100, 0, -3, 2 ** 40, -(2 ** 40), 5];
    for (const [i, priority] of priorities.entries()) {
      await queue.publish(task([priority, i], { priority }));
    }
    const expected = priorities.map((priority, i) => [priority, i])
      .sort(([a, i], [b, j]) => b - a || i - j);
    assert.deepEqual(payloads(await queue.getPending("worker")), expected);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, priorities.length), expected);
  });

  test("an urgent message overtakes what is pending", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 3; i++) await queue.publish(task(i));
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(subscription)).payload, 0);
    await queue.publish(task("urgent", { priority: 1 }));
    assert.deepEqual(await takeFrom(queue, subscription, 3), ["urgent", 1, 2]);
  });

  test("a message that is delivered again keeps its position", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 3; i++) await queue.publish(task(i));
    const early = queue.subscribe("tasks", "worker", { prefetch: 2 });
    await queue.acknowledge(await nextOf(early));
    await early.return();
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, 2), [1, 2]);
  });

  test("messages of one millisecond keep their order", async (stage) => {
    const queue = await stage.open();
    const COUNT = 200;
    const published = [];
    for (let i = 0; i < COUNT; i++) published.push(queue.publish(task(i)));
    await Promise.all(published);
    const pending = payloads(await queue.getPending("worker", { limit: COUNT }));
    assert.deepEqual(pending, Array.from({ length: COUNT }, (_, i) => i));
    assert.deepEqual(payloads(await queue.list({ limit: COUNT })), pending.toReversed());
  });

  test("the limit of getPending applies to the messages of the channel", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 20; i++) await queue.publish(task(i, { channel: "noise", priority: 9 }));
    for (let i = 0; i < 5; i++) await queue.publish(task(i));
    assert.deepEqual(payloads(await queue.getPending("worker", { channel: "tasks", limit: 3 })), [
      0,
      1,
      2,
    ]);
    assert.equal((await queue.getPending("worker", { limit: 22 })).length, 22);
    assert.deepEqual(await queue.getPending("worker", { limit: 0 }), []);
    assert.deepEqual(await queue.getPending("unknown"), []);
  });

  test("thousands of messages are read in one call, leased ones in their order", async (stage) => {
    const queue = await stage.open();
    const COUNT = 2500;
    await Promise.all(Array.from({ length: COUNT }, (_, i) => queue.publish(task(i))));
    await using subscription = queue.subscribe("tasks", "worker", { prefetch: 1000 });
    await nextOf(subscription);
    const all = Array.from({ length: COUNT }, (_, i) => i);
    const options = { channel: "tasks", limit: 10_000 };
    assert.deepEqual(payloads(await queue.getPending("worker", options)), all);
    assert.deepEqual(payloads(await queue.getPending("worker", { limit: 10_000 })), all);
    assert.deepEqual(payloads(await queue.list({ limit: 10_000 })), all.toReversed());
    const filters = { channel: "tasks", sourceAgent: "boss" };
    assert.deepEqual(
      payloads(await queue.list({ filters, limit: 10, offset: 2200 })),
      all.toReversed().slice(2200, 2210),
    );
    assert.equal(await queue.count(filters), COUNT);
  });

  test("list returns pages, the newest message first", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 25; i++) {
      await queue.publish(task(i, { targetAgent: i % 2 ? "worker" : null, priority: i % 4 }));
    }
    const all = Array.from({ length: 25 }, (_, i) => 24 - i);
    assert.deepEqual(payloads(await queue.list()), all);
    assert.deepEqual(payloads(await queue.list({ limit: 10, offset: 10 })), all.slice(10, 20));
    assert.deepEqual(payloads(await queue.list({ offset: 20 })), all.slice(20));
    assert.deepEqual(await queue.list({ offset: 25 }), []);
    assert.deepEqual(await queue.list({ limit: 0 }), []);
  });

  test("every filter, and every pair of filters, selects the matching messages", async (stage) => {
    const queue = await stage.open();
    const agents = ["a", "b"];
    const messages = [];
    for (const channel of ["x", "y"]) {
      for (const sourceAgent of agents) {
        for (const targetAgent of [null, ...agents]) {
          for (const isDone of [true, false]) {
            const { id } = await queue.publish({ channel, sourceAgent, targetAgent, payload: 0 });
            const acknowledged = isDone && targetAgent !== null;
            if (acknowledged) await queue.acknowledge(id);
            messages.push({ id, channel, sourceAgent, targetAgent, acknowledged });
          }
        }
      }
    }
    const values = {
      channel: ["x", "y", "z"],
      sourceAgent: [...agents, "c"],
      targetAgent: [null, ...agents],
      acknowledged: [true, false],
    } as Record<string, unknown[]>;
    const fields = Object.keys(values);
    const some = fc.sample(
      fc.record(
        Object.fromEntries(fields.map((field) => [field, fc.constantFrom(...values[field])])),
        { requiredKeys: [] },
      ),
      { numRuns: 60, seed: 5 },
    );
    for (const filters of some) {
      const expected = messages.filter((message) =>
        Object.entries(filters).every(([field, value]) =>
          message[field as keyof typeof message] === value
        )
      ).map(({ id }) => id).reverse();
      const found = (await queue.list({ filters })).map(({ id }) => id);
      assert.deepEqual(found, expected, JSON.stringify(filters));
      assert.equal(await queue.count(filters), expected.length, JSON.stringify(filters));
      const page = await queue.list({ filters, offset: 1, limit: 2 });
      assert.deepEqual(page.map(({ id }) => id), expected.slice(1, 3));
    }
  });
}
