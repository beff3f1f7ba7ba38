// The contract of message queues on a master that sentinels watch.

import { type RedisSentinel, redisSentinel } from "../../../../testing/mod.ts";
import { queueConformanceOnRedis } from "../../../conformance/queue/on_redis.ts";

let group: RedisSentinel;

Deno.test.beforeAll(async () => {
  group = await redisSentinel();
});

Deno.test.afterAll(async () => {
  await group[Symbol.asyncDispose]();
});

queueConformanceOnRedis(
  "queue with sentinels",
  () => ({ redisUrl: group.url, minReplicas: 1 }),
);
