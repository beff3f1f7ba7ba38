// Stores a message and reads it back. The backend starts a server if none runs.
//
//   deno run --allow-net examples/embedded/exchange.ts [port]

import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const port = Number(Deno.args[0] ?? 31134);
await using backend = new EmbeddedMessagingBackend({ port });
const generator = new GemstoneGenerator(1);

const message = new Message({
  idObj: generator.getId(),
  sender: { id: "sender", name: "Sender" },
  topics: "test_topic",
  payload: { data: "Hello World" },
});
await backend.storeMessage("test", "test_topic", message);

const [stored] = await backend.getMessagesForTopic("test_topic");
console.log(`Retrieved: ${stored.payload.data}`);
