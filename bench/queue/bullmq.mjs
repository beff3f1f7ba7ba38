/**
 * BullMQ. It is copied to where its package is installed, and gets the workload by its URL. Arguments: the
 * URL of the workload, the port of the server, messages, how many at a time.
 */
import { Queue, Worker } from "bullmq";

const [workload, port, ...rest] = Deno.args;
const { runPeer } = await import(workload);
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
