/**
 * A process with a messaging backend that starts its own TCP server. Its arguments are a port and a
 * server mode; it says when it is connected, and then does nothing until it is ended.
 *
 * @module
 */

import { EmbeddedMessagingBackend, type ServerMode } from "../../../backends/tcp/mod.ts";

const [port, serverMode] = Deno.args;
const backend = new EmbeddedMessagingBackend({
  port: Number(port),
  serverMode: serverMode as ServerMode,
});
await backend.subscribe("t", () => {});
console.log("connected");
