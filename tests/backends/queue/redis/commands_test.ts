// The use of a Redis server by message queues: keys, connections, commands, permissions and logs.

import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { QueueAuthenticationError, type QueueConfig } from "../../../../mod.ts";
import { RedisError, RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";
import { until, within } from "../../../support/deadline.ts";
import { collectLog } from "../../../support/log_records.ts";
import { Program, ROOT } from "../../../support/program.ts";

let server: RedisServer;

Deno.test.beforeAll(async () => {
  server = await redisServer();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function serverTest(name: string, body: () => Promise<void>): void {
  Deno.test(name, async () => {
    await server.command("FLUSHALL");
    await body();
  });
}

async function open(config: QueueConfig = {}): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl: server.url, ...config });
  await queue.initialize();
  return queue;
}

/** Number of calls of each command since the last `CONFIG RESETSTAT`, including those of scripts. */
async function commandCounts(): Promise<Record<string, number>> {
  const stats = String(await server.command("INFO", "commandstats"));
  return Object.fromEntries(
    [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map((
      [, name, calls],
    ) => [name, Number(calls)]),
  );
}

/** The commands that the server runs for an action. */
async function commandsOf(action: () => Promise<unknown>): Promise<Record<string, number>> {
  await server.command("CONFIG", "RESETSTAT");
  await action();
  return await commandCounts();
}

async function clients(): Promise<number> {
  const list = String(await server.command("CLIENT", "LIST"));
  // One of them is the connection of the query.
  return list.trim().split("\n").length - 1;
}

serverTest("the documented keys have the documented types", async () => {
  await using queue = await open();
  await using subscription = queue.subscribe("news", "ann");
  await subscription.ready;
  const { id } = await queue.publish(task({ text: "hello" }, { priority: 4 }));
  await queue.publish({ ...task("all"), channel: "news", targetAgent: null });
  assert.equal(await server.command("TYPE", "tinyllm:stream:tasks"), "stream");
  assert.equal(await server.command("TYPE", "tinyllm:stream:news"), "stream");
  assert.equal(await server.command("TYPE", "tinyllm:pending:worker"), "zset");
  assert.equal(await server.command("TYPE", "tinyllm:pending:ann"), "zset");
  assert.equal(await server.command("HGET", `tinyllm:msg:${id}`, "payload"), '{"text":"hello"}');
  const [[, fields]] = await server.command("XRANGE", "tinyllm:stream:tasks", "-", "+") as [
    [string, string[]],
  ];
  assert.deepEqual(fields, ["id", id]);
  assert.deepEqual(await server.command("PUBSUB", "CHANNELS", "*"), ["tinyllm:notify:news"]);
  await using other = await open({ namespace: "blue" });
  await other.publish(task(1));
  assert.equal(await server.command("EXISTS", "{tinyllm:blue:0}:stream:tasks"), 1);
});

serverTest(
  "a removed message leaves no key behind except for the numbers of its channel",
  async () => {
    await using queue = await open({ deadlineMs: 1000, maxItems: 5 });
    const subscription = queue.subscribe("news", "ann");
    await subscription.ready;
    for (let i = 0; i < 10; i++) {
      await queue.publish(task(i, { ttlSeconds: 60 }));
      await queue.publish({ ...task(i), channel: "news", targetAgent: null });
    }
    await queue.acknowledge((await queue.list())[1].id);
    await subscription.return();
    await queue.unsubscribe("news", "ann");
    await queue.clear();
    const left = async () =>
      (await server.command("KEYS", "*") as string[]).map((key) => key.replace("tinyllm:", ""));
    const numbers = ["agents", "consumers", "counts", "missed", "pending"];
    const isExpected = (key: string) =>
      ["channels", "partitions", "seq", "version"].includes(key) ||
      numbers.includes(key.split(":")[0]);
    // The reply of an operation is kept for a while, because the operation may be repeated.
    await until(async () => (await left()).every(isExpected), "the end of all keys");
    assert.ok((await left()).includes("missed:6:worker:tasks"));
  },
);

serverTest("all keys are known as own, and clear removes those of messages", async () => {
  await using queue = await open({ deadlineMs: 3000, leaseSeconds: 3, filterIndexes: true });
  await using subscription = queue.subscribe("tasks", "worker", {
    limiter: { max: 100, seconds: 3 },
    prefetch: 10,
  });
  await subscription.ready;
  const others = { ttlSeconds: 60, resultSeconds: 3, deduplicationSeconds: 3, leaseSeconds: 3 };
  for (const i of [1, 2, 3, 4]) {
    await queue.publish(task(i, { ...others, orderingKey: "key", deduplicationId: `id ${i}` }));
    await queue.publish({ ...task(i), targetAgent: null, delaySeconds: 2 + 0.5 * i });
  }
  const first = await nextOf(subscription);
  await queue.publish(task("later"));
  const later = await nextOf(subscription);
  await queue.release(later, { delaySeconds: 3 });
  await queue.acknowledge(first, { result: 1 });
  await queue.reject(await nextOf(subscription), "bad");
  await nextOf(subscription);
  await queue.pause("other");
  const schedule = { everySeconds: 3600 };
  await queue.schedule("hourly", schedule, task("tick"));
  assert.deepEqual(await warningsOf(), []);
  const names = async () =>
    (await server.command("KEYS", "*") as string[]).map((key) => key.replace("tinyllm:", ""));
  const used = ["line:", "keyed:", "later:", "delayed:", "died:", "unique:", "result:", "rate:"];
  for (const name of used) {
    assert.ok((await names()).some((each) => each.startsWith(name)), `${name} ${await names()}`);
  }
  await subscription.return();
  await queue.clear();
  // What is due then has nothing to do, and what repeats a call may need goes by itself.
  const kept = [
    ...["channels", "consumers:tasks", "counts:tasks", "indexed", "partitions"],
    ...["paused:other", "schedule:hourly", "schedules", "seq", "subs:tasks", "version"],
  ];
  const calls = async () => {
    await queue.getPending("worker");
    return (await names()).filter((name) => !/^(op|gone|touch|due)/.test(name)).sort();
  };
  await until(async () => (await calls()).length <= kept.length, "the end of all other keys");
  assert.deepEqual(await calls(), kept);
});

/**
 * Commands of two more calls of a script: one that has run for some milliseconds, also because its server had no
 * processor, ends and goes on in the next call, with `EVALSHA`, `TIME` and `ZRANGE`.
 */
const CONTINUATIONS = 6;

serverTest("a filtered list reads the messages it finds, and not all of them", async () => {
  await using queue = await open({ filterIndexes: true });
  const COUNT = 3000;
  const publishing = Array.from({ length: COUNT }, (_, i) =>
    queue.publish(task(i, {
      sourceAgent: i % 100 === 0 ? "rare" : "boss",
      targetAgent: `worker ${i % 10}`,
      channel: `channel ${i % 3}`,
    })));
  const [{ id }] = await Promise.all(publishing);
  const most = async (action: () => Promise<unknown>, reads: number, all: number) => {
    const counts = await commandsOf(action);
    const sum = Object.entries(counts)
      .filter(([name]) => !/^(config|info|client)/.test(name))
      .reduce((a, [, calls]) => a + calls, 0);
    assert.ok((counts["hmget"] ?? 0) <= reads, `${counts["hmget"]} messages read, not ${reads}`);
    const limit = all + CONTINUATIONS;
    assert.ok(sum <= limit, `${sum} commands, not ${limit}: ${JSON.stringify(counts)}`);
    for (const scan of ["keys", "scan", "hscan", "zscan", "sscan"]) assert.ok(!(scan in counts));
  };
  await most(() => queue.get(id), 1, 5);
  // The size of each channel.
  await most(() => queue.count(), 0, 8);
  await most(() => queue.count({ sourceAgent: "boss" }), 0, 7);
  await most(() => queue.count({ channel: "channel 1" }), 0, 6);
  // 30 messages match: the smaller index of both filters.
  await most(() => queue.count({ sourceAgent: "rare", channel: "channel 1" }), 30, 40);
  await most(() => queue.list({ filters: { sourceAgent: "rare", acknowledged: false } }), 60, 80);
  await most(() => queue.list({ limit: 10 }), 20, 40);
  await most(() => queue.list({ limit: 10, offset: 2000 }), 20, 40);
  await most(
    () => queue.list({ limit: 10, offset: 200, filters: { sourceAgent: "boss" } }),
    20,
    40,
  );
  await most(() => queue.getPending("worker 3", { limit: 10 }), 10, 40);
  await most(() => queue.getPending("worker 3", { limit: 10, channel: "channel 2" }), 10, 40);
  await most(() => queue.publish(task("one more")), 2, 30);
  await most(() => queue.acknowledge(id), 1, 15);
  await most(() => queue.delete(id), 1, 25);
});

serverTest(
  "a message needs one script to publish, one to claim and one to acknowledge",
  async () => {
    await using queue = await open();
    const COUNT = 50;
    const counts = await commandsOf(async () => {
      for (let i = 0; i < COUNT; i++) await queue.publish(task(i));
      await using subscription = queue.subscribe("tasks", "worker");
      for (let i = 0; i < COUNT; i++) await queue.acknowledge(await nextOf(subscription));
    });
    // The first call of each script sends its text, and the subscription is registered once.
    assert.ok(counts["evalsha"] + (counts["eval"] ?? 0) <= 3 * COUNT + 5, JSON.stringify(counts));
  },
);

/** The commands of an action that scripts have run. */
async function scriptedCommands(action: () => Promise<unknown>): Promise<number> {
  const counts = await commandsOf(action);
  return Object.entries(counts)
    .filter(([name]) => !/^(config|info|client|eval|ping)/.test(name))
    .reduce((sum, [, calls]) => sum + calls, 0);
}

serverTest("a plain message needs few commands", async () => {
  await using queue = await open();
  await using subscription = queue.subscribe("tasks", "worker", { prefetch: 2 });
  const publish = (text: string) => queue.publish(task(text, { ttlSeconds: 60 }));
  const published: number[] = [];
  const settled: number[] = [];
  // The first one prepares the channel, and some may meet the work of an interval.
  for (const text of ["first", "second", "third", "fourth", "fifth"]) {
    published.push(await scriptedCommands(() => publish(text)));
    const record = await nextOf(subscription);
    settled.push(await scriptedCommands(() => queue.acknowledge(record)));
  }
  assert.ok(Math.min(...published) <= 13, `${published} commands to publish`);
  assert.ok(Math.min(...settled) <= 7, `${settled} commands to acknowledge`);
});

/** What a queue has stored, without what differs each time: what keys hold, and with what a message is packed. */
async function stored(ids: readonly string[]): Promise<string[]> {
  const shown: string[] = [];
  const nameOf = (text: string) =>
    ids.reduce((name, id, i) => name.replaceAll(id, `message ${i}`), text)
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "uuid")
      // Counts have the number of their time.
      .replace(/\d{9,}(-\d+)?/g, "time");
  for (const key of await server.command("KEYS", "*") as string[]) {
    const type = String(await server.command("TYPE", key));
    const members = {
      string: () => [],
      hash: () => server.command("HKEYS", key),
      zset: () => server.command("ZRANGE", key, "0", "-1"),
      set: () => server.command("SMEMBERS", key),
      stream: async () => String(await server.command("XRANGE", key, "-", "+")).split(","),
    }[type]!;
    const names = (await members() as string[]).map(nameOf);
    shown.push(`${nameOf(key)} ${type} ${[...new Set(names)].sort().join(" ")}`);
  }
  return [...new Set(shown)].sort();
}

serverTest(
  "messages are stored alike while somebody listens to events and while nobody does",
  async () => {
    const run = async (isHeard: boolean) => {
      await server.command("FLUSHALL");
      await using queue = await open();
      const events = isHeard ? queue.events() : undefined;
      await events?.ready;
      const given = [
        task("short"),
        task("long".repeat(50), { metadata: { of: "all" } }),
        task(1, { ttlSeconds: 60 }),
        task(2, { ttlSeconds: 60, metadata: { of: "one" }, priority: 3 }),
      ];
      const records = await Promise.all(given.map((each) => queue.publish(each)));
      const ids = records.map(({ id }) => id);
      const waiting = await stored(ids);
      await using subscription = queue.subscribe("tasks", "worker", { prefetch: 4 });
      const taken = [];
      for (const _ of given) taken.push(await nextOf(subscription));
      const leased = await stored(ids);
      const done = await Promise.all(taken.map((each) => queue.acknowledge(each)));
      await events?.return?.();
      const order = taken.map(({ id, payload, metadata, attempts }) => [
        ids.indexOf(id),
        payload,
        metadata,
        attempts,
      ]);
      return { waiting, leased, done, order, settled: await stored(ids) };
    };
    const heard = await run(true);
    const unheard = await run(false);
    assert.deepEqual(heard, unheard);
    assert.deepEqual(heard.order.map(([number]) => number), [3, 0, 1, 2]);
  },
);

serverTest("an idle subscriber is woken by a wakeup, long before its next poll", async () => {
  await using queue = await open();
  await using other = await open();
  await using subscription = queue.subscribe("tasks", "worker");
  await subscription.ready;
  const counts = await commandsOf(async () => {
    for (let i = 0; i < 20; i++) {
      const coming = subscription.next();
      await other.publish(task(i));
      const { value } = await within(coming, "delivery", 1500);
      await other.acknowledge(value);
    }
  });
  assert.equal(counts["publish"], 20);
});

serverTest("a subscriber that subscribes again at once receives wakeups", async () => {
  await using queue = await open();
  const counts = await commandsOf(async () => {
    for (let i = 0; i < 20; i++) {
      const first = queue.subscribe("tasks", "worker");
      await first.ready;
      const leaving = first.return();
      await using second = queue.subscribe("tasks", "worker");
      const coming = second.next();
      await second.ready;
      await queue.publish(task(i));
      await queue.acknowledge((await within(coming, "delivery", 1500)).value);
      await leaving;
    }
  });
  assert.equal(counts["publish"], 20);
});

serverTest("a wakeup for another agent wakes no subscriber", async () => {
  await using queue = await open();
  await using subscription = queue.subscribe("tasks", "worker");
  const coming = subscription.next();
  await subscription.ready;
  await queue.publish(task("first"));
  await queue.acknowledge((await within(coming, "delivery")).value);
  const next = subscription.next();
  const counts = await commandsOf(async () => {
    for (let i = 0; i < 100; i++) await queue.publish(task(i, { targetAgent: "other" }));
  });
  assert.ok(counts["evalsha"] < 110, JSON.stringify(counts));
  await subscription.return();
  assert.equal((await next).done, true);
});

serverTest("a message makes one of many idle consumers of an agent claim", async () => {
  await using queue = await open();
  await using publisher = await open();
  const takers: number[] = [];
  const subscriptions = Array.from({ length: 50 }, () => queue.subscribe("tasks", "worker"));
  const consumers = subscriptions.map(async (subscription, taker) => {
    for await (const record of subscription) {
      takers.push(taker);
      await queue.acknowledge(record);
    }
  });
  const isIdle = async () => (await queue.stats("tasks")).consumers === 50;
  await until(isIdle, "the first claims");
  const COUNT = 30;
  const counts = await commandsOf(async () => {
    for (let i = 1; i <= COUNT; i++) {
      await publisher.publish(task(i));
      await until(() => takers.length === i, "delivery");
    }
    await until(
      async () => (await queue.getPending("worker")).length === 0,
      "the acknowledgements",
    );
  });
  // A publish, a claim, an acknowledgement, and the next claim of the consumer.
  const scripts = counts["evalsha"] + (counts["eval"] ?? 0);
  assert.ok(scripts < 5 * COUNT, `${scripts} scripts for ${COUNT} messages`);
  assert.ok(new Set(takers).size > 10, `${new Set(takers).size} of 50 consumers were used`);
  await Promise.all([
    ...Array.from({ length: 40 }, (_, i) => publisher.publish(task(i))),
    until(() => takers.length === COUNT + 40, "all messages"),
  ]);
  await Promise.all(subscriptions.map((subscription) => subscription.return()));
  await Promise.all(consumers);
});

serverTest("close leaves no connection, with subscriptions and pending calls", async () => {
  const before = await clients();
  const queue = await open();
  const subscriptions = ["ann", "bob"].map((agent) => queue.subscribe("news", agent));
  const waiting = subscriptions.map((subscription) => subscription.next());
  const calls = Array.from({ length: 500 }, (_, i) => queue.publish(task(i)));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  assert.ok(await clients() > before);
  await queue.close();
  const outcomes = await Promise.allSettled(calls);
  const published = outcomes.filter(({ status }) => status === "fulfilled").length;
  for (const { done } of await Promise.all(waiting)) assert.equal(done, true);
  await until(async () => await clients() === before, "the end of all connections");
  await using after = await open();
  assert.ok(await after.count() >= published);
});

serverTest("connections are shared, and not more than poolSize", async () => {
  await using queue = await open({ poolSize: 3 });
  const before = await clients();
  await Promise.all(Array.from({ length: 2000 }, () => queue.get("unknown")));
  const now = await clients();
  assert.ok(now > before && now <= 3, `${now} connections`);
});

serverTest("a program ends after it has closed its queue", async () => {
  const source = `
    import { RedisMessageQueue } from "${new URL("backends/queue/redis/mod.ts", ROOT)}";
    const queue = new RedisMessageQueue({ redisUrl: "${server.url}" });
    await queue.initialize();
    const subscription = queue.subscribe("tasks", "worker");
    const coming = subscription.next();
    await queue.publish({ channel: "tasks", payload: 1, sourceAgent: "a", targetAgent: "worker" });
    await queue.acknowledge((await coming).value);
    await queue.close();
    console.log("closed");
  `;
  const directory = await Deno.makeTempDir({ dir: ROOT.pathname, prefix: ".ringbus-test-" });
  try {
    const file = `${directory}/program.ts`;
    await Deno.writeTextFile(file, source);
    const permission = `--allow-net=127.0.0.1:${server.port}`;
    await using program = new Program([permission, file]);
    assert.deepEqual(await program.lines(), ["closed"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  await until(async () => await clients() === 0, "the end of all connections");
});

serverTest("a health check removes expired messages and finds dead connections", async () => {
  await using queue = await open({ healthCheckSeconds: 0.1 });
  await queue.publish(task(1, { ttlSeconds: 1.5 }));
  const count = () => server.command("XLEN", "tinyllm:stream:tasks");
  assert.equal(await count(), 1);
  await until(async () => await count() === 0, "the sweep");
});

Deno.test("a wrong password is rejected at once, and is not shown", async () => {
  await using locked = await redisServer({ password: "right" });
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record: LogRecord) => records.push(record) },
    loggers: [
      { category: ["ringbus"], lowestLevel: "debug", sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  try {
    const redisUrl = `redis://:s3cret%2Fword@127.0.0.1:${locked.port}`;
    await using queue = new RedisMessageQueue({ redisUrl });
    await assert.rejects(queue.initialize(), (error) => {
      assert.ok(error instanceof QueueAuthenticationError);
      assert.ok(error instanceof RedisError);
      assert.match(error.message, /WRONGPASS/);
      assert.match(error.message, /redis:\/\/:\*\*\*@127\.0\.0\.1/);
      assert.doesNotMatch(`${error.stack} ${Deno.inspect(error)}`, /s3cret/);
      return true;
    });
    await using other = new RedisMessageQueue({ redisUrl: `redis://127.0.0.1:${locked.port}` });
    await assert.rejects(other.initialize(), QueueAuthenticationError);
    await using right = new RedisMessageQueue({ redisUrl: locked.url });
    await right.initialize();
    await right.publish(task(1));
  } finally {
    await reset();
  }
  assert.ok(records.length > 0);
  const isTelling = Deno.inspect(records, { depth: 10, iterableLimit: 1000 });
  assert.doesNotMatch(isTelling, /s3cret|right@/);
  assert.match(isTelling, /redis_initialization_failed/);
});

serverTest("events are logged with their documented names and properties", async () => {
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record: LogRecord) => records.push(record) },
    loggers: [
      { category: ["ringbus", "queue"], lowestLevel: "debug", sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  let id: string;
  try {
    await using queue = await open();
    ({ id } = await queue.publish(task(1, { priority: 10 })));
    await queue.getPending("worker");
    await queue.acknowledge(id);
    await queue.clear();
  } finally {
    await reset();
  }
  assert.deepEqual(records.map(({ level, message }) => `${level} ${message.join("")}`), [
    "info initializing_redis_single",
    "info redis_initialized",
    "debug message_published",
    "debug pending_messages_retrieved",
    "debug message_acknowledged",
    "info messages_cleared",
    "info closing_redis_connection",
    "info redis_connection_closed",
  ]);
  assert.deepEqual(records[0].properties, { url: server.url });
  assert.deepEqual(records[1].properties, { isCluster: false });
  assert.deepEqual(records[2].properties, {
    messageId: id,
    channel: "tasks",
    sourceAgent: "boss",
    targetAgent: "worker",
    priority: 10,
  });
  assert.deepEqual(records[5].properties, { count: 1 });
});

/** The rights that the page on the queue documents. */
const RIGHTS = "~tinyllm:* ~{tinyllm* &tinyllm:* &{tinyllm* +@all -@dangerous".split(" ");

/** Runs a test as a user with some rights. */
async function asUser(rights: string[], body: (redisUrl: string) => Promise<void>): Promise<void> {
  await server.command("ACL", "SETUSER", "agent", "on", ">secret", ...rights);
  try {
    await body(server.url.replace("redis://", "redis://agent:secret@"));
  } finally {
    await server.command("ACL", "DELUSER", "agent");
  }
}

Deno.test("the page on the queue documents the rights that are tested", async () => {
  const page = await Deno.readTextFile(new URL("docs/queue.md", ROOT));
  assert.ok(page.includes(`ACL SETUSER agent on >password ${RIGHTS.join(" ")}`));
});

const KEYS: Record<string, QueueConfig> = {
  "the default keys": {},
  "a namespace": { namespace: "n" },
  "partitions": { partitions: 3 },
};

for (const [name, config] of Object.entries(KEYS)) {
  serverTest(
    `a user needs only the documented rights: ${name}`,
    () =>
      asUser(RIGHTS, async (redisUrl) => {
        const warnings = await collectLog(async () => {
          await using queue = await open({ redisUrl, healthCheckSeconds: 0.05, ...config });
          await using subscription = queue.subscribe("tasks", "worker", { from: "oldest" });
          await subscription.ready;
          const coming = subscription.next();
          await queue.publish(task(1, { ttlSeconds: 60 }));
          const record = (await within(coming, "a wakeup", 1500)).value;
          await queue.acknowledge(record);
          await queue.delete(record.id);
          const broadcast = subscription.next();
          await queue.publish({ ...task(2), targetAgent: null });
          await queue.acknowledge((await within(broadcast, "a wakeup", 1500)).value);
          assert.equal(await queue.count(), 1);
          assert.equal((await queue.list()).length, 1);
          assert.deepEqual(await queue.getDeadLetters("worker"), []);
          assert.equal(await queue.unsubscribe("tasks", "worker"), true);
          await subscription.return();
          assert.equal(await queue.clear(), 1);
        }, "warning");
        assert.deepEqual(warnings.map(({ rawMessage }) => rawMessage), []);
      }),
  );
}

serverTest("a user has no rights to other prefixes", () =>
  asUser(RIGHTS, async (redisUrl) => {
    await using other = new RedisMessageQueue({ redisUrl, redisPrefix: "other" });
    await assert.rejects(other.initialize(), QueueAuthenticationError);
  }));

serverTest(
  "a user without rights to channels, as Redis makes it, can use the queue",
  () =>
    asUser(["~tinyllm:*", "resetchannels", "+@all", "-@dangerous"], async (redisUrl) => {
      await using queue = await open({ redisUrl, leaseSeconds: 1.2, maxAttempts: 2 });
      await using subscription = queue.subscribe("tasks", "worker");
      await subscription.ready;
      const { id } = await queue.publish(task(1));
      await queue.publish({ ...task(2), targetAgent: null });
      for (const attempts of [1, 2]) {
        const records = [await nextOf(subscription), await nextOf(subscription)];
        for (const record of records) assert.equal(record.attempts, attempts);
      }
      const dead = () => queue.getDeadLetters("worker");
      await until(async () => (await dead()).length === 2, "the dead letters");
      assert.equal(await queue.requeue(id), true);
      const again = await nextOf(subscription);
      assert.equal(again.id, id);
      assert.equal(await queue.acknowledge(again), true);
      assert.equal(await queue.unsubscribe("tasks", "worker"), true);
    }),
);

/** The warnings of a queue that opens. */
async function warningsOf(config: QueueConfig = {}): Promise<LogRecord[]> {
  return await collectLog(async () => {
    await using _queue = await open(config);
  }, "warning");
}

for (const policy of ["allkeys-lru", "volatile-ttl"]) {
  serverTest(`a server that may evict messages (${policy}) causes a warning`, async () => {
    await server.command("CONFIG", "SET", "maxmemory-policy", policy);
    try {
      const [warning, ...more] = await warningsOf();
      assert.equal(warning.rawMessage, "redis_may_evict_messages");
      assert.deepEqual(warning.properties, { url: server.url, policy });
      assert.deepEqual(more, []);
    } finally {
      await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    }
  });
}

serverTest(
  "keys of another program under the prefix cause a warning, and own keys none",
  async () => {
    await using queue = await open({ maxItems: 1, maxAttempts: 1, leaseSeconds: 0.05 });
    await using subscription = queue.subscribe("tasks", "worker");
    await subscription.ready;
    await queue.publish(task(1, { ttlSeconds: 60 }));
    await queue.publish({ ...task(1), targetAgent: null });
    await nextOf(subscription);
    await queue.publish({ ...task(2), targetAgent: null });
    await queue.acknowledge((await queue.publish(task(1))).id);
    assert.deepEqual(await warningsOf(), []);
    await server.command("HSET", "tinyllm:msg:1", "channel", "tasks");
    await server.command("SET", "tinyllm:msg:2", "text");
    await server.command("SET", "tinyllm:other", "text");
    await server.command("SET", "tinyllmore:other", "text");
    const [warning, ...more] = await warningsOf();
    assert.equal(warning.rawMessage, "redis_foreign_keys");
    const keys = ["tinyllm:msg:1", "tinyllm:msg:2", "tinyllm:other"];
    assert.deepEqual([...(warning.properties["keys"] as string[])].sort(), keys);
    assert.deepEqual(more, []);
  },
);

for (
  const [redisUrl, message] of [
    ["localhost:6379", /must look like redis:\/\/host:port/],
    ["http://cluster:6379", /must look like/],
    ["redis://one:1,two:2", /only a cluster has several servers/],
    ["redis://host:port", /"host:port" is not a host and port/],
    ["redis://host/first", /not the number of a database/],
    ["redis-cluster://host:1/3", /a cluster has only database 0/],
    ["redis://user:%zz@host", /not valid percent-encoding/],
    ["redis-cluster://", /must look like/],
  ] as const
) {
  Deno.test(`the redisUrl ${redisUrl} is rejected`, () => {
    assert.throws(() => new RedisMessageQueue({ redisUrl }), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /%zz/);
      return true;
    });
  });
}

serverTest(
  "the database of the URL is used, and a host named cluster is not a cluster",
  async () => {
    await using queue = await open({ redisUrl: `${server.url}/5`, redisPrefix: "cluster" });
    await queue.publish(task(1));
    assert.match(String(await server.command("INFO", "keyspace")), /^db5:/m);
    assert.doesNotMatch(String(await server.command("INFO", "keyspace")), /^db0:/m);
  },
);

Deno.test("only ./redis loads the Redis client", async () => {
  const modulesOf = async (entry: string) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: ROOT,
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout));
    return modules.map(({ specifier }: { specifier: string }) => specifier).join("\n");
  };
  assert.doesNotMatch(await modulesOf("mod.ts"), /@redis\/client|backends\/redis/);
  assert.match(await modulesOf("backends/queue/redis/mod.ts"), /@redis\/client/);
});

serverTest("a worker takes the next of many messages when it acknowledges one", async () => {
  await using queue = await open();
  const COUNT = 40;
  for (let i = 0; i < COUNT; i++) await queue.publish(task(i));
  const taken: unknown[] = [];
  const counts = await commandsOf(async () => {
    await using worker = queue.worker("tasks", "worker", ({ payload }) => void taken.push(payload));
    await worker.ready;
    await until(() => taken.length === COUNT, "all messages");
  });
  assert.deepEqual(taken, Array.from({ length: COUNT }, (_, i) => i));
  // One for each message, one to register, one for the first claim, and polls of a slow machine.
  const scripts = counts["evalsha"] + (counts["eval"] ?? 0);
  assert.ok(scripts < 1.5 * COUNT, `${scripts} scripts for ${COUNT} messages`);
  const { acknowledged, delivered } = (await queue.stats("tasks")).totals;
  assert.deepEqual([acknowledged, delivered], [COUNT, COUNT]);
});
