// The conformance suite of message queues on a real Redis server.

import { RedisMessageQueue } from "../redis.ts";
import { type RedisServer, redisServer } from "../testing.ts";
import { queueConformance } from "./queue_conformance/all.ts";
import { pause } from "./support/deadline.ts";

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
      advance: pause,
    });
  })
);
