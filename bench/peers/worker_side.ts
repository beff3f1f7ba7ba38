/** The worker's half of `worker.ts`. */
import { nowNs } from "./clock.ts";
import { play } from "./shared/roles.js";
import type { Task } from "./shared/task.js";
import { type Port, portLink } from "./worker_link.ts";

const port = globalThis as unknown as Port;

const given = new Promise<{ task: Task; window: number }>((resolve) => {
  port.onmessage = ({ data }) => resolve(data);
});
port.postMessage("started");
const { task, window } = await given;
await play(portLink(port, window, () => {}), task, nowNs);
port.postMessage("finished");
