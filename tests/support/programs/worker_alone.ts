/**
 * Terminates a worker that blocks on a local channel, or on one by name in the directory that is its
 * argument. Reports whether that loaded the C library here.
 *
 * @module
 */

import { LocalChannel } from "../../../mod.ts";
import { openedPlatform } from "../../../lib/platform/mod.ts";
import { until } from "../deadline.ts";

// The runtime's thread for signals has the name of the thread that starts it, and stays.
Deno.addSignalListener("SIGUSR1", () => {});
using channel = LocalChannel.create();
const worker = new Worker(new URL("looping_worker.ts", import.meta.url), { type: "module" });
const looping = new Promise((resolve) => worker.onmessage = resolve);
const done = new Int32Array(new SharedArrayBuffer(4));
const [dir] = Deno.args;
const target = dir === undefined ? channel.handle : "work";
worker.postMessage({ target, dir, call: "recvSync", workMs: 0, done });
await looping;
worker.terminate();

function workerThreads(): string[] {
  return [...Deno.readDirSync("/proc/self/task")].filter(({ name }) => {
    try {
      const comm = Deno.readTextFileSync(`/proc/self/task/${name}/comm`);
      return /^(?:worker-|ringbus-ended)/.test(comm);
    } catch {
      return false; // It has ended.
    }
  }).map(({ name }) => name);
}

await until(() => workerThreads().length === 0, "the end of the worker");
console.log(JSON.stringify({ value: { isLoaded: openedPlatform() !== undefined, isEnded: true } }));
