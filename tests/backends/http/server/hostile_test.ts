// 100,000 malformed requests: most of them without sockets, some over real ones.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { Router } from "../../../../backends/http/server/router.ts";
import { ROUTES } from "../../../../backends/http/server/routes.ts";
import { Random } from "../../../support/random.ts";
import { MessageCollector, numbered, numbersOf } from "../../../conformance/messaging/transport.ts";
import { until } from "../../../support/deadline.ts";
import { hostileBytes } from "../../../support/hostile_http.ts";
import { sendRaw, serveHttp } from "../../../support/http.ts";
import { Running } from "../../../support/program.ts";
import { withSeed } from "../../../support/seed.ts";

const COUNT = 100_000;
const OVER_SOCKETS = 3000;

Deno.test("http hostile: the service responds to every request, and its memory use returns to normal", () =>
  withSeed(async (seed) => {
    const args = [
      "run",
      "--quiet",
      "--v8-flags=--expose-gc",
      "-A",
      "tests/support/programs/http_fuzz.ts",
      String(seed),
      String(COUNT - OVER_SOCKETS),
    ];
    await using fuzz = new Running("http_fuzz.ts", Deno.execPath(), args, { deadlineMs: 120_000 });
    const [line] = await fuzz.lines();
    const { statuses, wrong, growthBytes, left } = JSON.parse(line);
    assert.deepEqual(wrong, []);
    assert.deepEqual(left, {
      subscriptions: 0,
      patternSubscriptions: 0,
      messages: 0,
      keys: 0,
      bytes: 0,
      places: 0,
    });
    assert.ok(growthBytes < 4_000_000, `the heap grew by ${growthBytes} bytes`);
    // A fuzzer whose requests are all rejected tests nothing.
    for (const status of [200, 400, 401, 403, 404, 405, 409]) {
      assert.ok(statuses[status] > 100, `few responses with ${status}`);
    }
    assert.ok(statuses[200] > COUNT / 10);
  }));

Deno.test("http hostile: over sockets, the server stays up and other clients are not affected", () =>
  withSeed(async (seed) => {
    await using scene = await serveHttp({ maxMessagesPerTopic: 100, maxBytes: 10_000_000 });
    await using good = new SharedMemoryMessagingBackend({ serverUrl: scene.url });
    const collector = new MessageCollector();
    await good.subscribe("good", collector.handler);
    const random = new Random(seed);
    let sent = 0;
    const attack = async () => {
      while (sent < OVER_SOCKETS) {
        sent++;
        await sendSome(scene.port, hostileBytes(random));
      }
    };
    const work = async () => {
      for (let n = 0; sent < OVER_SOCKETS; n++) {
        await good.set("good", n);
        assert.equal(await good.get("good"), n);
        await good.storeMessage("good", "good", numbered(n));
        await collector.has(n + 1);
      }
    };
    await Promise.all([...Array.from({ length: 8 }, attack), work()]);
    const expected = Array.from({ length: collector.messages.length }, (_, n) => n);
    assert.deepEqual(numbersOf(collector.messages), expected);
    assert.equal((await scene.call("/stats")).json.status, "healthy");
  }));

/** Does not wait for a response without an end: to a truncated request, a poll, or an event stream. */
async function sendSome(port: number, text: string): Promise<void> {
  const isLasting = /events|poll/.test(text);
  await sendRaw(port, text, { timeoutMs: isLasting ? 5 : 30 });
}

Deno.test("http hostile: a body beyond the limit is rejected, with or without a length header", async () => {
  await using scene = await serveHttp();
  const head = "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
  const declared = `${head}content-length: 17000000\r\n\r\n{`;
  const chunk = `100000\r\n${" ".repeat(2 ** 20)}\r\n`;
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(18)}0\r\n\r\n`;
  for (const text of [declared, chunked]) {
    assert.match(await sendRaw(scene.port, text, { until: "\r\n\r\n" }), /^HTTP\/1.1 413 /);
  }
  assert.equal((await scene.call("/health")).status, 200);
});

Deno.test("http hostile: connections that are torn off leave no subscriber behind", async () => {
  await using scene = await serveHttp({ maxSubscribers: 50 });
  const request = "GET /events?topic=t HTTP/1.1\r\nhost: localhost\r\n\r\n";
  for (let i = 0; i < 300; i++) {
    using connection = await Deno.connect({ port: scene.port });
    await connection.write(new TextEncoder().encode(request));
    if (i % 3 === 0) await connection.read(new Uint8Array(10));
  }
  await until(() => scene.server.store.stats().subscriptions === 0, "the end of all streams");
  assert.equal((await scene.call("/poll?subscriber_id=s")).json.known, false);
});

Deno.test("http hostile: a thousand clients are served beside one that reads nothing", async () => {
  await using scene = await serveHttp({ maxQueueBytes: 1_000_000 });
  using lazy = await Deno.connect({ port: scene.port });
  await lazy.write(
    new TextEncoder().encode("GET /events?topic=t&topic=lazy HTTP/1.1\r\nhost: localhost\r\n\r\n"),
  );
  const connections = await Promise.all(
    Array.from({ length: 1000 }, () => Deno.connect({ port: scene.port })),
  );
  try {
    const read = async (connection: Deno.Conn, until: string) => {
      let text = "";
      const buffer = new Uint8Array(4096);
      while (!text.includes(until)) {
        const count = await connection.read(buffer);
        assert.ok(count !== null, `the server hung up after ${text}`);
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
    };
    const ask = new TextEncoder().encode(
      "GET /events?topic=t HTTP/1.1\r\nhost: localhost\r\n\r\n",
    );
    await Promise.all(connections.map(async (connection) => {
      await connection.write(ask);
      await read(connection, ": listening");
    }));
    const all = Promise.all(connections.map((connection) => read(connection, "<last>")));
    const big = "x".repeat(100_000);
    for (let i = 0; i < 300; i++) scene.server.store.subscriptions.publish("lazy", big);
    assert.ok(scene.server.store.stats().dropped > 200);
    const reached = await scene.call("/publish", { channel: "t", message: "<last>" });
    assert.equal(reached.json.subscribers, 1001);
    await all;
  } finally {
    for (const connection of connections) connection.close();
  }
});

Deno.test("http: stop() ends requests that are never completed, and ends nothing else", async () => {
  const beginnings = [
    "POST /se",
    "POST /set HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\nContent-Length: 9\r\n\r\n{",
  ];
  await using server = new SharedMemoryServer();
  const port = Number(new URL(await server.start()).port);
  const conns = await Promise.all(beginnings.map(async (text) => {
    const conn = await Deno.connect({ port });
    await conn.write(new TextEncoder().encode(text));
    return conn;
  }));
  // The server has them when it has responded to what was sent after them.
  await (await fetch(`http://127.0.0.1:${port}/health`)).body?.cancel();
  await Promise.all([server.stop({ graceMs: 500 }), server.stop({ graceMs: 500 })]);
  for (const conn of conns) {
    const rest = await conn.read(new Uint8Array(1)).catch(() => null);
    assert.equal(rest, null);
    conn.close();
  }
  assert.equal(
    await server.start().then((url) => fetch(`${url}/health`)).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }),
    200,
  );
});

Deno.test("http: a server that has no descriptor for a connection serves again later", async () => {
  const command =
    'ulimit -n 100; exec "$0" run --quiet -A tests/support/programs/http_exhausted.ts';
  await using program = new Running("sh", "sh", ["-c", command, Deno.execPath()]);
  const lines = await program.lines();
  assert.equal(lines.at(-1), "healthy");
});

Deno.test("http: a path with many slashes has few readings, and delays nobody", async () => {
  const slashes = "a/".repeat(25_000);
  const router = new Router(ROUTES);
  for (const path of [`/messages_since/${slashes}1`, `/hget/${slashes}1`]) {
    const readings = router.match("GET", `http://localhost${path}`).readings();
    assert.ok([...readings].length < 1000);
  }
  await using server = new SharedMemoryServer({ port: 0 });
  const url = await server.start();
  const response = await fetch(`${url}/messages_since/${slashes}1`);
  assert.deepEqual(await response.json(), []);
});
