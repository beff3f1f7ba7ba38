// Stores a message and reads it back; the backend starts a server of its own. Run it:
//   deno run --allow-net examples/http/exchange.ts
import { GemstoneGenerator, Message, Priority } from "@ringbus/ringbus";
import { SharedMemoryMessagingBackend } from "@ringbus/ringbus/http";

await using backend = new SharedMemoryMessagingBackend();
const generator = new GemstoneGenerator(1);

const message = (text: string, priority: Priority) =>
  new Message({
    idObj: generator.getId(priority),
    sender: { id: "sender", name: "Sender" },
    topics: "test_topic",
    payload: { data: text },
  });

const first = message("Hello World", Priority.NORMAL);
await backend.storeMessage("test", "test_topic", first);
await new Promise((resolve) => setTimeout(resolve, 5));
const urgent = message("Fire", Priority.URGENT);
await backend.storeMessage("test", "test_topic", urgent, { ttlSeconds: 60 });

for (const { priority, payload } of await backend.getMessagesForTopic("test_topic")) {
  console.log(`priority ${priority}: ${payload.data}`); // the urgent message is first
}
const since = await backend.getMessagesSince("test_topic", first.id);
console.log(`later than the first: ${since.map(({ payload }) => payload.data)}`);
const [found] = await backend.getMessagesById("test", [first.id]);
console.log(`by id: ${found.payload.data}`);
