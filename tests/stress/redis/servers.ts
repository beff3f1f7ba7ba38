/**
 * A real server and ours, for one comparison.
 *
 * @module
 */

import { EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { redisServer } from "../../../testing/redis_server.ts";
import { RespClient } from "../../support/resp_client.ts";
import type { Pair } from "./differential.ts";

/** Runs a comparison against servers of its own. Both have the same version. */
export async function withServers(compare: (pair: Pair) => Promise<void>): Promise<void> {
  // Ends the waits of blocked calls in time: it looks for them so many times a second.
  await using real = await redisServer({ config: { hz: "500" } });
  await using server = new EmbeddedServer({ port: 0 });
  await using ours = await RespClient.open(await server.start());
  await using theirs = await RespClient.open(real.port);
  await compare({ ours, theirs });
}
