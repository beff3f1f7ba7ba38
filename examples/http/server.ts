// A server for programs in any language, which runs until it is interrupted. Run it:
//   deno run --allow-net examples/http/server.ts [port]
import { SharedMemoryServer } from "@ringbus/ringbus/http";

await using server = new SharedMemoryServer({ port: Number(Deno.args[0] ?? 8080) });
console.log(`listening on ${await server.start()}`);

const interrupted = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", interrupted.resolve);
await interrupted.promise;
