// A value that a server with maxBytes has stored can be read as a whole, also if it is larger than the share of what
// is on its way. One such reply at a time has room.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import { EmbeddedServer } from "../../backends/tcp/mod.ts";
import { Store } from "../../mod.ts";
import { until } from "../support/deadline.ts";
import { RespClient } from "../support/resp_client.ts";

const MIB = 2 ** 20;
const MAX_BYTES = 8 * MIB;
const PART = "v".repeat(MIB);
const PARTS = 7;
const decoder = new TextDecoder();

/** A connection with the line protocol. */
async function connect(port: number) {
  const conn = await Deno.connect({ port });
  await conn.write(new TextEncoder().encode("GET k\r\n"));
  return conn;
}

async function readLine(conn: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(256 * 1024);
  let line = "";
  while (!line.endsWith("\n")) {
    const count = await conn.read(buffer);
    if (count === null) break;
    line += decoder.decode(buffer.subarray(0, count));
  }
  return line.trimEnd();
}

/** Runs a test with both servers on a store with a large value. */
async function withLargeValue(
  test: (
    given: { store: Store; tcpPort: number; resp: RespClient; httpUrl: string },
  ) => Promise<void>,
): Promise<void> {
  const store = new Store({ maxBytes: MAX_BYTES });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await using http = new SharedMemoryServer({ port: 0, store });
  const tcpPort = await tcp.start();
  await using resp = await RespClient.open(tcpPort);
  for (let i = 0; i < PARTS; i++) await resp.call("APPEND", "k", PART);
  await test({ store, tcpPort, resp, httpUrl: await http.start() });
}

Deno.test("a value that is larger than its share is read as a whole, over each protocol", () =>
  withLargeValue(async ({ store, tcpPort, resp, httpUrl }) => {
    const { transit } = store;
    assert.ok(PARTS * MIB > transit.maxBytes);
    const value = PART.repeat(PARTS);
    for (let i = 0; i < 2; i++) {
      assert.ok(await resp.call("GET", "k") === value, "another value over RESP");
      // A client that has read its reply, and is idle, takes no share.
      await until(() => transit.used < MIB, "what is counted for RESP to be released");
      using conn = await connect(tcpPort);
      assert.ok(await readLine(conn) === `VALUE ${value}`, "another value over TCP");
      await until(() => transit.used < MIB, "what is counted for TCP to be released");
      await using http = new SharedMemoryMessagingBackend({ serverUrl: httpUrl });
      assert.ok(await http.get("k") === value, "another value over HTTP");
      await until(() => transit.used < MIB, "what is counted for HTTP to be released");
    }
  }));

Deno.test("clients that do not read large values get one such reply together", () =>
  withLargeValue(async ({ store, tcpPort, resp }) => {
    const { transit } = store;
    using unread = await connect(tcpPort);
    await until(() => transit.used > transit.maxBytes, "the reply of the first client");
    for (let i = 0; i < 5; i++) {
      using conn = await connect(tcpPort);
      assert.match(await readLine(conn), /^ERROR "there is no room for a reply of 7340032 bytes/);
    }
    const refusal = await resp.call("GET", "k") as { error: string };
    assert.match(refusal.error, /there is no room for a reply/);
    assert.ok(transit.used < transit.maxBytes / 2 + 2 * PARTS * MIB);
    assert.ok((await readLine(unread)).startsWith("VALUE "));
    await until(() => transit.used < MIB, "what is counted to be released");
    assert.equal((await resp.call("GET", "k") as string).length, PARTS * MIB);
  }));

Deno.test("a value with characters of two code units is sent in chunks of whole characters", () =>
  withLargeValue(async ({ httpUrl }) => {
    await using http = new SharedMemoryMessagingBackend({ serverUrl: httpUrl });
    await http.deleteKey("k");
    for (const start of ["", "x"]) {
      const value = start + "😀ü".repeat(50_000);
      await http.set("k", value);
      assert.ok(await http.get("k") === value);
    }
  }));
