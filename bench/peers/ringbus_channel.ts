/** Where a Ringbus channel of the benchmark lives: an address is a path, its folder the directory. */
import { basename, dirname } from "node:path";
import type { ChannelOptions } from "../../mod.ts";
import type { Task } from "./shared/task.js";

export interface Place {
  readonly name: string;
  readonly options: ChannelOptions;
}

export function placeOf(task: Task, codec?: "raw", suffix = ""): Place {
  return {
    name: basename(task.address) + suffix,
    options: { dir: dirname(task.address), capacityBytes: task.capacity, codec },
  };
}
