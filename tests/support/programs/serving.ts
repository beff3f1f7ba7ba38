/**
 * Runs a server in a mode, and prints its port. On SIGUSR2 it checks that the server has kept what it
 * was given, stops it, and says that the program goes on. Its arguments are the protocol and the mode.
 *
 * @module
 */

import {
  SharedMemoryMessagingBackend,
  startSharedMemoryServer,
} from "../../../backends/http/mod.ts";
import { checkServerMode } from "../../../backends/hosting/mode.ts";
import { startServer } from "../../../backends/hosting/start.ts";
import { ManagerBackend } from "../../../backends/state/mod.ts";
import { EmbeddedMessagingBackend } from "../../../backends/tcp/mod.ts";
import { SERVER_KIND } from "../../../backends/tcp/server/launch.ts";
import { retry } from "../../../lib/base/retry.ts";
import { Message } from "../../../mod.ts";
import { freePort } from "../free_port.ts";

/** A server with one message or value in it. */
interface Served {
  readonly port: number;
  /** Returns what was stored. */
  read(): Promise<unknown>;
  stop(): Promise<void>;
}

const stopOptions = { graceMs: 200 };
const CONTENT = "kept";

async function serveHttp(mode: string): Promise<Served> {
  const serverMode = checkServerMode("serverMode", mode);
  const server = await startSharedMemoryServer({ serverMode });
  const use = async <T>(call: (backend: SharedMemoryMessagingBackend) => Promise<T>) => {
    await using backend = new SharedMemoryMessagingBackend({ serverUrl: server.url });
    return await call(backend);
  };
  await use((backend) => backend.set("key", CONTENT));
  return {
    port: Number(new URL(server.url).port),
    read: () => use((backend) => backend.get("key")),
    stop: () => server.stop(stopOptions),
  };
}

async function serveTcp(mode: string): Promise<Served> {
  const serverMode = checkServerMode("serverMode", mode);
  const server = await startServer(SERVER_KIND, { port: 0 }, serverMode);
  const port = Number(server.address.split(":").at(-1));
  const use = async <T>(call: (backend: EmbeddedMessagingBackend) => Promise<T>) => {
    await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
    return await call(backend);
  };
  const message = new Message({ id: 1n, sender: {}, topics: "t", payload: { content: CONTENT } });
  await use((backend) => backend.storeMessage("n", "t", message));
  return {
    port,
    read: () =>
      use(async (backend) => (await backend.getMessagesForTopic("t"))[0].payload["content"]),
    stop: () => server.stop(stopOptions),
  };
}

async function serveState(): Promise<Served> {
  const port = freePort();
  const backend = new ManagerBackend({
    managerAddress: ["127.0.0.1", port],
    managerAuthkey: new Uint8Array(32),
  });
  await backend.bufferAppend("thread", new TextEncoder().encode(CONTENT));
  return {
    port,
    read: async () => new TextDecoder().decode((await backend.bufferGetSlot("thread", 0))!),
    stop: () => backend[Symbol.asyncDispose](),
  };
}

const STARTERS: Record<string, (mode: string) => Promise<Served>> = {
  http: serveHttp,
  tcp: serveTcp,
  state: serveState,
};

const asked = Promise.withResolvers<void>();
// Deno aborts when it needs a descriptor for its first listener of signals and there is none.
Deno.addSignalListener("SIGUSR2", asked.resolve);

const [protocol, mode] = Deno.args;
const server = await STARTERS[protocol](mode);
console.log(`port ${server.port}`);
await asked.promise;
// A server that could not listen again at once tries it later.
const content = await retry(() => server.read(), {
  backoff: { initialMs: 10, maxMs: 100 },
  signal: AbortSignal.timeout(20_000),
});
console.log(`it has ${content}`);
await server.stop();
console.log("the program goes on");
Deno.removeSignalListener("SIGUSR2", asked.resolve);
