// Messages whose hash another program has deleted, or the server has evicted: no call hangs or fails.

import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import type { MessageRecord, QueueConfig } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { redisCluster, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";
import { until, within } from "../../../support/deadline.ts";
import { collectLog } from "../../../support/log_records.ts";

const CONFIG: QueueConfig = { deadlineMs: 10_000, leaseSeconds: 60, redisPrefix: "q*[x]" };
const BROADCAST = { channel: "tasks", sourceAgent: "boss" };

/** Three targeted messages and three broadcasts; the second of each is lost. */
class Lost implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();

  private constructor(
    readonly queue: RedisMessageQueue,
    readonly kept: readonly MessageRecord[],
    readonly gone: readonly MessageRecord[],
    readonly command: (...words: string[]) => Promise<unknown>,
  ) {}

  static async open(config: QueueConfig = {}): Promise<Lost> {
    await using resources = new AsyncDisposableStack();
    const server = resources.use(await redisServer());
    const queue = resources.use(
      new RedisMessageQueue({ redisUrl: server.url, ...CONFIG, ...config }),
    );
    await queue.initialize();
    const subscription = queue.subscribe("tasks", "worker");
    await subscription.ready;
    await subscription.return();
    const records: MessageRecord[] = [];
    for (let i = 0; i < 3; i++) records.push(await queue.publish(task(i)));
    for (let i = 3; i < 6; i++) records.push(await queue.publish({ ...BROADCAST, payload: i }));
    const gone = [records[1], records[4]];
    for (const { id } of gone) {
      assert.equal(await server.command("DEL", `${CONFIG.redisPrefix}:msg:${id}`), 1);
    }
    const kept = records.filter((record) => !gone.includes(record));
    const lost = new Lost(queue, kept, gone, (...words) => server.command(...words));
    lost.#resources.use(resources.move());
    return lost;
  }

  /** Checks that no entry of a lost message is left. */
  async assertScrubbed(): Promise<void> {
    const keys = await this.command("KEYS", "*") as string[];
    for (const key of keys) {
      if (/:(op|gone|touch|lost)/.test(key)) continue;
      const type = await this.command("TYPE", key);
      const read = { zset: ["ZRANGE", key, "0", "-1"], stream: ["XRANGE", key, "-", "+"] };
      if (type !== "zset" && type !== "stream") continue;
      const entries = JSON.stringify(await this.command(...read[type]));
      for (const { id } of this.gone) assert.ok(!entries.includes(id), `${key} has ${id}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id).sort();

/** Each call meets the lost messages first. */
const CALLS: Record<string, (lost: Lost) => Promise<void>> = {
  async "subscribe"({ queue, kept }) {
    await using subscription = queue.subscribe("tasks", "worker", { prefetch: 10 });
    for (const { id } of kept) assert.equal((await nextOf(subscription)).id, id);
    const waiting = subscription.next();
    await queue.publish(task("live"));
    assert.equal((await within(waiting, "the live message")).value.payload, "live");
  },
  async "getPending"({ queue, kept }) {
    assert.deepEqual(idsOf(await queue.getPending("worker")), idsOf(kept));
  },
  async "getPending of a channel"({ queue, kept }) {
    const found = await queue.getPending("worker", { channel: "tasks" });
    assert.deepEqual(idsOf(found), idsOf(kept));
  },
  async "list, then count"({ queue, kept }) {
    assert.deepEqual(idsOf(await queue.list()), idsOf(kept));
    assert.equal(await queue.count(), kept.length);
  },
  async "list by channel"({ queue, kept }) {
    const filters = { channel: "tasks" };
    assert.deepEqual(idsOf(await queue.list({ filters })), idsOf(kept));
    assert.equal(await queue.count(filters), kept.length);
  },
  async "list by sender and target"({ queue, kept }) {
    const sent = { sourceAgent: "boss" };
    assert.deepEqual(idsOf(await queue.list({ filters: sent })), idsOf(kept));
    assert.equal(await queue.count(sent), kept.length);
    const targeted = { targetAgent: "worker" };
    assert.equal((await queue.list({ filters: targeted })).length, 2);
    assert.equal(await queue.count(targeted), 2);
  },
  async "count"({ queue, kept }) {
    assert.equal(await queue.count(), kept.length);
    assert.equal(await queue.count({ channel: "tasks" }), kept.length);
    assert.equal(await queue.count({ sourceAgent: "boss" }), kept.length);
    assert.equal(await queue.count({ targetAgent: null }), 2);
  },
  async "count of two filters"({ queue }) {
    assert.equal(await queue.count({ channel: "tasks", targetAgent: "worker" }), 2);
  },
  async "get, exists, acknowledge, requeue and delete"({ queue, gone }) {
    for (const record of gone) {
      assert.equal(await queue.get(record.id), undefined);
      assert.equal(await queue.exists(record.id), false);
      assert.equal(await queue.acknowledge(record, { agentId: "worker" }), false);
      assert.equal(await queue.requeue(record, { agentId: "worker" }), false);
      assert.equal(await queue.delete(record.id), false);
    }
    assert.equal(await queue.count(), 4);
  },
  async "put"({ queue, gone: [record] }) {
    await queue.put({ ...record, payload: "again" });
    assert.equal((await queue.list()).filter(({ id }) => id === record.id).length, 1);
    const filters = { channel: "tasks" };
    assert.equal((await queue.list({ filters })).filter(({ id }) => id === record.id).length, 1);
    await using subscription = queue.subscribe("tasks", "worker", { prefetch: 10 });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await nextOf(subscription)).id);
    assert.equal(new Set(ids).size, 5);
    assert.ok(ids.includes(record.id));
  },
  async "subscribe from the oldest"({ queue, kept }) {
    await using subscription = queue.subscribe("tasks", "late", { from: "oldest" });
    const broadcasts = kept.filter(({ targetAgent }) => targetAgent === null);
    for (const { id } of broadcasts) assert.equal((await nextOf(subscription)).id, id);
  },
  async "unsubscribe"({ queue }) {
    assert.equal(await queue.unsubscribe("tasks", "worker"), true);
    assert.equal((await queue.getPending("worker")).length, 2);
  },
  async "purge, then stats"(lost) {
    const states = ["waiting", "delayed", "dead", "done"] as const;
    assert.equal(await lost.queue.purge("tasks", { states: [...states] }), 4);
    await using subscription = lost.queue.subscribe("tasks", "worker");
    const waiting = subscription.next();
    await lost.queue.publish(task("live"));
    await within(waiting, "the live message");
    const { waiting: left, leased } = await lost.queue.stats("tasks");
    assert.deepEqual([left, leased], [0, 1]);
  },
  async "extend, release and reject"({ queue, gone }) {
    for (const { id } of gone) {
      const target = { agentId: "worker" };
      assert.equal(await queue.extend(id, target), false);
      assert.equal(await queue.release(id, target), false);
      assert.equal(await queue.reject(id, "lost", target), false);
    }
  },
  async "clear"(lost) {
    assert.equal(await lost.queue.clear(), 4);
    assert.equal(await lost.queue.count(), 0);
    assert.equal(await lost.queue.count({ sourceAgent: "boss" }), 0);
    assert.equal(await lost.queue.count({ channel: "tasks" }), 0);
    await lost.assertScrubbed();
  },
};

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`lost messages: ${name} passes over them`, async () => {
    await using lost = await Lost.open();
    await within(call(lost), name, 20_000);
  });
}

Deno.test("lost messages: leases and dead letters of lost messages end", async () => {
  await using lost = await Lost.open({ leaseSeconds: 0.2, maxAttempts: 1 });
  const { queue, kept } = lost;
  await using subscription = queue.subscribe("tasks", "worker", { prefetch: 10 });
  await nextOf(subscription);
  await lost.command("DEL", `${CONFIG.redisPrefix}:msg:${kept[0].id}`);
  const dead = () => queue.getDeadLetters("worker");
  await until(async () => (await dead()).length === kept.length - 1, "the dead letters");
  await lost.command("DEL", `${CONFIG.redisPrefix}:msg:${kept[1].id}`);
  assert.equal((await dead()).length, kept.length - 2);
  assert.equal((await queue.getDeadLetters("worker", { channel: "tasks" })).length, 2);
});

Deno.test("lost messages: a released message that is lost leaves no hash", async () => {
  await using lost = await Lost.open();
  const { queue, kept } = lost;
  const subscription = queue.subscribe("tasks", "worker", { prefetch: 10 });
  await nextOf(subscription);
  const key = `${CONFIG.redisPrefix}:msg:${kept[1].id}`;
  await lost.command("DEL", key);
  await subscription.return();
  assert.equal(await lost.command("EXISTS", key), 0);
  assert.equal((await queue.getPending("worker")).length, kept.length - 1);
});

Deno.test("lost messages: those behind one with the same ordering key go on", async () => {
  await using lost = await Lost.open({ leaseSeconds: 1.5 });
  const { queue } = lost;
  const records: MessageRecord[] = [];
  for (let i = 0; i < 5; i++) {
    records.push(await queue.publish(task(i, { channel: "keyed", orderingKey: "key" })));
  }
  const lose = (i: number) => lost.command("DEL", `${CONFIG.redisPrefix}:msg:${records[i].id}`);
  await lose(0);
  await lose(2);
  await using subscription = queue.subscribe("keyed", "worker");
  const first = await nextOf(subscription);
  assert.equal(first.payload, 1);
  await queue.acknowledge(first);
  const leased = await nextOf(subscription);
  assert.equal(leased.payload, 3);
  await lose(3);
  assert.equal((await nextOf(subscription)).payload, 4);
});

Deno.test("lost messages: those that are published for later, or given back, are dropped", async () => {
  await using lost = await Lost.open();
  const { queue } = lost;
  const delayed = await queue.publish(task("later", { channel: "late", delaySeconds: 1.5 }));
  await queue.publish(task("late", { channel: "late", delaySeconds: 1.5 }));
  await using subscription = queue.subscribe("late", "worker");
  await subscription.ready;
  await lost.command("DEL", `${CONFIG.redisPrefix}:msg:${delayed.id}`);
  assert.deepEqual(idsOf(await queue.getDelayed({ channel: "late" })).length, 1);
  const record = await nextOf(subscription);
  assert.equal(record.payload, "late");
  await queue.release(record, { delaySeconds: 1.5 });
  await lost.command("DEL", `${CONFIG.redisPrefix}:msg:${record.id}`);
  await until(async () => (await queue.stats("late")).delayed === 0, "the end of the delay");
  assert.deepEqual(await queue.getPending("worker", { channel: "late" }), []);
});

Deno.test("lost messages: the health check counts and logs them", async () => {
  const counted = (records: readonly LogRecord[]) =>
    records.filter(({ rawMessage }) => rawMessage === "redis_lost_messages")
      .reduce((sum, { properties }) => sum + Number(properties["count"]), 0);
  const records = await collectLog(async (records) => {
    await using _lost = await Lost.open({ healthCheckSeconds: 0.05 });
    // One check may come before the second message is lost.
    await until(() => counted(records) >= 2, "the log");
  });
  assert.equal(counted(records), 2);
});

Deno.test("lost messages: clear leaves nothing in a cluster with partitions", async () => {
  await using cluster = await redisCluster();
  await using queue = new RedisMessageQueue({ redisUrl: cluster.url, partitions: 4 });
  await queue.initialize();
  const agents = Array.from({ length: 12 }, (_, i) => `worker-${i}`);
  for (const targetAgent of agents) await queue.publish(task(1, { targetAgent }));
  for (const node of await cluster.masters()) {
    for (const key of await node.command("KEYS", "*:msg:*") as string[]) {
      await node.command("DEL", key);
    }
  }
  assert.equal(await within(queue.clear(), "clear", 20_000), 0);
  assert.equal(await queue.count(), 0);
  assert.equal(await queue.count({ sourceAgent: "boss" }), 0);
});
