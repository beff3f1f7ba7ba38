/**
 * TCP servers of tests.
 *
 * @module
 */

import { EmbeddedServer, type EmbeddedServerOptions } from "../../backends/tcp/mod.ts";
import { LineClient } from "./line_client.ts";

/** Runs a test against a server of its own. */
export async function withServer(
  options: EmbeddedServerOptions,
  test: (server: EmbeddedServer, connect: () => Promise<LineClient>) => Promise<void>,
): Promise<void> {
  await using server = new EmbeddedServer({ port: 0, ...options });
  const port = await server.start();
  await using clients = new AsyncDisposableStack();
  await test(server, async () => clients.use(await LineClient.open(port)));
}
