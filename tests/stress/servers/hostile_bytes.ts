/**
 * Hostile bytes for the ports of a server process, beside clients that work: the clients notice nothing,
 * the server's memory returns to what it was, and it ends well.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MessageCollector, numbered, numbersOf } from "../../conformance/messaging/transport.ts";
import { hostileBytes as hostileHttp } from "../../support/hostile_http.ts";
import { hostileInput as hostileLine } from "../../support/hostile_lines.ts";
import { Random } from "../../support/random.ts";
import { serve, type ServedProcess } from "./served.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Inputs of a stage of scale 1. */
const INPUTS = 100_000;
const ATTACKERS = 8;
/** What the server may take more at the end than after a tenth of the inputs. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20;
const LIMITS = ["--max-bytes", "16mb", "--max-messages-per-topic", "100"];

const encoder = new TextEncoder();

/** Makes inputs for one protocol. */
interface Attack {
  readonly name: string;
  port(server: ServedProcess): number;
  input(random: Random): Uint8Array;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "http",
    port: ({ httpPort }) => httpPort,
    input: (random) => encoder.encode(hostileHttp(random)),
  },
  { name: "lines", port: ({ tcpPort }) => tcpPort, input: hostileLine },
];

/** Sends an input in up to two pieces, and closes without a word, at times before the end. */
async function strike(port: number, input: Uint8Array, random: Random): Promise<void> {
  const cut = random.below(input.length + 1);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await conn.write(input.subarray(0, cut));
    if (random.chance(0.8)) await conn.write(input.subarray(cut));
    // Most requests are read and carried out before the connection ends.
    if (random.chance(0.7)) await readSome(conn, random.between(1, 30));
  } catch (error) {
    if (!isEndOfConnection(error)) throw error;
  }
}

async function readSome(conn: Deno.TcpConn, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => void conn.closeWrite().catch(() => {}), timeoutMs);
  await conn.read(new Uint8Array(4096)).finally(() => clearTimeout(timer));
}

function isEndOfConnection(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.NotConnected;
}

async function run(attack: Attack, { random, scale }: StageContext) {
  const count = Math.ceil(INPUTS * scale);
  await using server = await serve(LIMITS);
  let sent = 0;
  let settledBytes = 0;
  const attackers = Array.from({ length: ATTACKERS }, async () => {
    const own = new Random(random.word());
    while (sent < count) {
      if (++sent === Math.ceil(count / 10)) settledBytes = server.rssBytes();
      await strike(attack.port(server), attack.input(own), own);
    }
  });
  const worked = work(server, () => sent >= count);
  await Promise.all([...attackers, worked]);
  const grown = server.rssBytes() - settledBytes;
  assert.ok(grown < MAX_GROWTH_BYTES, `the server grew by ${grown} bytes`);
  await server.stop();
  return { inputs: sent, "messages of others": await worked };
}

/** A client that stores and subscribes through each server, until the attack is over. */
async function work(server: ServedProcess, isOver: () => boolean): Promise<number> {
  await using writer = server.tcpBackend();
  await using reader = server.httpBackend();
  const collector = new MessageCollector();
  await reader.subscribe("theirs", collector.handler);
  let n = 0;
  for (; n === 0 || !isOver(); n++) {
    await writer.storeMessage("theirs", "theirs", numbered(n));
    await reader.set("theirs", n);
    assert.equal(await reader.get("theirs"), n);
    await collector.has(n + 1);
  }
  assert.deepEqual(numbersOf(collector.messages), Array.from({ length: n }, (_, i) => i));
  return n;
}

/** One stage for each protocol. */
export const HOSTILE_BYTES: readonly Stage[] = ATTACKS.map((attack) => ({
  name: `hostile bytes: ${attack.name}`,
  about: "malformed input beside clients that must not notice it",
  run: (context) => run(attack, context),
}));
