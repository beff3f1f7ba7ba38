/**
 * Leaves a queue open, and with the argument `schedule` a schedule as well.
 *
 * @module
 */

import { InMemoryMessageQueue } from "../../../mod.ts";

const queue = new InMemoryMessageQueue();
await queue.initialize();
const message = { channel: "tasks", payload: 1, sourceAgent: "boss", targetAgent: "ann" };
await queue.publish(message);
if (Deno.args[0] === "schedule") {
  const worker = queue.worker("tasks", "ann", async ({ metadata }) => {
    if (metadata["schedule"] === undefined) return;
    console.log("fired");
    await queue.unschedule("soon");
    void queue.close();
  });
  await queue.schedule("soon", { everySeconds: 0.3 }, message);
  await worker.ready;
}
console.log("end");
