// Takes its tasks, also those that were stored before it started.
//
//   deno run --allow-net examples/embedded/worker.ts worker_1 [port]

import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const [name, port = "31134"] = Deno.args;
await using backend = new EmbeddedMessagingBackend({ port: Number(port), autoStartServer: false });
const generator = new GemstoneGenerator(Number(name.split("_")[1]) + 1);

const task = Promise.withResolvers<Message>();
function take(message: Message): void {
  if (message.payload.worker === name) task.resolve(message);
}
// First subscribe, then read: no task is missed in between.
await backend.subscribe("task_assignments", take);
for (const message of await backend.getMessagesForTopic("task_assignments")) take(message);

const { id, payload } = await task.promise;
console.log(`Processing: ${payload.action}`);
const status = new Message({
  idObj: generator.getId(),
  sender: { id: name },
  topics: "task_status",
  payload: { task_id: payload.task_id, status: "done", worker: name },
  inResponseTo: id,
});
await backend.storeMessage("coordination", "task_status", status);
