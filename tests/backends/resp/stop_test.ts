// What Redis clients get from a server that stops.

import assert from "node:assert/strict";
import { latin1Bytes, readLatin1 } from "../../../backends/store/latin1.ts";
import { until, within } from "../../support/deadline.ts";
import { requestBytes } from "../../support/resp_client.ts";
import { withResp } from "../../support/resp_server.ts";

const NEWLINE = 10;
/** Lines of each reply. */
const LINES = 2;
const REQUESTS = latin1Bytes(readLatin1(requestBytes(["GET", "k"])).repeat(50));

async function sendAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/** Reads until the server closes; returns the number of lines. */
async function linesOf(conn: Deno.Conn): Promise<number> {
  let lines = 0;
  const chunk = new Uint8Array(4096);
  for (let count = await conn.read(chunk); count !== null; count = await conn.read(chunk)) {
    for (let i = 0; i < count; i++) if (chunk[i] === NEWLINE) lines++;
  }
  return lines;
}

Deno.test("resp: a client that goes on sending gets the replies to all that was executed", () =>
  withResp({}, async ({ server, client }) => {
    await client.call("SET", "k", "x".repeat(10_000));
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const stats = server.resp.service.stats.of("get");
    let isStopped = false;
    const sent = (async () => {
      while (!isStopped) await sendAll(conn, REQUESTS);
    })().catch(() => {});
    await until(() => stats.calls > 250, "some commands");
    const stopped = server.stop();
    const lines = await within(linesOf(conn), "the end of the connection");
    isStopped = true;
    await conn.closeWrite().catch(() => {});
    await stopped;
    await sent;
    assert.equal(lines, LINES * stats.calls);
  }));

Deno.test("resp: messages in an unfinished write count as dropped when the server stops", () =>
  withResp({}, async ({ server, client }) => {
    await client.call("SUBSCRIBE", "t");
    server.store.subscriptions.publish("t", "x".repeat(30_000_000));
    await within(server.stop({ graceMs: 100 }), "the end of a server");
    assert.equal(server.getStats().dropped, 1);
  }));
