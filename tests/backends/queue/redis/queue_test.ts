// The contract of message queues on a Redis server.

import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import { sleep } from "../../../support/deadline.ts";

let server: RedisServer;

Deno.test.beforeAll(async () => {
  server = await redisServer();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

queueConformance((name, body) =>
  Deno.test(`queue on redis: ${name}`, async () => {
    await server.command("FLUSHALL");
    await using queues = new AsyncDisposableStack();
    await body({
      async open(config) {
        const queue = queues.use(new RedisMessageQueue({ redisUrl: server.url, ...config }));
        await queue.initialize();
        return queue;
      },
      advance: sleep,
    });
  })
);
