/** Deno's `postMessage` as a peer: this process plays the active role, its worker the other one. */
import { dieWithHarness, nowNs } from "./clock.ts";
import { messagesInFlight } from "../../cli/benchmark/peers/window.js";
import { portLink } from "../../cli/benchmark/peers/worker_connection.ts";
import { playForHarness } from "./shared/control.js";
import { readTask } from "./shared/task.js";

const PARTNER: Record<string, string> = { ping: "pong", send: "receive", beat: "wake" };
const MAX_WINDOW = 1024;

dieWithHarness();
const task = readTask();
const window = Math.min(MAX_WINDOW, messagesInFlight(task));
const worker = new Worker(new URL("./worker_side.ts", import.meta.url), { type: "module" });
const finished = new Promise<void>((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => data === "finished" && resolve());
  worker.addEventListener("error", (event) => reject(event.error ?? event.message));
});
await new Promise<void>((resolve) => worker.onmessage = () => resolve());
const link = portLink<Uint8Array>(worker, window, () => {});
worker.postMessage({ task: { ...task, role: PARTNER[task.role] }, window });
await playForHarness(link, task, nowNs);
await finished;
worker.terminate();
