// Executes the tasks of coordinator.ts, which starts it with the URL of its server.
import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { SharedMemoryMessagingBackend } from "@ringbus/ringbus/http";

const [serverUrl] = Deno.args;
await using backend = new SharedMemoryMessagingBackend({ serverUrl });
const generator = new GemstoneGenerator(2);

const tasks = await backend.smembers("pending_tasks") as string[];
for (const [i, task] of tasks.entries()) {
  const { square } = await backend.get(task) as { square: number };
  const message = new Message({
    idObj: generator.getId(),
    sender: { id: "worker", name: "Worker" },
    topics: "results",
    payload: { task, result: square ** 2, isLast: i === tasks.length - 1 },
  });
  await backend.storeMessage("work", "results", message);
}
