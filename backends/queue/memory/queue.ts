/**
 * The queue in the memory of one process.
 *
 * @module
 */

import { type QueueClock, systemClock } from "../clock.ts";
import { resolveConfig } from "../config.ts";
import { QueueBase } from "../base.ts";
import { MemorySpace } from "./space.ts";
import { MemoryStore } from "./store.ts";
import type { QueueConfig } from "../types.ts";

/** Options of an in-memory queue beside its configuration. */
export interface InMemoryQueueOptions {
  /** Where the time comes from; the machine's clock when left out. */
  clock?: QueueClock;
  /** A queue whose messages this one is to share, as two clients of one server do. */
  shareWith?: InMemoryMessageQueue;
}

/** The namespaces of queues that share their messages. */
interface MemoryContext {
  readonly clock: QueueClock;
  readonly spaces: Map<string, MemorySpace>;
}

/**
 * A message queue without a server: for tests, and for agents of one process. It keeps the same contract
 * as `RedisMessageQueue`; its messages end with it.
 *
 * @example
 * ```ts
 * import { InMemoryMessageQueue } from "@ringbus/ringbus";
 *
 * await using queue = new InMemoryMessageQueue();
 * await queue.initialize();
 * await queue.publish({
 *   channel: "tasks",
 *   payload: { task: "process" },
 *   sourceAgent: "agent_1",
 *   targetAgent: "agent_2",
 *   priority: 10,
 * });
 * for await (const message of queue.subscribe("tasks", "agent_2")) {
 *   console.log(message.payload); // { task: "process" }
 *   await queue.acknowledge(message);
 *   break;
 * }
 * ```
 */
export class InMemoryMessageQueue extends QueueBase {
  readonly #context: MemoryContext;

  /**
   * Makes a queue; `initialize` opens it.
   *
   * @throws {TypeError | RangeError} for a configuration that cannot be
   */
  constructor(config?: QueueConfig, options: InMemoryQueueOptions = {}) {
    const resolved = resolveConfig(config);
    const { shareWith, clock = systemClock } = options;
    const context = shareWith ? shareWith.#context : { clock, spaces: new Map() };
    const name = `${resolved.redisPrefix} ${resolved.namespace}`;
    const space = context.spaces.get(name) ?? new MemorySpace(context.clock);
    context.spaces.set(name, space);
    super(new MemoryStore(space, resolved), resolved, context.clock);
    this.#context = context;
  }
}
