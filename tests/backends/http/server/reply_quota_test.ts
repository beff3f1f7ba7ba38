// What replies, event streams and bodies take of the budget comes back, however they end.

import assert from "node:assert/strict";
import { until } from "../../../support/deadline.ts";
import { serveHttp } from "../../../support/http.ts";

const MIB = 2 ** 20;
const encoder = new TextEncoder();

async function send(port: number, text: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ port });
  await conn.write(encoder.encode(text));
  return conn;
}

Deno.test("http: the room of bodies and replies that are torn off is free again", async () => {
  await using scene = await serveHttp({ maxBytes: 16 * MIB });
  const { transit } = scene.server.store;
  const content = JSON.stringify({ text: "x".repeat(10_000) });
  for (let id = 1n; id <= 1000n; id++) await scene.store("t", id, content);
  const head = "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
  const texts = [
    `${head}content-length: 100000\r\n\r\n{"key":`,
    `${head}content-length: 100\r\n\r\n{"key":`,
    `${head}transfer-encoding: chunked\r\n\r\n6\r\n{"key"\r\n`,
    "GET /messages/t HTTP/1.1\r\nhost: localhost\r\n\r\n",
  ];
  const conns = await Promise.all(texts.map((text) => send(scene.port, text)));
  await until(() => transit.used > 0, "bytes on their way");
  for (const conn of conns) conn.close();
  await until(() => transit.used === 0, "the end of all that was on its way");
});

Deno.test("http: event streams have half of their share, and give it back", async () => {
  await using scene = await serveHttp({ maxBytes: 16 * MIB });
  await scene.call("/subscribe", { topic: "t", subscriber_id: "s" });
  const streams: Response[] = [];
  let rejected: Response | undefined;
  while (rejected === undefined) {
    const response = await fetch(`${scene.url}/events?topic=t`);
    if (response.status === 200) streams.push(response);
    else rejected = response;
  }
  assert.equal(rejected.status, 429);
  assert.match(await rejected.text(), /no room for a further event stream/);
  assert.equal(streams.length, 32);
  // A poll that cannot wait returns at once, and still gets what there is.
  assert.deepEqual((await scene.call("/poll?subscriber_id=s&timeout=300")).json.messages, []);
  await scene.call("/publish", { channel: "t", message: "x" });
  assert.equal((await scene.call("/poll?subscriber_id=s&timeout=300")).json.messages.length, 1);
  for (const { body } of streams) await body?.cancel();
  await until(async () => {
    const { status, body } = await fetch(`${scene.url}/events?topic=t`);
    await body?.cancel();
    return status === 200;
  }, "room for an event stream");
});

Deno.test("http: a reply that is not read ends when its messages were evicted", async () => {
  await using scene = await serveHttp({ maxBytes: 64 * MIB });
  const { store } = scene.server;
  const text = (id: number) => `{"id":${id},"payload":{"text":"${"x".repeat(20_000)}"}}`;
  for (let id = 1; id <= 2000; id++) store.storeMessage("n", "t", text(id));
  const conn = await send(scene.port, "GET /messages/t HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await until(() => store.transit.used > 0, "the reply");
  store.topics.deleteTopic("t");
  // The rest is never sent: the connection ends before the last chunk.
  let end = "";
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await conn.read(buffer).catch(() => null)) !== null;) {
    end = (end + new TextDecoder().decode(buffer.subarray(0, count))).slice(-10);
  }
  conn.close();
  assert.notEqual(end.slice(-5), "0\r\n\r\n");
  await until(() => store.transit.used === 0, "the end of the reply");
});
