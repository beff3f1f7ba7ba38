// No script keeps the server from its other clients for long, however much there is to do.

import assert from "node:assert/strict";
import type { MessageQueue } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";
import { until } from "../../../support/deadline.ts";

const MESSAGES = 4000;
/** Commands that a script runs on average. As many take about 4 ms. */
const MOST_COMMANDS = 4000;
const BROADCAST = { channel: "news", sourceAgent: "boss", payload: 1 };

/** The average number of commands of the scripts of an action. */
async function commandsPerScript(server: RedisServer, action: () => Promise<unknown>) {
  await server.command("CONFIG", "RESETSTAT");
  await action();
  const stats = String(await server.command("INFO", "commandstats"));
  const counts = [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)];
  const isScript = (name: string) => /^eval/.test(name);
  const sum = (wanted: (name: string) => boolean) =>
    counts.filter(([, name]) => wanted(name)).reduce((total, [, , calls]) => total + +calls, 0);
  return sum((name) => !isScript(name)) / sum(isScript);
}

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

async function publish(queue: MessageQueue, options: Parameters<MessageQueue["publish"]>[0]) {
  for (let i = 0; i < MESSAGES; i += 500) {
    await Promise.all(Array.from({ length: 500 }, () => queue.publish(options)));
  }
}

/** Waits until many members of a sorted set are due. */
async function due(server: RedisServer, name: string, expected = MESSAGES): Promise<void> {
  const count = async () => {
    const [seconds] = await server.command("TIME") as string[];
    return await server.command("ZCOUNT", `tinyllm:${name}`, "-inf", `${seconds}000`);
  };
  await until(async () => Number(await count()) >= expected, name);
}

const ACTIONS: Record<
  string,
  (queue: MessageQueue, server: RedisServer) => Promise<() => Promise<unknown>>
> = {
  async "a claim after many messages have expired"(queue, server) {
    await publish(queue, task(1, { ttlSeconds: 1 }));
    await queue.publish(task("last"));
    await due(server, "expiry");
    return async () => {
      await using subscription = queue.subscribe("tasks", "worker");
      assert.equal((await nextOf(subscription)).payload, "last");
    };
  },
  async "a subscription from the oldest of many broadcasts"(queue) {
    await publish(queue, BROADCAST);
    return async () => {
      await using subscription = queue.subscribe("news", "ann", { from: "oldest" });
      await subscription.ready;
    };
  },
  async "unsubscribe with many pending broadcasts"(queue) {
    await using subscription = queue.subscribe("news", "ann");
    await subscription.ready;
    await publish(queue, BROADCAST);
    await publish(queue, task(1, { channel: "news", targetAgent: "ann" }));
    return async () => {
      assert.equal(await queue.unsubscribe("news", "ann"), true);
      assert.equal((await queue.getPending("ann", { limit: 1e6 })).length, MESSAGES);
      assert.equal((await queue.getPending("ann", { channel: "news", limit: 1 })).length, 1);
    };
  },
  async "a claim after many messages are due"(queue, server) {
    await publish(queue, task(1, { delaySeconds: 1 }));
    await queue.publish(task("last", { priority: -1 }));
    await due(server, "delayed");
    return async () => {
      await using subscription = queue.subscribe("tasks", "worker", { prefetch: 100 });
      for (let i = 0; i <= MESSAGES; i++) await queue.acknowledge(await nextOf(subscription));
    };
  },
  async "a claim after many broadcasts to many agents are due"(queue, server) {
    const subscriptions = Array.from({ length: 100 }, (_, i) => queue.subscribe("news", `a${i}`));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await Promise.all(subscriptions.map((subscription) => subscription.return()));
    await Promise.all(
      Array.from({ length: 400 }, () => queue.publish({ ...BROADCAST, delaySeconds: 1 })),
    );
    await due(server, "delayed", 400);
    return async () => {
      const getting = () => queue.getPending("a7", { limit: 1e6 });
      await until(async () => (await getting()).length === 400, "the broadcasts");
    };
  },
  async "messages that were given back and are due"(queue, server) {
    await publish(queue, task(1));
    await using subscription = queue.subscribe("tasks", "worker", { prefetch: 500 });
    for (let i = 0; i < MESSAGES; i++) {
      await queue.release(await nextOf(subscription), { delaySeconds: 1000 });
    }
    // On a busy machine the first of them would be due before the last one is given back.
    const makeDue = `
      for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, member) end
      return redis.call('ZADD', KEYS[2], 1, 'r6:worker:tasks')`;
    const keys = ["tinyllm:later:6:worker:tasks", "tinyllm:due"];
    await server.command("EVAL", makeDue, "2", ...keys);
    await due(server, "later:6:worker:tasks");
    return async () => {
      assert.equal((await queue.stats("tasks")).waiting, MESSAGES);
    };
  },
  async "purge"(queue) {
    await publish(queue, task(1));
    return async () => {
      assert.equal(await queue.purge("tasks"), MESSAGES);
    };
  },
  async "purge of broadcasts to many agents"(queue) {
    const subscriptions = Array.from({ length: 100 }, (_, i) => queue.subscribe("news", `a${i}`));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await Promise.all(Array.from({ length: 100 }, () => queue.publish(BROADCAST)));
    return async () => {
      assert.equal(await queue.purge("news"), 100);
    };
  },
  async "list, count and clear of many channels"(queue) {
    const options = Array.from({ length: MESSAGES }, (_, i) => task(i, { channel: `c${i % 130}` }));
    for (let i = 0; i < MESSAGES; i += 500) {
      await Promise.all(options.slice(i, i + 500).map((each) => queue.publish(each)));
    }
    return async () => {
      const newest = await queue.list({ limit: 300, offset: 50 });
      assert.deepEqual(newest.map(({ payload }) => payload), range(MESSAGES - 350, 300).reverse());
      const pending = await queue.getPending("worker", { limit: 700 });
      assert.deepEqual(pending.map(({ payload }) => payload), range(0, 700));
      assert.equal(await queue.count(), MESSAGES);
      assert.equal(await queue.count({ acknowledged: true }), 0);
      assert.equal(await queue.count({ acknowledged: false }), MESSAGES);
      assert.equal(await queue.clear(), MESSAGES);
    };
  },
  async "getPending with many leases"(queue) {
    await publish(queue, task(1));
    await using subscription = queue.subscribe("tasks", "worker", { prefetch: 500 });
    for (let i = 0; i < MESSAGES; i++) await nextOf(subscription);
    const last = await queue.publish(task("urgent", { priority: 5 }));
    const first = await queue.getPending("worker", { limit: 1 });
    return async () => {
      assert.equal(first[0].id, last.id);
      assert.equal((await queue.getPending("worker", { limit: 1e6 })).length, MESSAGES + 1);
      assert.equal((await queue.getPending("worker", { limit: 10 })).length, 10);
    };
  },
  async "stats of many agents with many priorities and keys"(queue) {
    const options = Array.from(
      { length: MESSAGES },
      (_, i) =>
        task(i, { targetAgent: `a${i % 500}`, priority: i % 97, orderingKey: `key ${i % 7}` }),
    );
    for (let i = 0; i < MESSAGES; i += 500) {
      await Promise.all(options.slice(i, i + 500).map((each) => queue.publish(each)));
    }
    return async () => {
      assert.equal((await queue.stats("tasks")).waiting, MESSAGES);
    };
  },
};

for (const [name, prepare] of Object.entries(ACTIONS)) {
  Deno.test(`${name} takes short scripts`, async () => {
    await using server = await redisServer();
    await using queue = new RedisMessageQueue({ redisUrl: server.url });
    await queue.initialize();
    const action = await prepare(queue, server);
    const commands = await commandsPerScript(server, action);
    assert.ok(commands < MOST_COMMANDS, `${commands} commands in a script`);
  });
}
