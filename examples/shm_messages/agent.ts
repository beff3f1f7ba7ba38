// Agents of one machine that exchange messages by topic, without a server. Run several, each with a name:
//   deno run --allow-ffi examples/shm_messages/agent.ts alice
//   deno run --allow-ffi examples/shm_messages/agent.ts bob
import { GemstoneGenerator, Message, ShmMessagingBackend } from "@ringbus/ringbus";

const [name] = Deno.args;
await using backend = new ShmMessagingBackend({ name: "example-agents" });
const generator = new GemstoneGenerator(name.length);

function publish(topic: string, payload: Record<string, string>): Promise<void> {
  const message = new Message({
    idObj: generator.getId(),
    sender: { id: name, name },
    topics: topic,
    payload,
  });
  return backend.storeMessage("example", topic, message);
}

const received = Promise.withResolvers<string>();
await backend.subscribe("greetings", ({ sender }) => {
  if (sender.name !== name) received.resolve(sender.name!);
});
await publish("greetings", { text: `hello from ${name}` });
// An agent that started earlier has stored its greeting.
for (const { sender } of await backend.getMessagesForTopic("greetings")) {
  if (sender.name !== name) received.resolve(sender.name!);
}
console.log(`${name} met ${await received.promise}`);

await backend.sadd("agents", name);
while ((await backend.smembers("agents")).length < 2) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log("agents:", (await backend.smembers("agents")).toSorted().join(", "));
