// A server that sends without end does not fill the memory of its clients, and does not keep their calls.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend } from "../../backends/http/mod.ts";
import { EmbeddedMessagingBackend } from "../../backends/tcp/mod.ts";
import { MessagingConnectionError } from "../../mod.ts";
import { within } from "../support/deadline.ts";

const LIMIT = 1_000_000;
const CHUNK = new Uint8Array(65_536).fill(0x61);
const encoder = new TextEncoder();

/** Sends a beginning and then the same bytes without end to each client; counts what was sent. */
function endlessServer(beginning: string, chunk: Uint8Array) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sendings: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) sendings.push(send(conn));
  })();
  async function send(conn: Deno.TcpConn): Promise<void> {
    try {
      await conn.read(new Uint8Array(65_536));
      await conn.write(encoder.encode(beginning));
      for (;;) await conn.write(chunk);
    } catch {
      conn.close();
    }
  }
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(sendings);
    },
  };
}

async function gzipBomb(): Promise<Uint8Array> {
  const zeros = new Blob([new Uint8Array(50 * LIMIT)]).stream();
  return await new Response(zeros.pipeThrough(new CompressionStream("gzip"))).bytes();
}

const TOO_LONG = /more than 1000000 bytes.*ask for less, or raise maxReplyBytes/;

async function httpFails(serverUrl: string): Promise<void> {
  await using backend = new SharedMemoryMessagingBackend({ serverUrl, maxReplyBytes: LIMIT });
  const call = assert.rejects(backend.get("k"), (error) => {
    assert.ok(error instanceof MessagingConnectionError);
    assert.match(error.message, TOO_LONG);
    return true;
  });
  await within(call, "the end of a call");
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

Deno.test("long replies: an HTTP client reads no response without end", async () => {
  const chunk = encoder.encode(`10000\r\n${"a".repeat(65_536)}\r\n`);
  await using server = endlessServer(`${HEAD}transfer-encoding: chunked\r\n\r\n`, chunk);
  await httpFails(`http://127.0.0.1:${server.port}`);
});

Deno.test("long replies: an HTTP client reads no response that ends with the connection", async () => {
  await using server = endlessServer(`${HEAD}connection: close\r\n\r\n`, CHUNK);
  await httpFails(`http://127.0.0.1:${server.port}`);
});

Deno.test("long replies: an HTTP client does not begin with a response that is declared too long", async () => {
  await using server = endlessServer(`${HEAD}content-length: 100000000000\r\n\r\n`, CHUNK);
  await httpFails(`http://127.0.0.1:${server.port}`);
});

Deno.test("long replies: an HTTP client does not unpack more than it may read", async () => {
  const bomb = await gzipBomb();
  assert.ok(bomb.length < LIMIT);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(bomb.slice(), { headers: { "content-encoding": "gzip" } }),
  );
  await httpFails(`http://127.0.0.1:${server.addr.port}`);
});

Deno.test("long replies: a TCP client gives up a reply without end", async () => {
  await using server = endlessServer("", CHUNK);
  await using backend = new EmbeddedMessagingBackend({
    port: server.port,
    autoStartServer: false,
    maxReplyBytes: LIMIT,
  });
  const call = assert.rejects(backend.publish("t", 1), (error) => {
    assert.ok(error instanceof MessagingConnectionError, `${error}`);
    assert.match(error.message, TOO_LONG);
    return true;
  });
  await within(call, "the end of a call");
});

Deno.test("long replies: a reply of the greatest length arrives", async () => {
  const body = JSON.stringify({ value: "x".repeat(LIMIT - '{"value":""}'.length) });
  for (const stream of [false, true]) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(stream ? ReadableStream.from([encoder.encode(body)]) : body),
    );
    await using backend = new SharedMemoryMessagingBackend({
      serverUrl: `http://127.0.0.1:${server.addr.port}`,
      maxReplyBytes: LIMIT,
    });
    assert.equal((await backend.get("k") as string).length, LIMIT - 12);
  }
});
