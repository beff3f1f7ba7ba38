// Starting a server, and attaching to the one that listens already.

import assert from "node:assert/strict";
import { startSharedMemoryServer } from "../../../backends/http/mod.ts";

const RESPONSE = 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"status":"healthy"}';

const MISSING_WORKER = `
  import { startWorker } from "${new URL("../../../backends/hosting/worker.ts", import.meta.url)}";
  const program = new URL("file:///not_in_the_bundle.js");
  await startWorker({ program, permissions: [], make() {} }, {});
`;

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
  // A program that `deno test` starts would check the types of the module first.
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", MISSING_WORKER],
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(success, false);
  const text = new TextDecoder().decode(stderr);
  assert.match(text, /a server's worker failed: .*Module not found .*not_in_the_bundle/);
  assert.match(text, /; a bundle, .* choose serverMode "inline"/);
});
