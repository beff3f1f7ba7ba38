// One machine has two loopback addresses and three names for them. Programs that start a server if there is
// none share one, whatever they call the machine.

import assert from "node:assert/strict";
import {
  SharedMemoryMessagingBackend,
  SharedMemoryServer,
  startSharedMemoryServer,
} from "../../../backends/http/mod.ts";
import { ManagerBackend } from "../../../backends/state/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer, StateHost } from "../../../backends/tcp/mod.ts";
import { numbered, numbersOf } from "../../conformance/messaging/transport.ts";
import { freePort } from "../../support/free_port.ts";

const NAMES = ["127.0.0.1", "localhost", "::1", "[::1]", "LOCALHOST"];

function inUrl(host: string): string {
  return host === "::1" ? "[::1]" : host;
}

for (const first of NAMES) {
  for (const second of NAMES) {
    Deno.test(`loopback: HTTP backends at ${first} and then at ${second} share one server`, async () => {
      const port = freePort();
      const at = (host: string) => ({
        serverUrl: `http://${inUrl(host)}:${port}`,
        autoStartServer: true,
      });
      await using one = new SharedMemoryMessagingBackend(at(first));
      await one.set("key", first);
      await using other = new SharedMemoryMessagingBackend(at(second));
      assert.equal(await other.get("key"), first);
      await using started = await startSharedMemoryServer({ host: second, port });
      assert.equal(started.isAttached, true);
    });

    Deno.test(`loopback: TCP backends at ${first} and then at ${second} share one server`, async () => {
      const port = freePort();
      await using one = new EmbeddedMessagingBackend({ host: first, port });
      await one.storeMessage("n", "t", numbered(1));
      await using other = new EmbeddedMessagingBackend({ host: second, port });
      assert.deepEqual(numbersOf(await other.getMessagesForTopic("t")), [1]);
    });
  }
}

Deno.test("loopback: a manager's clients find its server at the other address", async () => {
  const authkey = new Uint8Array(32);
  for (const [host, name] of [["::1", "localhost"], ["127.0.0.1", "[::1]"], ["[::1]", "::1"]]) {
    await using server = new EmbeddedServer({ host, port: 0, state: new StateHost({ authkey }) });
    const port = await server.start();
    await using backend = new ManagerBackend({
      managerAddress: [name, port],
      managerAuthkey: authkey,
    });
    assert.equal(await backend.bufferAppend("thread", Uint8Array.of(1)), 0);
    assert.equal(server.getStats().commands["STATE_APPEND"], 1);
  }
});

Deno.test("loopback: another program at the other address does not matter", async () => {
  using listener = Deno.listen({ hostname: "::1", port: 0 });
  const { port } = listener.addr;
  const closing = (async () => {
    for await (const conn of listener) conn.close();
  })();
  await using http = await startSharedMemoryServer({ port });
  assert.equal(http.isAttached, false);
  await http.stop();
  await using backend = new EmbeddedMessagingBackend({ host: "localhost", port });
  await backend.testConnection();
  assert.equal(backend.address, `127.0.0.1:${port}`);
  listener.close();
  await closing;
});

Deno.test("loopback: addresses are printed with brackets where an IPv6 address has a port", async () => {
  for (const host of ["::1", "[::1]"]) {
    await using tcp = new EmbeddedServer({ host, port: 0 });
    const port = await tcp.start();
    assert.equal(tcp.address, `[::1]:${port}`);
    await using backend = new EmbeddedMessagingBackend({ host, port });
    await backend.testConnection();
    assert.equal(backend.address, `[::1]:${port}`);
    await using http = new SharedMemoryServer({ host });
    assert.match(await http.start(), /^http:\/\/\[::1\]:\d+$/);
    await using started = await startSharedMemoryServer({ host, port: freePort() });
    assert.match(started.url, /^http:\/\/\[::1\]:\d+$/);
  }
});
