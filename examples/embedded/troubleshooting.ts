// Checks whether the server runs, which handlers this backend has, and how many messages a topic has.
//
//   deno run --allow-net examples/embedded/troubleshooting.ts [port]

import { MessagingConnectionError } from "@ringbus/ringbus";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const port = Number(Deno.args[0] ?? 31134);
await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
try {
  await backend.testConnection();
  console.log("Server connection OK");
  await backend.subscribe("test_topic", () => {});
  console.log(`Active subscriptions: ${[...backend.localHandlers.keys()]}`);
  const messages = await backend.getMessagesForTopic("test_topic");
  console.log(`Messages in topic: ${messages.length}`);
} catch (error) {
  if (!(error instanceof MessagingConnectionError)) throw error;
  console.log(`No server at ${error.address}`);
}
