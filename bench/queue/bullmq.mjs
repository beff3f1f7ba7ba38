/**
 * BullMQ, from the folder where it is installed. Arguments: that folder, the port of the server, messages,
 * how many at a time.
 */
import { createRequire } from "node:module";
import { runPeer } from "./workload.ts";

const [folder, port, ...rest] = Deno.args;
const { Queue, Worker } = createRequire(`${folder}/`)("bullmq");
const connection = { host: "127.0.0.1", port: Number(port) };
const name = `bench-${crypto.randomUUID()}`;
const queue = new Queue(name, { connection });
await queue.waitUntilReady();

await runPeer({
  publish: (payload) => queue.add("task", payload),
  async consume(inFlight, onDone) {
    const worker = new Worker(name, () => Promise.resolve(), { connection, concurrency: inFlight });
    worker.on("completed", onDone);
    await worker.waitUntilReady();
    return () => worker.close();
  },
  async [Symbol.asyncDispose]() {
    await queue.obliterate({ force: true });
    await queue.close();
  },
}, rest);
