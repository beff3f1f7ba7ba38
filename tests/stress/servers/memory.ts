/**
 * Servers with a small `maxBytes` whose clients try to fill their memory: it stays within one and a half times
 * of that, besides what a server takes that holds nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { sleep } from "../../support/deadline.ts";
import { ATTACKS, Peer, type Target } from "./memory_attacks.ts";
import { serve, type ServedProcess } from "./served.ts";
import type { Stage } from "./stage.ts";

const MIB = 2 ** 20;
/** Memory that a server may take, besides what it takes without content, for each byte of `maxBytes`. */
const FACTOR = 1.5;
/** The same for a moment, in which garbage was not collected yet. The runtime's connections count as well. */
const PEAK_FACTOR = 2;
const SAMPLE_INTERVAL_MS = 20;
/** Samples in which the memory has to settle. */
const SETTLING_SAMPLES = 1000;

/** What an attack made of a server, in bytes of memory. */
export interface Growth {
  /** After the attack, while all clients are still connected. */
  readonly settled: number;
  /** The most at any time. */
  readonly peak: number;
}

/** Does ordinary work, so that the code is compiled: the same as a server does that holds nothing. */
async function warmUp(server: ServedProcess): Promise<void> {
  await using http = server.httpBackend();
  await using tcp = server.tcpBackend();
  for (let i = 0; i < 200; i++) {
    await http.set("k", "x".repeat(1000));
    await http.get("k");
    await tcp.publish("c", "x".repeat(1000));
  }
  await http.deleteKey("k");
}

/** What is left when the server has done what it was sent: at once if that is little, or in the end. */
async function settledBytes(measure: () => number, enough: number): Promise<number> {
  for (let i = 0; i < SETTLING_SAMPLES && measure() > enough; i++) {
    await sleep(SAMPLE_INTERVAL_MS);
  }
  return measure();
}

/** Attacks a server of its own. */
async function growthUnder(
  attack: (target: Target) => Promise<void>,
  maxBytes: number,
): Promise<Growth> {
  await using server = await serve(["--max-bytes", String(maxBytes)]);
  await warmUp(server);
  const bare = server.rssBytes();
  let peak = bare;
  const timer = setInterval(() => peak = Math.max(peak, server.rssBytes()), SAMPLE_INTERVAL_MS);
  const peers: Peer[] = [];
  try {
    await attack({
      httpPort: server.httpPort,
      tcpPort: server.tcpPort,
      maxBytes,
      async connect(port) {
        const peer = await Peer.connect(port);
        peers.push(peer);
        return peer;
      },
    });
    // The server answers, and goes on with its work.
    const health = await fetch(`${server.httpUrl}/health`);
    assert.equal((await health.json()).status, "healthy");
    const settled = await settledBytes(() => server.rssBytes() - bare, FACTOR * maxBytes);
    return { settled, peak: peak - bare };
  } finally {
    clearInterval(timer);
    for (const peer of peers) peer[Symbol.dispose]();
  }
}

/** Throws if an attack made a server larger than its limit allows. */
export async function checkMemory(
  attack: (target: Target) => Promise<void>,
  maxBytes: number,
): Promise<Growth> {
  const growth = await growthUnder(attack, maxBytes);
  const mib = (bytes: number) => (bytes / MIB).toFixed(1);
  assert.ok(
    growth.settled <= FACTOR * maxBytes,
    `${mib(growth.settled)} MiB for maxBytes of ${mib(maxBytes)} MiB, ${mib(growth.peak)} at most`,
  );
  assert.ok(
    growth.peak <= PEAK_FACTOR * maxBytes,
    `${mib(growth.peak)} MiB for a moment, for maxBytes of ${mib(maxBytes)} MiB`,
  );
  return growth;
}

/** One stage for each attack. */
export const MEMORY: readonly Stage[] = Object.entries(ATTACKS).map(([name, attack]) => ({
  name: `memory: ${name}`,
  about: "clients that try to fill the memory of a server with maxBytes",
  isSlow: true,
  async run({ scale }) {
    const maxBytes = Math.max(16, Math.round(64 * scale)) * MIB;
    const { settled, peak } = await checkMemory(attack, maxBytes);
    const percent = (bytes: number) => Math.max(1, Math.round(100 * bytes / maxBytes));
    return { "% of maxBytes": percent(settled), "% at most": percent(peak) };
  },
}));
