/**
 * Opens sockets here and in a worker, and waits on both for ever.
 *
 * @module
 */

import { Subscriber } from "../../../mod.ts";

const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
const reply = new Promise<void>((resolve) => worker.onmessage = () => resolve());
worker.postMessage({ do: "listenIdle", prefix: "there", count: 2 });
await reply;
const subscriber = new Subscriber("here");
console.log(JSON.stringify({ value: "waiting" }));
await subscriber.recv();
