// What is stored on a server for a queue: the version of its layout, and indexes that a queue asks for.

import assert from "node:assert/strict";
import { type MessageRecord, type QueueConfig, QueueConfigurationError } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";

async function open(server: RedisServer, config: QueueConfig = {}): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl: server.url, ...config });
  await queue.initialize();
  return queue;
}

/** The number of each message, which is that of its entry in a stream. */
async function numbersOf(server: RedisServer): Promise<Map<string, string>> {
  const numbers = new Map<string, string>();
  for (const key of await server.command("KEYS", "tinyllm:stream:*") as string[]) {
    const entries = await server.command("XRANGE", key, "-", "+") as [string, string[]][];
    for (const [at, [, id]] of entries) {
      const [ms, us] = at.split("-");
      numbers.set(id, ms + us.padStart(3, "0"));
    }
  }
  return numbers;
}

/** Makes of what is stored what the second layout had: lists of all messages, and of the pending ones of agents. */
async function makeSecond(server: RedisServer, queue: RedisMessageQueue): Promise<void> {
  const command = (...words: string[]) => server.command(...words) as Promise<string[]>;
  const numbers = await numbersOf(server);
  for (const key of await command("KEYS", "tinyllm:pending:*")) await command("DEL", key);
  for (const record of await queue.list()) {
    const index = record.acknowledged ? "acked" : "unacked";
    await command("ZADD", `tinyllm:${index}`, numbers.get(record.id)!, record.id);
    await command("HSET", `tinyllm:msg:${record.id}`, "payload", JSON.stringify(record.payload));
  }
  for (const key of await command("KEYS", "tinyllm:*:*:*:*")) {
    const [, , agent, channel] = /:(ready|leased|later|keyed):\d+:(\w+):(\w+)$/.exec(key) ?? [];
    if (channel === undefined) continue;
    const isHash = await server.command("TYPE", key) === "hash";
    const members = await (isHash ? command("HKEYS", key) : command("ZRANGE", key, "0", "-1"));
    for (const member of members.filter((each) => each !== "")) {
      const record = await queue.get(member.slice(16));
      await command("ZADD", `tinyllm:pending:${agent}`, `${-record!.priority}`, member);
    }
  }
  for (const key of await command("KEYS", "tinyllm:heard:*")) {
    const done = key.replace("heard", "done");
    await command("ZUNIONSTORE", done, "2", done, key);
    await command("DEL", key);
  }
  const channels = await command("ZRANGE", "tinyllm:channels", "0", "-1");
  await command("DEL", "tinyllm:channels");
  await command("SADD", "tinyllm:channels", ...channels);
  await command("SET", "tinyllm:version", "2");
}

/** Makes of the second layout the first one: a field for each value of a message. */
async function makeFirst(server: RedisServer, records: readonly MessageRecord[]): Promise<void> {
  const numbers = await numbersOf(server);
  for (const record of records) {
    const { id, channel, sourceAgent, targetAgent, priority, metadata, expiresAt } = record;
    const fields = { seq: numbers.get(id)!, channel, source: sourceAgent };
    const others = {
      ...targetAgent !== null && { target: targetAgent },
      ...priority !== 0 && { priority: `${priority}` },
      ...expiresAt !== null && { expires: `${expiresAt.getTime()}` },
    };
    const key = `tinyllm:msg:${id}`;
    await server.command("HDEL", key, "m");
    await server.command("HSET", key, "metadata", JSON.stringify(metadata));
    await server.command("HSET", key, ...Object.entries({ ...fields, ...others }).flat());
  }
  for (const pattern of ["version", "channels", "counts:*", "agents:*", "died:*"]) {
    for (const key of await server.command("KEYS", `tinyllm:${pattern}`) as string[]) {
      await server.command("DEL", key);
    }
  }
}

/** What a queue tells of its messages. */
async function contentsOf(queue: RedisMessageQueue): Promise<unknown> {
  const { waiting, delayed, leased, dead } = await queue.stats("tasks");
  return {
    listed: await queue.list(),
    acknowledged: await queue.list({ filters: { acknowledged: true } }),
    counts: [
      await queue.count(),
      await queue.count({ acknowledged: false }),
      await queue.count({ sourceAgent: "boss", targetAgent: null }),
    ],
    pending: [await queue.getPending("worker"), await queue.getPending("ann")],
    dead: await queue.getDeadLetters("worker"),
    channels: await queue.channels(),
    stats: { waiting, delayed, leased, dead },
  };
}

for (const layout of [1, 2]) {
  const title = `what layout ${layout} has stored is refused, and converted on demand`;
  Deno.test(title, async () => {
    await using server = await redisServer();
    const old = await open(server, { filterIndexes: true, maxAttempts: 1, leaseSeconds: 600 });
    await using subscription = old.subscribe("news", "ann");
    await subscription.ready;
    const broadcast = { ...task("all"), channel: "news", targetAgent: null };
    await old.publish(broadcast);
    await old.acknowledge(await nextOf(subscription));
    await old.publish({ ...broadcast, payload: "more" });
    const [leased, later] = [task("leased"), task("later")];
    const options = { metadata: { a: 1 }, ttlSeconds: 600 };
    await using tasks = old.subscribe("tasks", "worker");
    await tasks.ready;
    await old.publish(layout === 1 ? later : { ...later, maxAttempts: 5 });
    if (layout === 2) {
      await old.release(await nextOf(tasks), { delaySeconds: 600 });
      const keyed = task("keyed", { orderingKey: "key" });
      for (let i = 0; i < 3; i++) await old.publish({ ...keyed, priority: -i });
    } else {
      await old.acknowledge(await nextOf(tasks));
    }
    await old.publish({ ...leased, priority: 9 });
    assert.equal((await nextOf(tasks)).payload, "leased");
    await old.publish(task("waits ".repeat(50), { priority: 3, ...options }));
    await old.acknowledge((await old.publish(task("done"))).id);
    await old.reject((await old.publish(task("dead"))).id, "bad");
    const before = await contentsOf(old);
    const records = await old.list();
    await makeSecond(server, old);
    if (layout === 1) await makeFirst(server, records);
    await old.close();
    await assert.rejects(open(server), (error) => {
      assert.ok(error instanceof QueueConfigurationError);
      const expected = `messages in layout ${layout}, and this one uses layout 3; stop all`;
      assert.ok(error.message.includes(expected), error.message);
      return true;
    });
    await using queue = await open(server, { migrate: true });
    assert.deepEqual(await contentsOf(queue), before);
    for (const name of ["acked", "unacked", "channels:old"]) {
      assert.equal(await server.command("EXISTS", `tinyllm:${name}`), 0, name);
    }
    await using found = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(found)).payload, "waits ".repeat(50));
    await using news = queue.subscribe("news", "ann");
    assert.equal(await queue.acknowledge(await nextOf(news)), true);
    await using another = await open(server);
    assert.equal(await another.clear(), layout === 1 ? 7 : 10);
  });
}

Deno.test("a newer layout is refused", async () => {
  await using server = await redisServer();
  await server.command("SET", "tinyllm:version", "4");
  await server.command("SET", "tinyllm:seq", "1");
  for (const migrate of [false, true]) {
    await assert.rejects(open(server, { migrate }), /in layout 4, .*; use that version/);
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
