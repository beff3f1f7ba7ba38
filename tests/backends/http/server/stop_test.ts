// What a server still sends when it stops, and that it stops in time.

import assert from "node:assert/strict";
import { sendRaw, serveHttp } from "../../../support/http.ts";
import { until, within } from "../../../support/deadline.ts";

const POST_SET = "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
const REQUEST_LINE_END = "HTTP/1.1\r\nhost: localhost\r\n\r\n";
/** More than the kernel buffers for a connection. */
const LARGE = 20_000_000;

async function send(port: number, text: string): Promise<Deno.Conn> {
  const conn = await Deno.connect({ port });
  await conn.write(new TextEncoder().encode(text));
  return conn;
}

/** Reads until the server closes the connection. */
async function readAll(conn: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of conn.readable) text += decoder.decode(bytes, { stream: true });
  return text;
}

Deno.test("http stop: an answer that a client still reads is sent whole", async () => {
  await using scene = await serveHttp({ maxBodyBytes: 2 * LARGE });
  await scene.call("/set", { key: "large", value: "x".repeat(LARGE) });
  const conn = await send(scene.port, `GET /get/large ${REQUEST_LINE_END}`);
  await conn.read(new Uint8Array(1));
  const stopping = scene.server.stop();
  const text = await readAll(conn);
  await stopping;
  assert.ok(text.endsWith('x"}\r\n0\r\n\r\n'), `the end is ${text.slice(-20)}`);
  assert.ok(text.length > LARGE, `there are ${text.length} characters`);
});

Deno.test("http stop: an event stream sends the entries that it has, and ends", async () => {
  await using scene = await serveHttp();
  const conn = await send(scene.port, `GET /events?topic=t ${REQUEST_LINE_END}`);
  const { subscriptions } = scene.server.store;
  await until(() => subscriptions.countOf("t") === 1, "the subscription");
  const value = "x".repeat(10_000);
  const count = 2000;
  for (let n = 0; n < count; n++) subscriptions.publish("t", `${n} ${value}`);
  const stopping = scene.server.stop();
  const text = await readAll(conn);
  await stopping;
  const numbers = [...text.matchAll(/"data":"(\d+) x/g)].map(([, number]) => Number(number));
  assert.deepEqual(numbers, Array.from({ length: count }, (_, n) => n));
  assert.equal(scene.server.store.stats().dropped, 0);
});

Deno.test("http stop: it takes no longer than graceMs, and counts the entries that no client took", async () => {
  await using scene = await serveHttp();
  const { subscriptions } = scene.server.store;
  await scene.call("/subscribe", { topic: "polled", subscriber_id: "s" });
  for (let n = 0; n < 3; n++) subscriptions.publish("polled", "x");
  const partial = await send(
    scene.port,
    `${POST_SET}content-length: 9\r\n\r\n{`,
  );
  const deaf = await send(scene.port, `GET /events?topic=t ${REQUEST_LINE_END}`);
  await until(() => subscriptions.countOf("t") === 1, "the subscription");
  const count = 300;
  for (let n = 0; n < count; n++) subscriptions.publish("t", "x".repeat(100_000));
  const startMs = performance.now();
  await within(scene.server.stop({ graceMs: 200 }), "the end of the server");
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 200 && tookMs < 3000, `it took ${tookMs} ms`);
  const { dropped } = scene.server.store.stats();
  // The kernel has some entries for the client that does not read.
  assert.ok(dropped > 3 + count / 2 && dropped <= 3 + count, `dropped: ${dropped}`);
  for (const conn of [partial, deaf]) conn.close();
});

Deno.test("http stop: a request that arrives while it stops is rejected, and not executed", async () => {
  await using scene = await serveHttp();
  const partial = await send(
    scene.port,
    `${POST_SET}content-length: 9\r\n\r\n{`,
  );
  await (await fetch(`${scene.url}/health`)).body?.cancel();
  const stopping = scene.server.stop();
  const body = '{"key":"k","value":1}';
  const text = await sendRaw(
    scene.port,
    `${POST_SET}content-length: ${body.length}\r\n\r\n${body}`,
  );
  assert.match(text, /^HTTP\/1.1 503 [^]*the server is stopping/);
  partial.close();
  await stopping;
  assert.equal(scene.server.store.stats().keys, 0);
});

Deno.test("http stop: graceMs is checked", async () => {
  await using scene = await serveHttp();
  for (const graceMs of [-1, NaN, "1"]) {
    await assert.rejects(scene.server.stop({ graceMs: graceMs as number }), RangeError);
  }
  assert.equal((await scene.call("/health")).status, 200);
});
