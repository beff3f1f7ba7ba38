/**
 * More connections than a server has descriptors for: it accepts what it can, lives, keeps its messages,
 * and serves as before when they are gone.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SharedMemoryMessagingBackend } from "../../../backends/http/mod.ts";
import { MessagingConnectionError } from "../../../mod.ts";
import { numbered, numbersOf } from "../../conformance/messaging/transport.ts";
import { sleep, until } from "../../support/deadline.ts";
import { isListening } from "../../support/line_client.ts";
import { serve, type ServedProcess } from "./served.ts";
import type { Stage, StageContext } from "./stage.ts";

const DESCRIPTORS = 120;
const CONNECTIONS = 3 * DESCRIPTORS;
/** Floods of a stage of scale 1. */
const FLOODS = 40;
/** How long a flood lasts. */
const FLOOD_MS = 300;

/** Opens connections to both ports, some with the beginning of a request, and closes them all. */
async function flood(server: ServedProcess, { random }: StageContext): Promise<number> {
  const ports = [server.httpPort, server.tcpPort];
  const opened = await Promise.allSettled(
    Array.from(
      { length: CONNECTIONS },
      (_, i) => Deno.connect({ hostname: "127.0.0.1", port: ports[i % 2] }),
    ),
  );
  const conns = opened.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  for (const conn of conns) {
    if (random.chance(0.3)) await conn.write(new TextEncoder().encode("GET /h")).catch(() => {});
  }
  await sleep(FLOOD_MS);
  for (const conn of conns) conn.close();
  return conns.length;
}

/** Stores a message; false if the server breaks off. Storing it again does no harm. */
async function isStored(http: SharedMemoryMessagingBackend, n: number): Promise<boolean> {
  try {
    await http.storeMessage("n", "t", numbered(n));
    return true;
  } catch (error) {
    if (error instanceof MessagingConnectionError) return false;
    throw error;
  }
}

async function run(context: StageContext) {
  await using server = await serve([], `ulimit -n ${DESCRIPTORS}`);
  await using before = server.tcpBackend();
  await before.storeMessage("n", "t", numbered(0));
  let connections = 0;
  const floods = Math.max(2, Math.ceil(FLOODS * context.scale));
  for (let n = 1; n <= floods; n++) {
    connections += await flood(server, context);
    // A server that could not accept listens again within a second.
    await until(() => isListening(server.httpPort), "an HTTP server that listens again");
    await using http = server.httpBackend();
    await using tcp = server.tcpBackend();
    // The connections of the flood that still wait may use up the descriptors once more.
    await until(() => isStored(http, n), "an HTTP server that serves again");
    assert.equal((await tcp.getMessagesForTopic("t")).length, n + 1);
  }
  const expected = Array.from({ length: floods + 1 }, (_, n) => n);
  assert.deepEqual(numbersOf(await before.getMessagesForTopic("t")), expected);
  await server.stop();
  return { floods, connections };
}

/** The stage. */
export const DESCRIPTORS_STAGE: Stage = {
  name: "descriptors",
  about: "more connections than the server has descriptors for",
  run,
};
