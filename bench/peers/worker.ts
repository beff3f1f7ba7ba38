/** Deno's `postMessage` as a peer: this process plays the active role, its worker the other one. */
import { exitWithHarness, nowNs } from "./clock.ts";
import { messagesInFlight } from "../../cli/benchmark/peers/window.js";
import { portConnection } from "../../cli/benchmark/peers/worker_connection.ts";
import { playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

const PARTNER: Record<string, string> = { ping: "pong", send: "receive", beat: "wake" };
const MAX_WINDOW = 1024;

exitWithHarness();
const task = readTask();
const window = Math.min(MAX_WINDOW, messagesInFlight(task));
const worker = new Worker(new URL("./worker_side.ts", import.meta.url), { type: "module" });
const finished = new Promise<void>((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => data === "finished" && resolve());
  worker.addEventListener("error", (event) => reject(event.error ?? event.message));
});
await new Promise<void>((resolve) => worker.onmessage = () => resolve());
const connection = portConnection<Uint8Array>(worker, window, () => {});
worker.postMessage({ task: { ...task, role: PARTNER[task.role] }, window });
await playForHarness(connection, task, nowNs);
await finished;
worker.terminate();
