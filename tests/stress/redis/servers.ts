/**
 * A real server and ours, for one comparison.
 *
 * @module
 */

import { EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { redisServer } from "../../../testing/redis_server.ts";
import { RespClient } from "../../support/resp_client.ts";
import type { Pair } from "./differential.ts";

/** The ports of two servers. */
export interface PortPair {
  readonly ours: number;
  readonly theirs: number;
}

/** Runs a comparison against servers of its own. Both have the same version. */
export async function withPorts(compare: (ports: PortPair) => Promise<void>): Promise<void> {
  // Ends the waits of blocked calls in time: it looks for them so many times a second.
  await using real = await redisServer({ config: { hz: "500" } });
  const version = await versionOf(real.port);
  await using server = new EmbeddedServer({ port: 0, redis: { version } });
  await compare({ ours: await server.start(), theirs: real.port });
}

async function versionOf(port: number): Promise<string> {
  await using client = await RespClient.open(port);
  const info = await client.call("INFO", "server");
  return /redis_version:(\S+)/.exec(String(info))![1];
}

/** The same with a client of each server. */
export async function withServers(compare: (pair: Pair) => Promise<void>): Promise<void> {
  await withPorts(async (ports) => {
    await using ours = await RespClient.open(ports.ours);
    await using theirs = await RespClient.open(ports.theirs);
    await compare({ ours, theirs });
  });
}
