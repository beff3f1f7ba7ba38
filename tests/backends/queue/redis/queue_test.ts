// The contract of message queues on a Redis server.

import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { queueConformanceOnRedis } from "../../../conformance/queue/on_redis.ts";

let server: RedisServer;

Deno.test.beforeAll(async () => {
  server = await redisServer();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

queueConformanceOnRedis("queue on redis", () => ({ redisUrl: server.url }));
