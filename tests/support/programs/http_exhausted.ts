/**
 * Serves HTTP, uses up all descriptors while a client connects, and serves again when some are free.
 *
 * @module
 */

import { SharedMemoryServer } from "../../../backends/http/mod.ts";

// Deno aborts when it needs a descriptor for its first listener of signals and there is none.
const onSignal = () => {};
Deno.addSignalListener("SIGUSR2", onSignal);

const server = new SharedMemoryServer();
const url = await server.start();
const port = Number(new URL(url).port);

const files: Disposable[] = [];
try {
  while (true) files.push(Deno.openSync("/dev/null"));
} catch {
  // There are none left. One is for the client, none for the server.
  files.pop()![Symbol.dispose]();
}
await Deno.connect({ port }).then((conn) => files.push(conn), () => {});
// The failure, and at least one attempt to listen again, precede the next request.
await new Promise((resolve) => setTimeout(resolve, 250));
for (const file of files) file[Symbol.dispose]();

/** Asks until the server listens again. */
async function health(): Promise<string> {
  while (true) {
    try {
      return (await (await fetch(`${url}/health`)).json()).status;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

console.log(await health());
await server.stop();
Deno.removeSignalListener("SIGUSR2", onSignal);
