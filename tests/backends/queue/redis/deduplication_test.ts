// One of many publishers with one deduplication id stores its message, also when their messages lie in several
// partitions.

import assert from "node:assert/strict";
import { QueueTimeoutError } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { task } from "../../../conformance/queue/stage.ts";

async function openAll(server: RedisServer, deadlineMs: number): Promise<RedisMessageQueue[]> {
  return await Promise.all(Array.from({ length: 3 }, async () => {
    const queue = new RedisMessageQueue({ redisUrl: server.url, partitions: 8, deadlineMs });
    await queue.initialize();
    return queue;
  }));
}

Deno.test("publishers to many partitions store one message for each deduplication id", async () => {
  await using server = await redisServer();
  await using resources = new AsyncDisposableStack();
  const queues = await openAll(server, 10_000);
  for (const queue of queues) resources.use(queue);
  const records = await Promise.all(Array.from({ length: 120 }, (_, i) => {
    const targetAgent = i % 11 === 0 ? null : `agent ${i % 17}`;
    return queues[i % 3].publish(task(i, { targetAgent, deduplicationId: `id ${i % 4}` }));
  }));
  assert.equal(records.filter(({ isNew }) => isNew).length, 4);
  for (let i = 0; i < 4; i++) {
    const same = records.filter(({ deduplicationId }) => deduplicationId === `id ${i}`);
    assert.equal(new Set(same.map(({ id }) => id)).size, 1);
    assert.equal(new Set(same.map(({ payload }) => payload)).size, 1);
  }
  assert.equal(await queues[0].count(), 4);
});

Deno.test("a publisher that dies before its message is stored holds others up for a limited time", async () => {
  await using server = await redisServer();
  await using resources = new AsyncDisposableStack();
  const queues = await openAll(server, 400);
  for (const each of queues) resources.use(each);
  const [queue] = queues;
  await queue.publish(task("known", { deduplicationId: "id" }));
  const [key] = await server.command("KEYS", "*unique:*") as string[];
  const dies = (ms: number) => server.command("SET", key, "? dead", "PX", String(ms));
  await dies(200);
  const options = task("next", { deduplicationId: "id", targetAgent: "another" });
  assert.equal((await queue.publish(options)).isNew, true);
  assert.equal((await queue.publish(options)).isNew, false);
  await dies(60_000);
  await assert.rejects(queue.publish(options), (error) => {
    assert.ok(error instanceof QueueTimeoutError);
    assert.match(error.message, /another process has not stored yet/);
    return true;
  });
});
