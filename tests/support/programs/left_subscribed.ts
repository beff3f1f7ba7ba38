/**
 * Subscribes, and has nothing else to do until a timer that keeps no program alive.
 *
 * @module
 */

import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { EmbeddedMessagingBackend } from "../../../backends/tcp/mod.ts";

const [kind, port] = Deno.args;
const backend = kind === "http"
  ? new SharedMemoryMessagingBackend()
  : new EmbeddedMessagingBackend({ port: Number(port) });

await backend.subscribe("t", () => {});
console.log("subscribed");
const timer = setTimeout(async () => {
  console.log("later");
  await backend.cleanup();
}, 200);
Deno.unrefTimer(timer);
