/**
 * The message queue on Redis, Redis Cluster, and Redis with Sentinel.
 *
 * @example
 * ```ts
 * import { RedisMessageQueue } from "@ringbus/ringbus/redis";
 * import { redisServer } from "@ringbus/ringbus/testing";
 *
 * await using server = await redisServer();
 * await using queue = new RedisMessageQueue({ redisUrl: server.url });
 * await queue.initialize();
 * await queue.publish({ channel: "news", payload: "hello", sourceAgent: "agent_1" });
 * console.log(await queue.count()); // 1
 * ```
 *
 * @module
 */

export { QueueError as RedisError, RejectMessage } from "../errors.ts";
export { QueueBase } from "../base.ts";
export type { Clock } from "../../../lib/base/clock.ts";
export type { QueueClock } from "../clock.ts";
export type { RedisConnectionOptions, RedisTlsOptions } from "../../../lib/base/redis_options.ts";
export { RedisMessageQueue, type RedisQueueOptions } from "./queue.ts";
