/** Where a Ringbus channel of the benchmark lives: an address is a path, its folder the directory. */
import { basename, dirname } from "node:path";
import type { FindPlace } from "../../cli/benchmark/peers/ringbus_channel.ts";
import type { Task } from "./shared/task.js";

export function placesOf(task: Task): FindPlace {
  return (suffix) => ({
    channel: basename(task.address) + suffix,
    options: { dir: dirname(task.address), capacityBytes: task.capacity },
  });
}
