import assert from "node:assert/strict";
import { type MessageRecord, QueueSerializationError } from "../../../mod.ts";
import { payloads, task, type TestOn } from "./stage.ts";

/** Records: storing, reading, replacing and deleting. */
export function recordTests(test: TestOn): void {
  test("publish returns the record, and get returns the same", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(
      task({ data: [1, "ü€𝄞", null, { deep: true }] }, {
        priority: 7,
        ttlSeconds: 3600,
        metadata: { trace: "abc" },
      }),
    );
    assert.equal(record.channel, "tasks");
    assert.equal(record.sourceAgent, "boss");
    assert.equal(record.targetAgent, "worker");
    assert.deepEqual(record.payload, { data: [1, "ü€𝄞", null, { deep: true }] });
    assert.deepEqual(record.metadata, { trace: "abc" });
    assert.equal(record.priority, 7);
    assert.equal(record.acknowledged, false);
    assert.equal(record.expiresAt!.getTime() - record.createdAt.getTime(), 3_600_000);
    assert.deepEqual(record.updatedAt, record.createdAt);
    const { isNew, ...stored } = record;
    assert.equal(isNew, true);
    assert.deepEqual(await queue.get(record.id), stored);
    assert.equal(await queue.exists(record.id), true);
  });

  test("a broadcast has no target, and omitted options have defaults", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish({ channel: "news", payload: 0, sourceAgent: "boss" });
    const record = await queue.get(id);
    assert.equal(record?.targetAgent, null);
    assert.equal(record?.priority, 0);
    assert.equal(record?.expiresAt, null);
    assert.deepEqual(record?.metadata, {});
  });

  test("any JSON value is a payload", async (stage) => {
    const queue = await stage.open();
    const long = "x".repeat(100_000);
    for (const payload of [null, false, 0, -0.5, "", "\ud800", [], {}, long, { "": [[]] }]) {
      const { id } = await queue.publish(task(payload));
      const expected = JSON.parse(JSON.stringify(payload));
      assert.deepEqual((await queue.get(id))?.payload, expected);
    }
  });

  test("a payload that is not JSON is rejected, and nothing is stored", async (stage) => {
    const queue = await stage.open();
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    for (
      const payload of [undefined, 1n, cyclic, () => {}, new Map(), [new Set()], { a: new Error() }]
    ) {
      await assert.rejects(queue.publish(task(payload)), QueueSerializationError);
    }
    assert.equal(await queue.count(), 0);
  });

  test("names may have any characters, and stay distinct", async (stage) => {
    const queue = await stage.open();
    const names = ["a", "a:b", "b", "1:a", "{a}", "ü", "*", "a b", "\n", "a:b:c"];
    for (const channel of names) {
      for (const targetAgent of names) {
        await queue.publish(task([channel, targetAgent], { channel, targetAgent }));
      }
    }
    for (const channel of names) {
      for (const agent of names) {
        const pending = await queue.getPending(agent, { channel });
        assert.deepEqual(payloads(pending), [[channel, agent]]);
        assert.equal(await queue.count({ channel, targetAgent: agent }), 1);
      }
    }
  });

  test("misuse is rejected with the value in the message", async (stage) => {
    const queue = await stage.open();
    const rejected: [Record<string, unknown>, RegExp][] = [
      [{ channel: "" }, /channel .*""/],
      [{ channel: "\ud800" }, /channel/],
      [{ sourceAgent: 7 }, /sourceAgent .*7/],
      [{ targetAgent: "x".repeat(600) }, /targetAgent/],
      [{ priority: 1.5 }, /priority .*1\.5/],
      [{ ttlSeconds: 0 }, /ttlSeconds .*0/],
      [{ ttlSeconds: -1 }, /ttlSeconds .*-1/],
      [{ ttlSeconds: "5" }, /ttlSeconds .*"5"/],
      [{ metadata: [] }, /metadata/],
    ];
    for (const [wrong, message] of rejected) {
      await assert.rejects(queue.publish(task(1, wrong)), { message });
    }
    await assert.rejects(queue.list({ limit: -1 }), /limit .*-1/);
    await assert.rejects(queue.list({ offset: 0.5 }), /offset .*0\.5/);
    await assert.rejects(queue.list({ filters: { chanel: "a" } as never }), /"chanel"/);
    assert.throws(() => queue.subscribe("tasks", ""), /agentId/);
    assert.throws(() => queue.subscribe("tasks", "a", { prefetch: 0 }), /prefetch .*0/);
    assert.throws(() => queue.subscribe("tasks", "a", { prefetch: 5000 }), /prefetch .*5000/);
    assert.equal(await queue.count(), 0);
  });

  test("options with unknown names and arguments too many are rejected", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task(1));
    const wrong = (options: Record<string, unknown>) => options as never;
    const rejected: [() => unknown, RegExp][] = [
      [() => queue.publish(wrong({ ...task(1), ttl_seconds: 1 })), /ttl_seconds.*mean ttlSeconds,/],
      [() => queue.publish("tasks" as never), /as an object, not "tasks": write \{ channel: /],
      [() => queue.publish(undefined as never), /as an object, not undefined/],
      // @ts-expect-error: publish has no second argument
      [() => queue.publish(task(1), { ttlSeconds: 1 }), /further argument \{ ttlSeconds \}/],
      [() => queue.subscribe("tasks", "a", wrong({ pre_fetch: 1 })), /mean prefetch\?/],
      [() => queue.subscribe("tasks", "a", wrong({ signal: 1 })), /signal must be an AbortSignal/],
      [() => queue.subscribe("tasks", "a", (() => {}) as never), /its options are signal, /],
      [() => queue.acknowledge(record, wrong({ agent: "a" })), /mean agentId\?/],
      [() => queue.acknowledge(record, "a" as never), /write \{ agentId: "a" \}/],
      [() => queue.requeue(record, wrong({ agent_id: "a" })), /mean agentId\?/],
      [() => queue.getPending("a", wrong({ timeout: 1 })), /its options are channel, limit$/],
      [() => queue.getPending("a", 10 as never), /write \{ limit: 10 \}/],
      [() => queue.getDeadLetters("a", wrong({ limits: 1 })), /mean limit\?/],
      [() => queue.get(record.id, wrong({ agent: 1 })), /mean agentId\?/],
      [() => queue.getMany([], wrong({ agent: 1 })), /mean agentId\?/],
      [() => queue.list(wrong({ filter: {} })), /mean filters\?/],
      [() => queue.list({ filters: wrong({ source_agent: "a" }) }), /mean sourceAgent\?/],
      [() => queue.count(wrong({ target: "a" })), /mean targetAgent\?/],
      [() => queue.count(null as never), /as an object, not null/],
      [() => queue.put(wrong({ ...record, ttlSeconds: 5 })), /"ttlSeconds"/],
      [() => queue.put({ ...record, acknowledged: wrong("no" as never) }), /acknowledged must be/],
    ];
    for (const [call, message] of rejected) {
      await assert.rejects(async () => await call(), { name: "TypeError", message });
    }
    assert.equal(await queue.count(), 1);
    const [pending] = await queue.getPending("worker");
    await queue.put(pending);
    assert.equal(await queue.count(), 1);
  });

  test("get, exists and delete report an unknown id", async (stage) => {
    const queue = await stage.open();
    assert.equal(await queue.get("unknown"), undefined);
    assert.equal(await queue.exists("unknown"), false);
    assert.equal(await queue.delete("unknown"), false);
    assert.equal(await queue.acknowledge("unknown"), false);
  });

  test("getMany keeps the order of the ids, with undefined for unknown ones", async (stage) => {
    const queue = await stage.open();
    const first = await queue.publish(task("first"));
    const second = await queue.publish(task("second", { targetAgent: "other" }));
    const found = await queue.getMany([second.id, "unknown", first.id]);
    assert.deepEqual(found.map((record) => record?.payload), ["second", undefined, "first"]);
  });

  test("delete removes a message from all results", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("gone"));
    const kept = await queue.publish(task("kept"));
    assert.equal(await queue.delete(id), true);
    assert.equal(await queue.delete(id), false);
    assert.equal(await queue.get(id), undefined);
    assert.deepEqual(payloads(await queue.list()), ["kept"]);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["kept"]);
    assert.equal(await queue.count({ channel: "tasks" }), 1);
    assert.equal(await queue.acknowledge(id), false);
    assert.equal(await queue.deleteMany([id, kept.id, kept.id]), 1);
    assert.equal(await queue.count(), 0);
  });

  test("clear deletes all messages and returns their number", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 30; i++) {
      await queue.publish(task(i, { targetAgent: i % 3 ? `worker ${i}` : null }));
    }
    assert.equal(await queue.clear(), 30);
    assert.equal(await queue.clear(), 0);
    assert.equal(await queue.count(), 0);
    assert.deepEqual(await queue.list(), []);
  });

  test("put stores a record under its own id and delivers it", async (stage) => {
    const queue = await stage.open();
    const record: MessageRecord = {
      id: "my own id",
      createdAt: new Date("2020-02-03T04:05:06.789Z"),
      updatedAt: new Date(0),
      metadata: { imported: true },
      sourceAgent: "archive",
      targetAgent: "worker",
      channel: "tasks",
      payload: "old",
      priority: 3,
      acknowledged: false,
      expiresAt: null,
    };
    await queue.put(record);
    const stored = await queue.get("my own id");
    assert.ok(stored!.updatedAt > record.createdAt);
    assert.deepEqual({ ...stored, updatedAt: record.updatedAt }, record);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["old"]);
  });

  test("put replaces a message in all results", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task("before", { ttlSeconds: 3600 }));
    await queue.acknowledge(record.id);
    await queue.put({
      ...record,
      channel: "errands",
      sourceAgent: "deputy",
      payload: "after",
      priority: 9,
      expiresAt: null,
    });
    assert.equal(await queue.count(), 1);
    assert.equal(await queue.count({ channel: "tasks" }), 0);
    assert.equal(await queue.count({ sourceAgent: "boss" }), 0);
    assert.equal(await queue.count({ acknowledged: true }), 0);
    assert.deepEqual(payloads(await queue.list({ filters: { channel: "errands" } })), ["after"]);
    const [pending] = await queue.getPending("worker", { channel: "errands" });
    assert.equal(pending.priority, 9);
    assert.equal(pending.expiresAt, null);
    assert.deepEqual(await queue.getPending("worker", { channel: "tasks" }), []);
  });

  test("put of an acknowledged record delivers nothing", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task("done"));
    await queue.put({ ...record, acknowledged: true });
    assert.deepEqual(await queue.getPending("worker"), []);
    assert.equal((await queue.get(record.id))?.acknowledged, true);
    assert.equal(await queue.count({ acknowledged: true }), 1);
    assert.equal(await queue.acknowledge(record.id), true);
  });

  test("put of an expired record removes the message with that id", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task("late"));
    await queue.put({ ...record, expiresAt: new Date(0) });
    assert.equal(await queue.exists(record.id), false);
    assert.deepEqual(await queue.getPending("worker"), []);
  });

  test("putMany stores all records", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task(0));
    const ids = Array.from({ length: 20 }, (_, i) => `record ${i}`);
    await queue.putMany(ids.map((id, payload) => ({ ...record, id, payload })));
    assert.equal(await queue.count(), 21);
    assert.deepEqual(
      (await queue.getMany(ids)).map((found) => found?.payload),
      ids.map((_, i) => i),
    );
    assert.equal(await queue.deleteMany(ids), 20);
  });

  test("two ids that differ in case, or by a space, are two messages", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task(0));
    const ids = ["a", "A", "a ", " a"];
    await queue.putMany(ids.map((id) => ({ ...record, id, payload: id })));
    assert.deepEqual((await queue.getMany(ids)).map((found) => found?.payload), ids);
  });
}
