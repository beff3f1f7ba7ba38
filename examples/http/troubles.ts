// The errors of a backend without a server, and how to inspect a server. Run it:
//   deno run --allow-net examples/http/troubles.ts
import { MessagingConnectionError, MessagingRefusedError } from "@ringbus/ringbus";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "@ringbus/ringbus/http";

const server = new SharedMemoryServer();
const serverUrl = await server.start();
await using backend = new SharedMemoryMessagingBackend({ serverUrl });

await backend.subscribe("alerts", () => {});
console.log(`handlers of: ${[...backend.localHandlers.keys()]}`);
const { status, subscriptions } = await backend.stats();
console.log(`server: ${status}, ${subscriptions} subscription`);

try {
  await backend.set("key", "value", { ex: -1 });
} catch (error) {
  if (error instanceof MessagingRefusedError) console.log(error.message);
}

await server.stop();
try {
  await backend.testConnection();
} catch (error) {
  if (!(error instanceof MessagingConnectionError)) throw error;
  console.log(`no server at ${error.address === serverUrl ? "its address" : error.address}`);
}
