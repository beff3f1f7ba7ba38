// Python on the other side, as client and as server.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { MessagingRefusedError } from "../../../mod.ts";
import {
  MessageCollector,
  type MessagingTransport,
  numbered,
  numbersOf,
} from "../../conformance/messaging/transport.ts";
import { testMessagingBackend } from "../../conformance/messaging/suite.ts";
import { sleep } from "../../support/deadline.ts";
import { serveHttp } from "../../support/http.ts";
import { PythonServers, runPython } from "../../support/python.ts";

Deno.test("http interop: a client in Python finds all as it should be", async () => {
  await using scene = await serveHttp();
  assert.equal(await runPython("http_client.py", [scene.url]), "passed\n");
});

Deno.test("http interop: a client in Python is authorized by the token alone", async () => {
  await using scene = await serveHttp({ token: "s3cret" });
  assert.equal(await runPython("http_client.py", [scene.url, "s3cret"]), "passed\n");
  await assert.rejects(runPython("http_client.py", [scene.url]), /401/);
});

Deno.test("http interop: client and server in Python agree", async () => {
  const url = `http://127.0.0.1:${await servers.open()}`;
  assert.equal(await runPython("http_client.py", [url]), "passed\n");
});

/** One process for all tests: it takes long to start. */
const servers = new PythonServers("http_server.py");
Deno.test.afterAll(() => servers[Symbol.asyncDispose]());

// What that server knows: no keys of one kind alone, no classes in patterns.
const ON_PYTHON: MessagingTransport = {
  name: "http on Python",
  redisLike: ["publish"],
  spansProcesses: true,
  async open() {
    const serverUrl = `http://127.0.0.1:${await servers.open()}`;
    return {
      backend: (options) => new SharedMemoryMessagingBackend({ ...options, serverUrl }),
      advance: sleep,
      remote: {
        module: new URL("../../../backends/http/mod.ts", import.meta.url).href,
        className: "SharedMemoryMessagingBackend",
        config: { serverUrl },
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

testMessagingBackend(ON_PYTHON);

Deno.test("http interop: values and patterns of a backend on a server in Python", async () => {
  const serverUrl = `http://127.0.0.1:${await servers.open()}`;
  await using backend = new SharedMemoryMessagingBackend({ serverUrl });
  await backend.set("k/1", [2n ** 64n, { a: "ü" }], { ex: 100 });
  assert.deepEqual(await backend.get("k/1"), [2n ** 64n, { a: "ü" }]);
  await backend.hset("h", "f", "v");
  assert.equal(await backend.hget("h", "f"), "v");
  assert.equal(await backend.sadd("s", "a", "b", "a"), 2);
  assert.deepEqual(await backend.smembers("s"), ["a", "b"]);
  const collector = new MessageCollector();
  await backend.psubscribe("sensor.?", collector.handler);
  for (const topic of ["sensor.a", "sensor.ab", "sensor.b"]) {
    await backend.storeMessage("n", topic, numbered(topic.length));
  }
  assert.deepEqual(numbersOf(await collector.has(2)), [8, 8]);
  assert.equal((await backend.stats()).pattern_subscriptions, 1);
  await assert.rejects(backend.listTopics(), MessagingRefusedError);
});
