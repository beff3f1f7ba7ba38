// A handler is called as soon as a message is stored, in any process.
//
//   deno run --allow-net examples/embedded/notifications.ts [port]

import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const port = Number(Deno.args[0] ?? 31134);
await using backend = new EmbeddedMessagingBackend({ port });
await using elsewhere = new EmbeddedMessagingBackend({ port });
const generator = new GemstoneGenerator(1);

const notified = Promise.withResolvers<void>();
await backend.subscribe("alerts", ({ payload }) => {
  console.log(`${payload.type}: ${payload.message}`);
  notified.resolve();
});

const alert = new Message({
  idObj: generator.getId(),
  sender: { id: "system", name: "System" },
  topics: "alerts",
  payload: { type: "warning", message: "High CPU usage" },
  ttl: 3600,
});
await elsewhere.storeMessage("system", "alerts", alert);
await notified.promise;
