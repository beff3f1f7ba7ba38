/**
 * The queue on Redis and Redis Cluster.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import { configRules, resolveConfig } from "../config.ts";
import { QueueBase } from "../base.ts";
import type { QueueConfig } from "../types.ts";
import { RedisStore } from "./store.ts";

const CONFIG = configRules("RedisMessageQueue");

/**
 * A message queue on a Redis server, 7 or later, or a Redis Cluster.
 *
 * @example
 * ```ts
 * import { RedisMessageQueue } from "@ringbus/ringbus/redis";
 * import { redisServer } from "@ringbus/ringbus/testing";
 *
 * await using server = await redisServer();
 * await using queue = new RedisMessageQueue({ redisUrl: server.url, ttlSeconds: 3600 });
 * await queue.initialize();
 * const { id } = await queue.publish({
 *   channel: "tasks",
 *   payload: { task: "process" },
 *   sourceAgent: "agent_1",
 *   targetAgent: "agent_2",
 * });
 * for await (const message of queue.subscribe("tasks", "agent_2")) {
 *   console.log(message.id === id, message.payload); // true { task: "process" }
 *   await queue.acknowledge(message);
 *   break;
 * }
 * ```
 */
export class RedisMessageQueue extends QueueBase {
  /**
   * Makes a queue. `initialize` connects it.
   *
   * @throws {TypeError | RangeError} if the configuration is invalid
   */
  constructor(config?: QueueConfig) {
    CONFIG.check(config);
    const resolved = resolveConfig(config);
    super(new RedisStore(resolved), resolved, systemClock);
  }
}
