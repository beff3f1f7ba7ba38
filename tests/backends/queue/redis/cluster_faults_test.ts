// Message queues while nodes of a Redis Cluster fail, and their use of the nodes.

import assert from "node:assert/strict";
import {
  type QueueConfig,
  QueueConfigurationError,
  QueueReplicationError,
} from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisCluster, redisCluster, type RedisServer } from "../../../../testing/mod.ts";
import { task } from "../../../conformance/queue/stage.ts";
import { Load } from "./load.ts";
import { until, within } from "../../../support/deadline.ts";

let shared: RedisCluster;
let tests = 0;

Deno.test.beforeAll(async () => {
  shared = await redisCluster({ masters: 3, replicas: 1 });
});

Deno.test.afterAll(async () => {
  await shared[Symbol.asyncDispose]();
});

const DEADLINE_MS = 20_000;
const PARTITIONS = 3;
/** Agents in all partitions. */
const AGENTS = ["ann", "bob", "cyd", "dan", "eve", "flo"];

async function open(
  cluster: RedisCluster,
  config: QueueConfig = {},
): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({
    redisUrl: cluster.url,
    redisPrefix: `faults-${tests}`,
    partitions: PARTITIONS,
    minReplicas: 1,
    commandTimeoutMs: 1000,
    deadlineMs: DEADLINE_MS,
    leaseSeconds: 3,
    ...config,
  });
  await queue.initialize();
  return queue;
}

function clusterTest(name: string, body: (cluster: RedisCluster) => Promise<void>): void {
  Deno.test(name, async () => {
    tests++;
    await shared.ready();
    await body(shared);
  });
}

/** The master of a partition. */
function masterOf(cluster: RedisCluster, partition: number): Promise<RedisServer> {
  return cluster.masterOf(`{faults-${tests}:default:${partition}}:seq`);
}

/** Waits until a partition has another master. */
async function changeOf(
  cluster: RedisCluster,
  partition: number,
  former: RedisServer,
): Promise<void> {
  await until(async () => {
    try {
      return (await masterOf(cluster, partition)) !== former;
    } catch {
      // During a failover there is none.
      return false;
    }
  }, "another master");
}

clusterTest(
  "a failover to a replica: no message is lost, and delivery continues",
  async (cluster) => {
    await using queue = await open(cluster);
    await using load = new Load(queue, AGENTS, DEADLINE_MS);
    await load.flows();
    const before = await masterOf(cluster, 1);
    for (const replica of await cluster.replicas()) {
      const [, , port] = await replica.command("ROLE") as [string, string, number];
      if (port === before.port) await replica.command("CLUSTER", "FAILOVER");
    }
    await changeOf(cluster, 1, before);
    await load.flows(200);
    await load.verify();
  },
);

clusterTest(
  "lost connections, lost scripts and a pause on all masters: delivery continues",
  async (cluster) => {
    await using queue = await open(cluster);
    await using load = new Load(queue, AGENTS, DEADLINE_MS);
    await load.flows();
    const masters = await cluster.masters();
    for (
      const command of [["SCRIPT", "FLUSH"], ["CLIENT", "KILL", "TYPE", "pubsub"], [
        "CLIENT",
        "KILL",
        "TYPE",
        "normal",
      ]]
    ) {
      await Promise.all(masters.map((master) => master.command(...command)));
      await load.flows(30);
    }
    await masters[0].command("CLIENT", "PAUSE", "1200", "WRITE");
    await load.flows(100);
    await load.verify();
  },
);

clusterTest(
  "agents are spread over the masters, and each message is in one slot",
  async (cluster) => {
    const masters = await cluster.masters();
    await using queue = await open(cluster, { minReplicas: 0 });
    await Promise.all(masters.map((master) => master.command("CONFIG", "RESETSTAT")));
    for (let i = 0; i < 300; i++) {
      const { id } = await queue.publish(task(i, { targetAgent: `agent ${i % 30}` }));
      assert.match(id, /^[012]\./);
      assert.equal((await queue.get(id))?.payload, i);
      assert.equal(await queue.acknowledge(id), true);
    }
    const calls = await Promise.all(masters.map(async (master) => {
      const stats = String(await master.command("INFO", "commandstats"));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    }));
    const sum = calls.reduce((a, b) => a + b);
    // Each get and acknowledge goes to one master, not to all.
    assert.ok(sum >= 900 && sum < 950, `${calls}`);
    assert.ok(calls.filter((count) => count > sum / 10).length >= 2, `${calls}`);
  },
);

clusterTest(
  "one partition of the default namespace has the documented keys, in one slot",
  async (cluster) => {
    await using queue = await open(cluster, { redisPrefix: "tinyllm", partitions: 1 });
    const { id } = await queue.publish(task(1));
    const master = await cluster.masterOf("{tinyllm}");
    assert.equal(await master.command("TYPE", "{tinyllm}:stream:tasks"), "stream");
    assert.equal(await master.command("TYPE", "{tinyllm}:pending:worker"), "zset");
    assert.equal(await master.command("TYPE", `{tinyllm}:msg:${id}`), "hash");
    await queue.clear();
  },
);

clusterTest(
  "another number of partitions and an id of another partition are rejected",
  async (cluster) => {
    await using queue = await open(cluster);
    await using other = new RedisMessageQueue({
      redisUrl: cluster.url,
      redisPrefix: `faults-${tests}`,
      partitions: 2,
    });
    await assert.rejects(other.initialize(), (error) => {
      assert.ok(error instanceof QueueConfigurationError);
      assert.match(error.message, /cannot use 2 partitions .*it has 3/);
      return true;
    });
    const record = await queue.publish(task(1, { targetAgent: "ann" }));
    const elsewhere = record.id.replace(/^\d/, (digit) => String((Number(digit) + 1) % 3));
    await assert.rejects(queue.put({ ...record, id: elsewhere }), /its id names partition/);
    // A message with an id that the queue has not made is found in any partition, and is in only one.
    for (const targetAgent of AGENTS) await queue.put({ ...record, id: "own", targetAgent });
    assert.equal(await queue.count(), 2);
    assert.equal((await queue.get("own"))?.targetAgent, "flo");
    assert.equal(await within(queue.acknowledge("own"), "the acknowledgement"), true);
  },
);

// The test restarts a node itself: the sanitizer requires that a process starts and ends in one test.
Deno.test("a master that is killed under load: no confirmed message is lost, and delivery continues", async () => {
  tests++;
  await using cluster = await redisCluster({ masters: 3, replicas: 1 });
  await using queue = await open(cluster);
  await using load = new Load(queue, AGENTS, DEADLINE_MS);
  await load.flows();
  const victim = await masterOf(cluster, 0);
  await cluster.kill(victim);
  await changeOf(cluster, 0, victim);

  await using impatient = await open(cluster, { deadlineMs: 2000 });
  const outcomes = await Promise.allSettled(
    AGENTS.map((targetAgent) => impatient.publish({ ...task(-1), channel: "lone", targetAgent })),
  );
  const reasons = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.ok(reasons.length > 0 && reasons.length < AGENTS.length);
  for (const { reason } of reasons) {
    assert.ok(reason instanceof QueueReplicationError, String(reason));
    assert.match(reason.message, /0 of 1 replicas confirmed/);
  }

  await cluster.restart(victim);
  await load.flows(200);
  await load.verify();
});
