// Streams between processes and between workers: who dies in the middle of one ends it for the other.

import assert from "node:assert/strict";
import { Replier, Requester, ShmPeerLostError } from "../../../mod.ts";
import { type OnStage, peerAs } from "../../support/patterns.ts";
import { openSocket } from "../../support/peer.ts";
import { EndlessStream } from "../../support/endless_stream.ts";
import { inScratch } from "../../support/scratch.ts";
import { amongProcesses, amongWorkers } from "../../support/stages.ts";

const ENDLESS = 2 ** 40;
const PARTS = 500;

const STAGES: Record<string, OnStage> = { processes: amongProcesses, workers: amongWorkers };

for (const [who, onStage] of Object.entries(STAGES)) {
  Deno.test(`${who}: streams of two requesters come from two repliers, whole and in order`, () =>
    onStage(async (stage) => {
      const repliers = [await peerAs(stage, "replier"), await peerAs(stage, "replier")];
      for (const peer of repliers) await peer.execute({ do: "serveStream", id: "replier" });
      const requesters = [await peerAs(stage, "requester"), await peerAs(stage, "requester")];
      const expected = Array.from({ length: PARTS }, (_, n) => n);
      for (const window of [1, 16]) {
        const command = { do: "stream", request: PARTS, count: PARTS + 1, window } as const;
        for (const peer of requesters) await peer.start({ ...command, id: "requester" });
        for (const peer of requesters) assert.deepEqual(await peer.result(), expected);
      }
      for (const peer of repliers) await peer.execute({ do: "close" });
    }));
}

Deno.test("a replier that is killed ends its streams with ShmPeerLostError", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn();
    await openSocket(child, "replier", "replier", "ask", { dir });
    await child.execute({ do: "serveStream", id: "replier" });
    using requester = new Requester<number, number>("ask", { dir });
    const parts = requester.stream(ENDLESS, { timeoutMs: 20_000 });
    assert.equal((await parts.next()).value, 0);
    child.kill("SIGKILL");
    await child.ended();
    await assert.rejects(async () => {
      for await (const _ of parts) continue;
    }, ShmPeerLostError);
    // Another replier serves the next stream.
    using replier = new Replier<number, number>("ask", { dir });
    const served = replier.serveStream((count) => [count]);
    assert.equal((await requester.stream(7, { timeoutMs: 20_000 }).next()).value, 7);
    replier.close();
    await served;
  }));

Deno.test("a requester that is killed ends its stream: the generator's signal has the error", () =>
  inScratch(async ({ path: dir, spawn }) => {
    await using stream = new EndlessStream(dir);
    const child = spawn();
    await openSocket(child, "q", "requester", "ask", { dir });
    const command = { do: "stream", id: "q", request: 0, count: 3 } as const;
    assert.deepEqual(await child.execute(command), [0, 1, 2]);
    child.kill("SIGKILL");
    await child.ended();
    assert.ok(await stream.reason() instanceof ShmPeerLostError);
    // Its slot has another owner, who gets no part of that stream.
    using requester = new Requester<number, void>("ask", { dir });
    assert.equal((await requester.stream<number>(0, { timeoutMs: 20_000 }).next()).value, 0);
  }));
