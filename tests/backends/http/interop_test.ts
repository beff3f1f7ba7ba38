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
import { WaitingTests } from "../../support/waiting_tests.ts";

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

const waiting = new WaitingTests();

// What that server knows: no keys of one kind alone, no classes in patterns.
const ON_PYTHON: MessagingTransport = {
  name: "http on Python",
  redisLike: ["publish"],
  spansProcesses: true,
  waiting,
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
for (const version of ["HTTP/1.0", "HTTP/1.1"]) {
  waiting.add(
    `a backend does not keep an ${version} server that serves one request at a time from others`,
    () => shareSingle(version),
  );
}
waiting.define(ON_PYTHON.name);

/** A backend does not keep a server of a version of HTTP that serves one request at a time from others. */
async function shareSingle(version: string): Promise<void> {
  await using single = new PythonServers("http_server.py", version, "single");
  const serverUrl = `http://127.0.0.1:${await single.open()}`;
  await using reader = new SharedMemoryMessagingBackend({ serverUrl });
  const collector = new MessageCollector();
  await reader.subscribe("t", collector.handler);
  // A call ends with an error if a poll takes much longer than those of the server's own clients.
  await using writer = new SharedMemoryMessagingBackend({ serverUrl, timeoutMs: 8000 });
  for (const i of [0, 1, 2]) await writer.storeMessage("n", "t", numbered(i));
  assert.deepEqual(numbersOf(await collector.has(3)), [0, 1, 2], version);
  const [first] = await writer.getMessagesForTopic("t");
  assert.deepEqual(numbersOf(await writer.getMessagesSince("t", first.id)), [1, 2], version);
  assert.deepEqual(numbersOf(await writer.getMessagesSince("t", 0n)), [0, 1, 2], version);
  const next = await writer.getNextMessageForTopicSince("t", first.id);
  assert.deepEqual(numbersOf([next!]), [1], version);
}

Deno.test("http interop: published values of a server that names their channel in another place", async () => {
  await using foreign = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, reply);
  const serverUrl = `http://127.0.0.1:${foreign.addr.port}`;
  await using backend = new SharedMemoryMessagingBackend({ serverUrl });
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignored = () => assert.fail("a published value is not a message");
  await backend.subscribe("c", ignored, {
    onPublished: ({ channel, data }) => void (seen.push([channel, data]) === 4 && resolve()),
  });
  await promise;
  assert.deepEqual(seen, [["c", 1], ["c", 2], ["c", 3], ["c", "text"]]);
});

/** The replies of a server that sends the same entries again and again. */
function reply({ url }: Request): Response {
  return Response.json(url.includes("/poll") ? { messages: ENTRIES } : { status: "subscribed" });
}

const ENTRIES = [
  { type: "message" },
  { type: "message", channel: "c", data: { channel: "c", data: 1, timestamp: 1 } },
  { type: "message", topic: null, channel: "c", data: { data: 2 } },
  { type: "message", data: { channel: "c", data: 3 } },
  { type: "message", channel: "c", data: "text" },
];

Deno.test("http interop: a message with numbers that JSON does not have hides no other message", async () => {
  const serverUrl = `http://127.0.0.1:${await servers.open()}`;
  await using backend = new SharedMemoryMessagingBackend({ serverUrl });
  const collector = new MessageCollector();
  await backend.subscribe("t", collector.handler);
  const message = '{"id":7,"payload":{"x":[NaN,-Infinity,"NaN \\"","Infinity"]}}';
  const body = `{"namespace":"n","topic":"t","message":${message}}`;
  await (await fetch(`${serverUrl}/store_message`, { method: "POST", body })).body?.cancel();
  const [delivered] = await collector.has(1);
  const [stored] = await backend.getMessagesForTopic("t");
  for (const { payload } of [delivered, stored]) {
    assert.deepEqual(payload, { x: [null, null, 'NaN "', "Infinity"] });
  }
});

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
  assert.equal((await backend.stats())["pattern_subscriptions"], 1);
  await assert.rejects(backend.listTopics(), MessagingRefusedError);
});
