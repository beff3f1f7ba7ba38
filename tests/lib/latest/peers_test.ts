// Latest values between processes, and between workers: what one sets, the others read at once.

import assert from "node:assert/strict";
import { Latest, LocalChannel } from "../../../mod.ts";
import { within } from "../../support/deadline.ts";
import type { Peer } from "../../support/peer.ts";
import { inScratch } from "../../support/scratch.ts";
import { WorkerPeer } from "../../support/worker_peer.ts";

const UPDATES = 400;

/** Checks a participant of this isolate beside two others. */
async function checkPeers(
  latest: Latest<unknown>,
  target: Latest["name"] | LocalChannel["handle"],
  options: { dir: string } | undefined,
  peers: readonly Peer[],
): Promise<void> {
  const call = (peer: Peer, call: "set" | "get" | "add" | "delete", rest: object) =>
    peer.execute({ do: "latest", target, options, call, key: "k", ...rest });
  const [one, two] = peers;
  latest.set("k", { a: [1, "x"] });
  assert.deepEqual(await call(one, "get", {}), { a: [1, "x"] });
  await call(one, "set", { value: "theirs" });
  assert.equal(latest.get("k"), "theirs");
  assert.equal(await call(two, "get", {}), "theirs");

  const changes = latest.watch("k");
  assert.equal((await changes.next()).value!.value, "theirs");
  const changed = changes.next();
  await call(two, "set", { value: "watched" });
  assert.equal((await within(changed, "a change")).value!.value, "watched");
  const deleted = changes.next();
  await call(one, "delete", {});
  assert.equal((await within(deleted, "a deletion")).value!.isDeleted, true);
  await changes.return();

  const adding = peers.map((peer) => call(peer, "add", { key: "sum", count: UPDATES }));
  for (let i = 0; i < UPDATES; i++) latest.update("sum", (n) => (n as number ?? 0) + 1);
  await Promise.all(adding);
  assert.equal(latest.get("sum"), 3 * UPDATES);
}

Deno.test("latest values between processes: none is lost, and changes are told", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using latest = new Latest<unknown>("values", { dir });
    await checkPeers(latest, "values", { dir }, [spawn(), spawn()]);
  }));

Deno.test("latest values between workers: none is lost, and changes are told", async () => {
  using channel = LocalChannel.create();
  using latest = new Latest<unknown>(channel.handle);
  using one = new WorkerPeer();
  using two = new WorkerPeer();
  await checkPeers(latest, channel.handle, undefined, [one, two]);
});
