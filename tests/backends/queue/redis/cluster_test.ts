// The contract of message queues on a Redis Cluster of six nodes, with messages in several partitions
// and every write confirmed by a replica.

import { type RedisCluster, redisCluster } from "../../../../testing/mod.ts";
import { queueConformanceOnRedis } from "../../../conformance/queue/on_redis.ts";

let cluster: RedisCluster;

Deno.test.beforeAll(async () => {
  cluster = await redisCluster({ masters: 3, replicas: 1 });
});

Deno.test.afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

queueConformanceOnRedis(
  "queue on a cluster",
  () => ({ redisUrl: cluster.url, partitions: 3, minReplicas: 1 }),
);
