/** Where a Ringbus channel of the benchmark lives: an address is a path, its folder the directory. */
import { basename, dirname } from "node:path";
import type { FindChannel } from "../../cli/benchmark/peers/ringbus_channel.ts";
import type { Task } from "./shared/task.js";

export function channelsOf(task: Task): FindChannel {
  return (suffix) => ({
    channel: basename(task.address) + suffix,
    options: { dir: dirname(task.address), capacityBytes: task.capacity },
  });
}
