// The contract of message queues on a Redis Cluster of six nodes, with messages in several partitions
// and every write confirmed by a replica.

import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisCluster, redisCluster } from "../../../../testing/mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import type { QueueStage } from "../../../conformance/queue/stage.ts";
import { sleep } from "../../../support/deadline.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

let cluster: RedisCluster;
let tests = 0;

Deno.test.beforeAll(async () => {
  cluster = await redisCluster({ masters: 3, replicas: 1 });
});

Deno.test.afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Runs a test with a prefix of its own. */
async function run(body: (stage: QueueStage) => Promise<void>): Promise<void> {
  const prefix = `test-${tests++}`;
  await using queues = new AsyncDisposableStack();
  await body({
    async open({ redisPrefix = "tinyllm", ...config } = {}) {
      const queue = new RedisMessageQueue({
        redisUrl: cluster.url,
        redisPrefix: `${prefix}-${redisPrefix}`,
        partitions: 3,
        minReplicas: 1,
        ...config,
      });
      queues.use(queue);
      await queue.initialize();
      return queue;
    },
    advance: sleep,
  });
}

const waiting = new WaitingTests();
queueConformance(
  (name, body) => Deno.test(`queue on a cluster: ${name}`, () => run(body)),
  (name, body) => waiting.add(name, () => run(body)),
);
waiting.define("queue on a cluster");
