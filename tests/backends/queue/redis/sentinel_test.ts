// The contract of message queues on a master that sentinels watch.

import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisSentinel, redisSentinel } from "../../../../testing/mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import type { QueueStage } from "../../../conformance/queue/stage.ts";
import { sleep } from "../../../support/deadline.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

let group: RedisSentinel;

Deno.test.beforeAll(async () => {
  group = await redisSentinel();
});

Deno.test.afterAll(async () => {
  await group[Symbol.asyncDispose]();
});

let tests = 0;

/** Runs a test with a prefix of its own. */
async function run(body: (stage: QueueStage) => Promise<void>): Promise<void> {
  const prefix = `test-${tests++}`;
  await using queues = new AsyncDisposableStack();
  await body({
    async open({ redisPrefix = "tinyllm", ...config } = {}) {
      const where = { redisUrl: group.url, redisPrefix: `${prefix}-${redisPrefix}` };
      const queue = queues.use(new RedisMessageQueue({ ...where, minReplicas: 1, ...config }));
      await queue.initialize();
      return queue;
    },
    advance: sleep,
  });
}

const waiting = new WaitingTests();
queueConformance(
  (name, body) => Deno.test(`queue with sentinels: ${name}`, () => run(body)),
  (name, body) => waiting.add(name, () => run(body)),
);
waiting.define("queue with sentinels");
