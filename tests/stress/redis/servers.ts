/**
 * A real server and ours, for one comparison.
 *
 * @module
 */

import { RespFront } from "../../../backends/resp/server/front.ts";
import { Store } from "../../../backends/store/store.ts";
import { redisServer } from "../../../testing/redis_server.ts";
import { RespClient } from "../../support/resp_client.ts";
import type { Pair } from "./differential.ts";

const MAX_BYTES = 2 ** 29;

/** Runs a comparison against servers of its own. Both have the same version. */
export async function withServers(compare: (pair: Pair) => Promise<void>): Promise<void> {
  // Ends the waits of blocked calls in time: it looks for them so many times a second.
  await using real = await redisServer({ config: { hz: "500" } });
  await using theirs = await RespClient.open(real.port);
  const info = await theirs.call("INFO", "server");
  const version = /redis_version:(\S+)/.exec(String(info))![1];
  await withFront(version, async (port) => {
    await using ours = await RespClient.open(port);
    await compare({ ours, theirs });
  });
}

/** Serves one client with the commands of a version. */
async function withFront(version: string, use: (port: number) => Promise<void>): Promise<void> {
  const front = new RespFront({
    store: new Store(),
    isPassword: undefined,
    version,
    queueOptions: {},
    maxBulkBytes: MAX_BYTES,
    maxPendingBytes: MAX_BYTES,
    onReceived: () => {},
    onSent: () => {},
  });
  front.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = listener.accept().then((conn) => front.open(conn, new Uint8Array()).run());
  try {
    await use(listener.addr.port);
    await served;
  } finally {
    front.stop();
  }
}
