// A server that many processes share, until it is interrupted.
//
//   deno run --allow-net examples/embedded/server.ts [port]

import { EmbeddedServer } from "@ringbus/ringbus/tcp";

await using server = new EmbeddedServer({ port: Number(Deno.args[0] ?? 31134) });
await server.start();
console.log(`listening on ${server.address}`);

const interrupted = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", interrupted.resolve);
await interrupted.promise;
Deno.removeSignalListener("SIGINT", interrupted.resolve);

const { stored, pushes } = server.getStats();
console.log(`stored ${stored} messages, pushed ${pushes}`);
