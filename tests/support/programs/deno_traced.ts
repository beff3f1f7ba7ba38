/**
 * Stores a message by HTTP, with an SDK that is Deno's own.
 *
 * @module
 */

import { GemstoneGenerator, Message } from "../../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../backends/http/mod.ts";
import { otelInstrumentation, traceRequests } from "../../../otel/mod.ts";

await using server = new SharedMemoryServer({ onRequest: traceRequests() });
const serverUrl = await server.start();
const instrumentation = otelInstrumentation();
await using backend = new SharedMemoryMessagingBackend({ serverUrl, instrumentation });
const idObj = new GemstoneGenerator(1).getId();
await backend.storeMessage(
  "n",
  "t",
  new Message({ idObj, sender: {}, topics: "t", payload: {} }),
);
