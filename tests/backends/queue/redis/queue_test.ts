// The contract of message queues on a Redis server.

import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import type { QueueStage } from "../../../conformance/queue/stage.ts";
import { sleep } from "../../../support/deadline.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

let server: RedisServer;

Deno.test.beforeAll(async () => {
  server = await redisServer();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let tests = 0;

/** Runs a test with a prefix of its own. */
async function run(body: (stage: QueueStage) => Promise<void>): Promise<void> {
  const prefix = `test-${tests++}`;
  await using queues = new AsyncDisposableStack();
  await body({
    async open({ redisPrefix = "tinyllm", ...config } = {}) {
      const queue = queues.use(
        new RedisMessageQueue({
          redisUrl: server.url,
          redisPrefix: `${prefix}-${redisPrefix}`,
          ...config,
        }),
      );
      await queue.initialize();
      return queue;
    },
    advance: sleep,
  });
}

const waiting = new WaitingTests();
queueConformance(
  (name, body) => Deno.test(`queue on redis: ${name}`, () => run(body)),
  (name, body) => waiting.add(name, () => run(body)),
);
waiting.define("queue on redis");
