/**
 * The queue in shared memory, without a server.
 *
 * @module
 */

// The store is loaded later than a program adds its listeners for signals, which have to be known.
import "../../../lib/presence/program_listeners.ts";
import { checkNoMore } from "../../../lib/base/checks.ts";
import { QueueBase } from "../base.ts";
import { queueClockOf } from "../clock.ts";
import { resolveConfig } from "../config.ts";
import { queuePart } from "../part.ts";
import { checkShmOptions, type ShmQueueOptions } from "./options.ts";

const loadStore = queuePart(() => import("./store.ts"));

/**
 * A message queue for the processes of one machine, without a server. It has the contract of
 * `RedisMessageQueue`. Each call that changes something is a record that all processes apply in the same
 * order, in shared memory or in files on a disk. A process that dies in a call leaves the whole change or
 * nothing. Needs `--allow-ffi`.
 *
 * Messages outlive all processes. The last queue that closes deletes them if none is left to deliver, or as
 * `persist` says.
 *
 * @example
 * ```ts ignore
 * import { ShmMessageQueue } from "@ringbus/ringbus";
 *
 * await using queue = new ShmMessageQueue({ name: "tasks" });
 * await queue.initialize();
 * await queue.publish({
 *   channel: "tasks",
 *   payload: { task: "process" },
 *   sourceAgent: "agent_1",
 *   targetAgent: "agent_2",
 * });
 * for await (const message of queue.subscribe("tasks", "agent_2")) { // in any process
 *   console.log(message.payload); // { task: "process" }
 *   await queue.acknowledge(message);
 *   break;
 * }
 * ```
 */
export class ShmMessageQueue extends QueueBase {
  /**
   * Makes a queue. `initialize` opens it.
   *
   * @throws {TypeError | RangeError} if an option is invalid
   */
  constructor(options: ShmQueueOptions) {
    checkNoMore("new ShmMessageQueue()", arguments, 1);
    const checked = checkShmOptions(options);
    const config = resolveConfig(checked);
    super({
      config,
      clock: queueClockOf(checked.clock),
      makeStore: async () => new (await loadStore()).ShmStore(checked, config),
    });
  }
}
