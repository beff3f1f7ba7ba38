// The resident memory of a server process that clients try to fill, in each way that takes memory.

import assert from "node:assert/strict";
import { TransitQuota } from "../../../backends/store/transit_quota.ts";
import { ROOT, Running } from "../../support/program.ts";
import { SERVE, type ServerAddresses, untilServing } from "../../support/serve.ts";

const MIB = 2 ** 20;
const BUDGET_MIB = 16;
/** What a server needs for its work besides what it keeps: code, and garbage of a moment. */
const WORKING_MIB = 56;
const encoder = new TextEncoder();

/** A connection that writes as fast as the server reads, and may leave what the server writes unread. */
class Peer {
  readonly conn: Deno.TcpConn;
  #received = "";

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ port }));
  }

  /** Writes a text; stops when the server closes the connection. */
  async write(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  /** Reads until a text has arrived, or the connection ends. */
  async reads(text: string): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#received.includes(text)) {
      const count = await this.conn.read(buffer).catch(() => null);
      if (count === null) return;
      this.#received = this.#received.slice(-100) +
        new TextDecoder().decode(buffer.subarray(0, count));
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

interface Attack {
  readonly place: ServerAddresses;
  /** Connects, and stays connected until the memory was measured. */
  connect(port: number): Promise<Peer>;
}

let id = 1n;

/** Stores messages with the payload and the topics that are given, over one connection. */
async function store(
  { place, connect }: Attack,
  { count, length, topic }: { count: number; length: number; topic: (i: number) => string },
): Promise<void> {
  const peer = await connect(place.tcpPort);
  const done = peer.reads("PONG");
  let lines = "";
  for (let i = 0; i < count; i++) {
    const text = `{"id":${id++ << 22n},"payload":{"p":"${"x".repeat(length)}"}}`;
    lines += `STORE_MESSAGE n ${topic(i)} JSON:${btoa(text)}\r\n`;
    if (lines.length < MIB) continue;
    await peer.write(lines);
    lines = "";
  }
  await peer.write(`${lines}PING\r\n`);
  await done;
}

const ATTACKS: Record<string, (attack: Attack) => Promise<void>> = {
  "plain messages": (attack) => store(attack, { count: 100_000, length: 200, topic: () => "t" }),
  "long names": (attack) =>
    store(attack, { count: 30_000, length: 1, topic: (i) => `t${i}`.padEnd(1000, "n") }),
  async "unread replies"(attack) {
    await store(attack, { count: 8000, length: 300, topic: () => "t" });
    for (let i = 0; i < 40; i++) {
      const peer = await attack.connect(attack.place.tcpPort);
      await peer.write("PING\r\n");
      await peer.reads("PONG");
      await peer.write("GET_MESSAGES t\r\n".repeat(20));
    }
  },
  async "unfinished lines"({ place, connect }) {
    // More than the buffers of the system take: the server has read what was written.
    const start = `PUBLISH t ${"x".repeat(12 * MIB)}`;
    for (let i = 0; i < 20; i++) {
      const peer = await connect(place.tcpPort);
      await peer.write(start);
    }
  },
  async "unfinished bodies"({ place, connect }) {
    const port = Number(new URL(place.httpUrl).port);
    for (let i = 0; i < 40; i++) {
      const peer = await connect(port);
      await peer.write(
        "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
          `Content-Length: ${8 * MIB}\r\n\r\n{"key":"k","value":"${"x".repeat(2 * MIB)}`,
      );
    }
  },
  async "queues of subscribers"({ place, connect }) {
    for (let i = 0; i < 10; i++) {
      const subscriber = await connect(place.tcpPort);
      await subscriber.write(`SUBSCRIBE t${i}\r\n`);
      await subscriber.reads("OK SUBSCRIBED");
    }
    const peer = await connect(place.tcpPort);
    const done = peer.reads("PONG");
    for (let k = 0; k < 150; k++) {
      for (let i = 0; i < 10; i++) {
        await peer.write(`PUBLISH t${i} ${"y".repeat(2000)}\r\n`.repeat(40));
      }
    }
    await peer.write("PING\r\n");
    await done;
  },
};

async function residentMib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

for (const [what, attack] of Object.entries(ATTACKS)) {
  Deno.test({
    name: `maxBytes bounds the memory of a server: ${what}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const main = new URL("main.ts", ROOT).pathname;
      const args = ["run", "-A", main, ...SERVE, "--max-bytes", `${BUDGET_MIB}M`];
      await using server = new Running("ringbus serve", Deno.execPath(), args);
      const place = await untilServing(server);
      const bareMib = await residentMib(server.pid);
      const peers: Peer[] = [];
      try {
        await attack({
          place,
          async connect(port) {
            const peer = await Peer.connect(port);
            peers.push(peer);
            return peer;
          },
        });
        // The server answers, and goes on with its work.
        assert.equal((await (await fetch(`${place.httpUrl}/health`)).json()).status, "healthy");
        const usedMib = await residentMib(server.pid) - bareMib;
        assert.ok(
          usedMib <= 1.5 * BUDGET_MIB + WORKING_MIB,
          `${usedMib} MiB for maxBytes of ${BUDGET_MIB} MiB`,
        );
      } finally {
        for (const { conn } of peers) conn.close();
      }
    },
  });
}

Deno.test("what is on its way has a share of maxBytes, and a smallest one", () => {
  assert.equal(new TransitQuota(() => Infinity).maxBytes, Infinity);
  assert.equal(new TransitQuota(() => 1000).maxBytes, 4 * MIB);
  const quota = new TransitQuota(() => 64 * MIB);
  assert.equal(quota.reserve(16 * MIB), true);
  assert.equal(quota.isFull, true);
  assert.equal(quota.reserve(1), false);
  quota.add(-16 * MIB);
  assert.equal(quota.used, 0);
});
