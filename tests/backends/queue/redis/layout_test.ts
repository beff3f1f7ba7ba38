// What is stored on a server for a queue: the version of its layout, and indexes that a queue asks for.

import assert from "node:assert/strict";
import { type QueueConfig, QueueConfigurationError } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";

async function open(server: RedisServer, config: QueueConfig = {}): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl: server.url, ...config });
  await queue.initialize();
  return queue;
}

/** Makes of what is stored what an older version has stored: a field for each value of a message. */
async function makeOld(server: RedisServer, queue: RedisMessageQueue): Promise<void> {
  for (const record of await queue.list()) {
    const key = `tinyllm:msg:${record.id}`;
    const [[entry]] = await server.command(
      "XREVRANGE",
      `tinyllm:stream:${record.channel}`,
      "+",
      "-",
    ) as [[string]];
    assert.ok(entry);
    const members = await server.command("ZRANGE", "tinyllm:unacked", "0", "-1", "WITHSCORES");
    const acked = await server.command("ZRANGE", "tinyllm:acked", "0", "-1", "WITHSCORES");
    const all = [...members as string[], ...acked as string[]];
    const seq = all[all.indexOf(record.id) + 1];
    await server.command("HDEL", key, "m");
    await server.command("HSET", key, "seq", seq, "channel", record.channel);
    await server.command("HSET", key, "source", record.sourceAgent);
    if (record.targetAgent !== null) {
      await server.command("HSET", key, "target", record.targetAgent);
    }
    if (record.priority !== 0) await server.command("HSET", key, "priority", `${record.priority}`);
    await server.command("HSET", key, "metadata", JSON.stringify(record.metadata));
    if (record.expiresAt !== null) {
      await server.command("HSET", key, "expires", `${record.expiresAt.getTime()}`);
    }
  }
  for (const pattern of ["version", "channels", "counts:*", "agents:*", "died:*"]) {
    for (const key of await server.command("KEYS", `tinyllm:${pattern}`) as string[]) {
      await server.command("DEL", key);
    }
  }
}

Deno.test("what an older version has stored is refused, and converted on demand", async () => {
  await using server = await redisServer();
  const old = await open(server, { filterIndexes: true, maxAttempts: 1 });
  await using subscription = old.subscribe("news", "ann");
  await subscription.ready;
  await old.publish(task("waits", { priority: 3, metadata: { a: 1 }, ttlSeconds: 600 }));
  await old.publish({ ...task("all"), channel: "news", targetAgent: null });
  await old.acknowledge((await old.publish(task("done"))).id);
  await old.reject((await old.publish(task("dead"))).id, "bad");
  const before = await old.list();
  await makeOld(server, old);
  await old.close();
  await assert.rejects(open(server), (error) => {
    assert.ok(error instanceof QueueConfigurationError);
    assert.match(error.message, /messages in layout 1, and this one uses layout 2; stop all/);
    return true;
  });
  await using queue = await open(server, { migrate: true });
  assert.deepEqual(await queue.list(), before);
  assert.equal(await queue.count({ sourceAgent: "boss", targetAgent: null }), 1);
  assert.deepEqual(await queue.channels(), ["news", "tasks"]);
  const { waiting, dead, totals } = await queue.stats("tasks");
  assert.deepEqual([waiting, dead, totals.published], [1, 1, 3]);
  await using tasks = queue.subscribe("tasks", "worker");
  assert.equal((await nextOf(tasks)).payload, "waits");
  await using news = queue.subscribe("news", "ann");
  assert.equal(await queue.acknowledge(await nextOf(news)), true);
  assert.equal((await queue.getDeadLetters("worker"))[0].payload, "dead");
  await using another = await open(server);
  assert.equal(await another.count(), 4);
});

Deno.test("a newer layout is refused", async () => {
  await using server = await redisServer();
  await server.command("SET", "tinyllm:version", "3");
  await server.command("SET", "tinyllm:seq", "1");
  for (const migrate of [false, true]) {
    await assert.rejects(open(server, { migrate }), /in layout 3, .*; use that version/);
  }
});

Deno.test("indexes for filters are made when a queue asks for them, and are kept then", async () => {
  await using server = await redisServer();
  await using plain = await open(server);
  for (let i = 0; i < 300; i++) await plain.publish(task(i, { sourceAgent: `boss ${i % 2}` }));
  await plain.publish({ ...task("all"), targetAgent: null });
  const { id } = await plain.publish(task("done", { sourceAgent: "boss 0" }));
  await plain.acknowledge(id);
  const indexes = () => server.command("EXISTS", "tinyllm:source:boss 0", "tinyllm:target:worker");
  const counts = async () =>
    await Promise.all([
      plain.count({ sourceAgent: "boss 0" }),
      plain.count({ targetAgent: "worker", sourceAgent: "boss 1" }),
      plain.count({ targetAgent: null }),
    ]);
  assert.equal(await indexes(), 0);
  assert.deepEqual(await counts(), [151, 150, 1]);
  await using indexed = await open(server, { filterIndexes: true });
  assert.equal(await indexes(), 2);
  assert.deepEqual(await counts(), [151, 150, 1]);
  await plain.publish(task("more", { sourceAgent: "boss 0" }));
  assert.equal(await server.command("ZCARD", "tinyllm:source:boss 0"), 152);
  assert.equal(await indexed.clear(), 303);
  assert.equal(await indexes(), 0);
});
