// Python programs, written from the protocol alone, on the other side of the wire.

import assert from "node:assert/strict";
import {
  createEmbeddedMessagingConfig,
  EmbeddedMessagingBackend,
  MessagingConfig,
} from "../../../backends/tcp/mod.ts";
import {
  createSharedMessagingConfig,
  SharedMemoryMessagingBackend,
  SharedMemoryServer,
} from "../../../backends/http/mod.ts";
import { GemstoneGenerator, Message, type MessageInit, Store } from "../../../mod.ts";
import { EmbeddedServer } from "../../../backends/tcp/mod.ts";
import {
  MessageCollector,
  type MessagingTransport,
  numbered,
  numbersOf,
} from "../../conformance/messaging/transport.ts";
import { testLifecycle } from "../../conformance/messaging/lifecycle.ts";
import { testLookup } from "../../conformance/messaging/lookup.ts";
import { testSubscriptions } from "../../conformance/messaging/subscriptions.ts";
import { testValues } from "../../conformance/messaging/values.ts";
import { testWriters } from "../../conformance/messaging/writers.ts";
import { PythonServers, runPython } from "../../support/python.ts";

Deno.test("interop: a Python client does all it can with our TCP server", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  const output = await runPython("line_client.py", [`${await server.start()}`]);
  assert.equal(output, "passed\n");
});

Deno.test("interop: Python clients that encode nothing find what they stored, and stay usable", async () => {
  const store = new Store();
  await using http = new SharedMemoryServer({ store });
  await using tcp = new EmbeddedServer({ port: 0, store });
  const args = [await http.start(), `${await tcp.start()}`];
  assert.equal(await runPython("plain_client.py", args), "passed\n");
});

for (const kind of ["http", "tcp"]) {
  Deno.test(`interop: a Python client reads what a backend on ${kind} stores`, async () => {
    const store = new Store();
    await using http = new SharedMemoryServer({ store });
    await using tcp = new EmbeddedServer({ port: 0, store });
    const serverUrl = await http.start();
    await using backend = kind === "http"
      ? new SharedMemoryMessagingBackend({ serverUrl })
      : new EmbeddedMessagingBackend({ port: await tcp.start(), autoStartServer: false });
    const message = (init: Partial<MessageInit>) =>
      new Message({ ...numbered(1), id: undefined, idObj: generator.getId(), ...init });
    const odd = [
      message({ ttl: 1000.5 }),
      message({ payload: {} }),
      message({ extra: { color: "red" }, sessionState: { a: 1 } }),
    ];
    for (const each of odd) await backend.storeMessage("n", "t", each);
    assert.equal(await runPython("plain_client.py", ["read", serverUrl, "t"]), "3\n");
    assert.deepEqual(await backend.getMessagesForTopic("t"), odd);
    for (const each of odd) {
      await assert.rejects(
        backend.storeMessage("n", "t", each, { strict: true }),
        /^MessagingRefusedError: the Python clients could not read the message: /,
      );
    }
    await backend.storeMessage("n", "t", message({}), { strict: true });
  });
}

Deno.test("interop: the Python client and the Python server agree", async () => {
  assert.equal(await runPython("line_client.py", [`${await servers.open()}`]), "passed\n");
});

const generator = new GemstoneGenerator(9);

/** One process for all tests: it takes long to start. */
const servers = new PythonServers("line_server.py");
Deno.test.afterAll(() => servers[Symbol.asyncDispose]());

/** What a Python server has: no time to live, no patterns, and no memory of our errors. */
const python: MessagingTransport = {
  name: "tcp to Python",
  redisLike: [],
  spansProcesses: false,
  async open() {
    const config = { port: await servers.open(), autoStartServer: false };
    return {
      backend: (options) => new EmbeddedMessagingBackend({ ...options, ...config }),
      advance: () => Promise.reject(new Error("its clock cannot be stepped")),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

testLookup(python);
testSubscriptions(python);
testValues(python);
testWriters(python);
testLifecycle(python);

Deno.test("interop: clients of HTTP and of TCP see the same topics on one store", async () => {
  const store = new Store();
  await using httpServer = new SharedMemoryServer({ store });
  await using tcpServer = new EmbeddedServer({ port: 0, store });
  const backends = [
    new SharedMemoryMessagingBackend({ serverUrl: await httpServer.start() }),
    new EmbeddedMessagingBackend({ port: await tcpServer.start(), autoStartServer: false }),
  ];
  await using stack = new AsyncDisposableStack();
  for (const backend of backends) stack.use(backend);
  const collectors = backends.map(() => new MessageCollector());
  const patterns = backends.map(() => new MessageCollector());
  for (const [i, backend] of backends.entries()) {
    await backend.subscribe("t", collectors[i].handler);
    await backend.psubscribe("[st]", patterns[i].handler);
  }
  const messages = [numbered(0), numbered(1)];
  for (const [i, backend] of backends.entries()) {
    await backend.storeMessage("n", "t", messages[i]);
  }
  for (const collector of [...collectors, ...patterns]) {
    assert.deepEqual(numbersOf(await collector.has(2)), [0, 1]);
  }
  for (const backend of backends) {
    assert.deepEqual(await backend.getMessagesForTopic("t"), messages);
    assert.deepEqual(await backend.getMessagesById("n", [messages[1].id]), [messages[1]]);
  }
});

Deno.test("interop: a configuration may ask for messages that Python clients can read", async () => {
  const configs = [
    createSharedMessagingConfig({ strict: true }),
    createEmbeddedMessagingConfig({ strict: true, port: 1, autoStartServer: false }),
  ];
  for (const config of configs) {
    await using backend = await new MessagingConfig(config).createBackend();
    await assert.rejects(
      backend.storeMessage("n", "t", new Message({ ...numbered(1), payload: {} })),
      /the Python clients could not read the message: payload must not be empty/,
    );
  }
});
