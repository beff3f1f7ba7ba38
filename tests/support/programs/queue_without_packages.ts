/**
 * Uses everything of a queue in memory that needs no package, and then what needs one.
 *
 * @module
 */

import { InMemoryMessageQueue } from "../../../mod.ts";

await using queue = new InMemoryMessageQueue();
await queue.initialize();
await using worker = queue.worker("tasks", "ann", ({ payload }) => payload);
const message = { channel: "tasks", payload: "done", sourceAgent: "boss", targetAgent: "ann" };
await queue.schedule("hourly", { everySeconds: 3600 }, message);
console.log(await queue.publishAndWait(message, { timeoutMs: 10_000 }), worker.running);
try {
  await queue.schedule("daily", { cron: "0 9 * * *" }, message);
  console.log("loaded");
} catch {
  console.log("not loaded");
}
