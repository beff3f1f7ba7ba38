// Starting a server, and attaching to the one that listens already.

import assert from "node:assert/strict";
import { startSharedMemoryServer } from "../../../backends/http/mod.ts";
import { startWorker } from "../../../backends/hosting/worker.ts";

const RESPONSE = 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"status":"healthy"}';

/** Reads a request, and sends what is given. */
async function reply(connection: Deno.Conn, text: string): Promise<void> {
  await connection.read(new Uint8Array(1024));
  await connection.write(new TextEncoder().encode(text));
  connection.close();
}

Deno.test("start or attach: a server that has its port but is slow to reply is attached to", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const started = startSharedMemoryServer({ port: listener.addr.port });
  // The first health check times out, which takes as long as was allowed for all of them.
  using _unanswered = await listener.accept();
  await reply(await listener.accept(), RESPONSE);
  await using server = await started;
  assert.equal(server.isAttached, true);
});

Deno.test("start or attach: a listener that disappears before it is probed is replaced", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const started = startSharedMemoryServer({ port });
  listener.close();
  await using server = await started;
  assert.equal(server.isAttached, false);
});

Deno.test("a worker whose module a bundle does not have ends with the remedy", async () => {
  const missing = {
    program: new URL("not_in_the_bundle.js", import.meta.url),
    permissions: [],
    make: () => assert.fail("a worker makes its server itself"),
  };
  await assert.rejects(startWorker(missing, {}), (error: Error) => {
    assert.match(
      error.message,
      /^a server's worker failed: .*Module not found .*not_in_the_bundle/s,
    );
    assert.match(error.message, /choose serverMode "inline"$/);
    return true;
  });
});
