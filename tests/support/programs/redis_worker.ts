/**
 * A worker on Redis, which prints what happens to its handlers. Its arguments are the URL of the server and the
 * milliseconds that a handler takes.
 *
 * @module
 */

import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";

const [redisUrl, handlerMs] = Deno.args;
await using queue = new RedisMessageQueue({ redisUrl, leaseSeconds: 3 });
await queue.initialize();
const worker = queue.worker("tasks", "worker", async ({ payload, attempts }, { signal }) => {
  console.log(`begins ${payload}, attempt ${attempts}`);
  signal.addEventListener("abort", () => console.log(`aborted: ${signal.reason.message}`));
  await new Promise((resolve) => setTimeout(resolve, Number(handlerMs)));
  console.log(`ends ${payload}`);
}, { graceSeconds: 0 });
await worker.ready;
console.log("is ready");
await worker.closed;
