/**
 * The queue on Redis and Redis Cluster.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { checkQueueClock, type QueueClock, queueClockOf } from "../clock.ts";
import { configRules, resolveConfig } from "../config.ts";
import { QueueBase } from "../base.ts";
import type { QueueConfig } from "../types.ts";
import { RedisStore } from "./store.ts";

/** Options of a queue on Redis besides its configuration. */
export interface RedisQueueOptions {
  /**
   * The client's source of time, by which it waits for the end of leases. A test gives the clock of its
   * `embeddedRedis()`. Default: the clock of the machine.
   */
  clock?: QueueClock | Clock;
}

const CONFIG = configRules("RedisMessageQueue");
const OPTIONS = new OptionRules<RedisQueueOptions>("the options of new RedisMessageQueue()", {
  clock: checkQueueClock,
});

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
  constructor(config?: QueueConfig, options: RedisQueueOptions = {}) {
    checkNoMore("new RedisMessageQueue()", arguments, 2);
    CONFIG.check(config);
    OPTIONS.check(options);
    const resolved = resolveConfig(config);
    const clock = queueClockOf(options.clock);
    const store = new RedisStore(resolved, clock);
    super({ config: resolved, clock, makeStore: () => store });
  }
}
