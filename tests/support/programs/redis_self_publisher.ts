/**
 * A process that publishes messages for itself on Redis, and holds the last one. When it goes on after a stop, it
 * acknowledges that. Its argument is the URL of the server.
 *
 * @module
 */

import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";

const [redisUrl] = Deno.args;
const continued = Promise.withResolvers<void>();
Deno.addSignalListener("SIGCONT", () => continued.resolve());
await using queue = new RedisMessageQueue({ redisUrl, leaseSeconds: 2 });
await queue.initialize();
await using subscription = queue.subscribe("tasks", "worker");
for (let number = 0;; number++) {
  const next = subscription.next();
  const message = { channel: "tasks", sourceAgent: "boss", targetAgent: "worker", payload: number };
  await queue.publish(message);
  const { value: record } = await next;
  if (number === 20) {
    console.log(`holds ${record.payload}, attempt ${record.attempts}`);
    await continued.promise;
    console.log(`acknowledged: ${await queue.acknowledge(record)}`);
    Deno.exit();
  }
  await queue.acknowledge(record);
}
