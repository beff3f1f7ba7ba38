// A configuration, which may come from a file, selects the backend.
//
//   deno run --allow-net examples/embedded/configured.ts [port]

import { GemstoneGenerator, Message } from "@ringbus/ringbus";
import { createEmbeddedMessagingConfig, MessagingConfig } from "@ringbus/ringbus/tcp";

const port = Number(Deno.args[0] ?? 31134);
const config = new MessagingConfig(createEmbeddedMessagingConfig({ port }));
await config.validate();
console.log(JSON.stringify(config.backendConfig) === JSON.stringify({ port }));

await using backend = await config.createBackend();
const message = new Message({
  idObj: new GemstoneGenerator(1).getId(),
  sender: { id: "guild" },
  topics: "configured",
  payload: {},
});
await backend.storeMessage("guild", "configured", message);
console.log((await backend.getMessagesForTopic("configured")).length);
