// Sends tasks to workers in other processes, and waits for all results.
//
//   deno run --allow-net examples/embedded/coordinator.ts [port]

import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const port = Number(Deno.args[0] ?? 31134);
const workers = ["worker_1", "worker_2"];
await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
const generator = new GemstoneGenerator(1);

const waiting = new Set(workers);
const allDone = Promise.withResolvers<void>();
await backend.subscribe("task_status", ({ payload }) => {
  console.log(`${payload.worker}: ${payload.status}`);
  waiting.delete(`${payload.worker}`);
  if (waiting.size === 0) allDone.resolve();
});

for (const [i, worker] of workers.entries()) {
  const task = new Message({
    idObj: generator.getId(),
    sender: { id: "coordinator", name: "Coordinator" },
    topics: "task_assignments",
    payload: { task_id: `task_${i + 1}`, action: "process_data", worker },
  });
  await backend.storeMessage("coordination", "task_assignments", task);
}
await allDone.promise;
console.log("all tasks are done");
