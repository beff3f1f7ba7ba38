/**
 * Starts an HTTP server where its argument says, at the port of the next one, prints what became of it, and
 * waits to be killed.
 *
 * @module
 */

import { type ServerMode, startSharedMemoryServer } from "../../../backends/http/mod.ts";

const [serverMode, port] = Deno.args;
const server = await startSharedMemoryServer({
  serverMode: serverMode as ServerMode,
  port: Number(port),
});
console.log(`${server.isAttached ? "attached to" : "started"} ${server.url};`);
await new Promise((resolve) => setTimeout(resolve, 600_000));
