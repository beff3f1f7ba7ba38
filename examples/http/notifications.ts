// Handlers are called when messages are stored, by topic and by pattern. Run it:
//   deno run --allow-net examples/http/notifications.ts
import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { SharedMemoryMessagingBackend, startSharedMemoryServer } from "@ringbus/ringbus/http";

await using server = await startSharedMemoryServer();
await using listener = new SharedMemoryMessagingBackend({ serverUrl: server.url });
await using system = new SharedMemoryMessagingBackend({ serverUrl: server.url });
const generator = new GemstoneGenerator(1);
const received = Promise.withResolvers<void>();
let count = 0;
const record = (text: string) => {
  console.log(text);
  if (++count === 4) received.resolve();
};

await listener.subscribe("alerts", ({ payload }) => record(`alert: ${payload.message}`), {
  onPublished: ({ data }) => record(`published: ${data}`),
});
await listener.psubscribe(
  "sensor.*",
  ({ payload }, { topic }) => record(`${topic}: ${payload.value}`),
);

async function store(topic: string, payload: Record<string, unknown>): Promise<void> {
  const sender = { id: "system", name: "System" };
  const message = new Message({ idObj: generator.getId(), sender, topics: topic, payload });
  await system.storeMessage("system", topic, message);
}

await store("alerts", { type: "warning", message: "High CPU usage" });
await store("sensor.temperature", { value: 21.5 });
await store("sensor.humidity", { value: 40 });
await system.publish("alerts", "System maintenance starting");
await received.promise;
