/**
 * Clients that send a byte now and then, and subscribers that never read, beside clients that work: those
 * go on, the server's memory stays within what its queues may take, and it ends well.
 *
 * @module
 */

import assert from "node:assert/strict";
import { numbered } from "../../conformance/messaging/transport.ts";
import { sleep } from "../../support/deadline.ts";
import { serve, type ServedProcess } from "./served.ts";
import type { Stage, StageContext } from "./stage.ts";

const MEGABYTE = 2 ** 20;
const SLOW_CLIENTS = 100;
const SILENT_SUBSCRIBERS = 20;
/** Values for the silent subscribers of a stage of scale 1. */
const VALUES = 4000;
const VALUE_BYTES = 64 * 1024;
const QUEUE_MEGABYTES = 1;
/** For the queues, what the system buffers for each connection, and the rest of the server's work. */
const MAX_GROWTH_BYTES = (2 * QUEUE_MEGABYTES * SILENT_SUBSCRIBERS + 128) * MEGABYTE;
const BYTE_INTERVAL_MS = 20;

const encoder = new TextEncoder();
const BEGINNINGS = [
  "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{",
  'STORE_MESSAGE "n" "t" JSON:' + "e".repeat(10_000),
];

/** Sends the beginning of a request, and from then on a byte at a time until it is over. */
async function dribble(port: number, beginning: string, isOver: () => boolean): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  let bytes = 0;
  try {
    for (const byte of encoder.encode(beginning)) {
      if (isOver()) break;
      await conn.write(Uint8Array.of(byte));
      bytes++;
      await sleep(BYTE_INTERVAL_MS);
    }
  } catch {
    // The server has closed a connection that was too slow.
  }
  return bytes;
}

/** Subscribes by an event stream or a line, and reads no more than the confirmation. */
async function subscribeInSilence(server: ServedProcess, at: number): Promise<Deno.TcpConn> {
  const isHttp = at % 2 === 0;
  const port = isHttp ? server.httpPort : server.tcpPort;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = isHttp
    ? "GET /events?topic=silent HTTP/1.1\r\nhost: localhost\r\n\r\n"
    : 'SUBSCRIBE "silent"\r\n';
  await conn.write(encoder.encode(request));
  await conn.read(new Uint8Array(16));
  return conn;
}

async function run({ scale }: StageContext) {
  await using server = await serve(["--max-queue-bytes", `${QUEUE_MEGABYTES}M`]);
  await using http = server.httpBackend();
  await using tcp = server.tcpBackend();
  await http.testConnection();
  const beforeBytes = server.rssBytes();
  let isOver = false;
  const slow = Array.from(
    { length: SLOW_CLIENTS },
    (_, i) => dribble(i % 2 ? server.tcpPort : server.httpPort, BEGINNINGS[i % 2], () => isOver),
  );
  const silent = await Promise.all(
    Array.from({ length: SILENT_SUBSCRIBERS }, (_, i) => subscribeInSilence(server, i)),
  );
  const value = "x".repeat(VALUE_BYTES);
  const count = Math.ceil(VALUES * scale);
  for (let n = 0; n < count; n++) {
    await tcp.publish("silent", value);
    await http.storeMessage("n", "t", numbered(n));
  }
  const grown = server.rssBytes() - beforeBytes;
  assert.equal((await tcp.getMessagesForTopic("t")).length, count);
  isOver = true;
  const bytes = (await Promise.all(slow)).reduce((sum, each) => sum + each, 0);
  assert.ok(grown < MAX_GROWTH_BYTES, `the server grew by ${grown} bytes`);
  await server.stop();
  for (const conn of silent) conn.close();
  return { values: count, "bytes of slow clients": bytes, "bytes of growth": Math.max(grown, 1) };
}

/** The stage. */
export const SLOW_PEERS: Stage = {
  name: "slow peers",
  about: "clients that send a byte at a time, and subscribers that read nothing",
  run,
};
