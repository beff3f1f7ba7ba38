/**
 * The queue in the memory of one process.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { instanceOf } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { checkQueueClock, type QueueClock, queueClockOf } from "../clock.ts";
import { configRules, resolveConfig } from "../config.ts";
import { QueueBase } from "../base.ts";
import { queuePart } from "../part.ts";
import type { MemoryContext } from "./store.ts";
import type { QueueConfig } from "../types.ts";

const loadStore = queuePart(() => import("./store.ts"));

/** Options of an in-memory queue besides its configuration. */
export interface InMemoryQueueOptions {
  /** The source of time, such as a `SteppableClock`. Default: the clock of the machine. */
  clock?: QueueClock | Clock;
  /** A queue whose messages this one shares, like two clients of one server. */
  shareWith?: InMemoryMessageQueue;
}

const CONFIG = configRules("InMemoryMessageQueue");
const OPTIONS = new OptionRules<InMemoryQueueOptions>("the options of new InMemoryMessageQueue()", {
  clock: checkQueueClock,
  shareWith: instanceOf(() => InMemoryMessageQueue),
});

/**
 * A message queue without a server, for tests and for agents of one process. It has the contract of
 * `RedisMessageQueue`. Its messages are lost when the process ends.
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
   * Makes a queue. `initialize` opens it.
   *
   * @throws {TypeError | RangeError} if the configuration is invalid
   */
  constructor(config?: QueueConfig, options: InMemoryQueueOptions = {}) {
    checkNoMore("new InMemoryMessageQueue()", arguments, 2);
    CONFIG.check(config);
    OPTIONS.check(options);
    const resolved = resolveConfig(config);
    const { shareWith } = options;
    const context = shareWith
      ? shareWith.#context
      : { clock: queueClockOf(options.clock), spaces: new Map() };
    super({
      config: resolved,
      clock: context.clock,
      makeStore: async () => (await loadStore()).makeStore(context, resolved),
    });
    this.#context = context;
  }
}
