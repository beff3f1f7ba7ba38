/**
 * Servers of tests that speak RESP.
 *
 * @module
 */

import { EmbeddedServer, type EmbeddedServerOptions } from "../../backends/tcp/mod.ts";
import { SteppableClock } from "../../testing/steppable_clock.ts";
import { RespClient } from "./resp_client.ts";

/** What a test works with. */
export interface RespFixture {
  readonly server: EmbeddedServer;
  readonly clock: SteppableClock;
  /** The first client. */
  readonly client: RespClient;
  connect(): Promise<RespClient>;
}

/** Runs a test against a server of its own, whose clock stands still until the test advances it. */
export async function withResp(
  options: EmbeddedServerOptions,
  test: (fixture: RespFixture) => Promise<void>,
): Promise<void> {
  const clock = new SteppableClock();
  await using server = new EmbeddedServer({ port: 0, clock, ...options });
  const port = await server.start();
  await using clients = new AsyncDisposableStack();
  const connect = async () => clients.use(await RespClient.open(port));
  await test({ server, clock, client: await connect(), connect });
}
