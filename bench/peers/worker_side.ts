/** The worker's half of `worker.ts`. */
import { nowNs } from "./clock.ts";
import { type Port, portConnection } from "../../cli/benchmark/peers/worker_connection.ts";
import { play } from "../../cli/benchmark/peers/roles.js";
import { harness } from "./shared/control.js";
import type { Task } from "./shared/task.js";

const port = globalThis as unknown as Port;

const given = new Promise<{ task: Task; window: number }>((resolve) => {
  port.onmessage = ({ data }) => resolve(data);
});
port.postMessage("started");
const { task, window } = await given;
await play(portConnection(port, window, () => {}), task, harness(task, nowNs));
port.postMessage("finished");
