// The health of a channel: who holds what and since when, what is stale, and why a segment is kept.

import assert from "node:assert/strict";
import {
  Channel,
  type ChannelHealth,
  Latest,
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
  Requester,
} from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import { cleanUpAfterKills, inScratch } from "../../support/scratch.ts";

const CARRIERS = ["between processes", "local"] as const;

/** What is held, as texts: `"puller arm: 2 lease"`. */
function heldIn({ holds }: ChannelHealth): string[] {
  return holds.map(({ what, count, holder: { role, label } }) =>
    `${role} ${label ?? "-"}: ${count} ${what}`
  );
}

for (const carrier of CARRIERS) {
  Deno.test(`health says who holds leases, views and loans, and since when, ${carrier}`, () =>
    inScratch(async ({ path: dir }) => {
      using local = LocalChannel.create();
      const [target, options] = carrier === "local" ? [local.handle, {}] : ["jobs", { dir }];
      const before = Date.now();
      using pusher = new Pusher<Uint8Array>(target, { ...options, codec: "raw", label: "cam" });
      using acking = new Puller<Uint8Array>(target, { ...options, ack: true, label: "arm" });
      using viewing = new Puller<Uint8Array>(target, { ...options, label: "eye" });
      const channel = new Channel(target, options);
      const health = async () => (await channel.health())!;
      for (let i = 0; i < 4; i++) pusher.send(new Uint8Array(8));
      const deliveries = acking.drain(2);
      const view = viewing.recvView()!;
      const loan = pusher.loan(16)!;
      const all = await health();
      assert.deepEqual(heldIn(all), [
        "pusher cam: 1 loan",
        "puller arm: 2 lease",
        "puller eye: 1 view",
      ]);
      for (const { since, holder } of all.holds) {
        assert.ok(since.getTime() >= before && since.getTime() <= Date.now(), `${since}`);
        assert.deepEqual([holder.pid, holder.alive], [Deno.pid, true]);
      }
      assert.deepEqual([all.kind, all.stale, all.damage], ["queue", [], []]);
      assert.equal(all.participants.length, 3);
      for (const reason of ["3 participants attached", "1 message not taken yet"]) {
        assert.ok(all.kept.includes(reason), `${all.kept}`);
      }
      assert.ok(all.kept.includes("2 messages not acknowledged yet"));
      deliveries[0].ack();
      view[Symbol.dispose]();
      loan.abort();
      assert.deepEqual(heldIn(await health()), ["puller arm: 1 lease"]);
      deliveries[1].nack();
      assert.deepEqual(heldIn(await health()), []);
      // It is leased again, from now on.
      const again = acking.drain(2);
      const [lease] = (await health()).holds;
      assert.equal(lease.count, 2);
      again.forEach((one) => one.ack());
    }));

  Deno.test(`health says which requests and replies are unread, ${carrier}`, () =>
    inScratch(async ({ path: dir }) => {
      using local = LocalChannel.create();
      const [target, options] = carrier === "local" ? [local.handle, {}] : ["square", { dir }];
      const before = Date.now();
      using requester = new Requester<number, number>(target, { ...options, label: "ask" });
      const replies = [requester.request(1), requester.request(2)];
      const channel = new Channel(target, options);
      const held = async () => heldIn((await channel.health())!);
      assert.deepEqual(await held(), ["requester ask: 2 unread request"]);
      const [hold] = (await channel.health())!.holds;
      assert.ok(hold.since.getTime() >= before && hold.since.getTime() <= Date.now());
      using replier = new Replier<number, number>(target, { ...options, label: "calc" });
      replier.recvSync();
      assert.deepEqual(
        await held(),
        ["requester ask: 1 unread request", "replier calc: 1 taken request"],
      );
      replier.send(1);
      replier.recvSync();
      replier.send(4);
      assert.deepEqual(await Promise.all(replies), [1, 4]);
      await until(async () => (await held()).length === 0, "the reading of the replies");
    }));
}

Deno.test("health says why a segment is kept, and what is stale", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const healthOf = (name: string) => new Channel(name, { dir }).health();
    assert.equal(await healthOf("none"), undefined);
    {
      using pusher = new Pusher<string>("left", { dir });
      pusher.sendMany(["a", "b"]);
      using _publisher = new Publisher("kept", { dir, persist: true });
      using latest = new Latest("values", { dir, persist: true, label: "panel" });
      latest.set("k", 1);
      assert.equal((await healthOf("values"))!.participants[0].label, "panel");
    }
    assert.deepEqual((await healthOf("left"))!.kept, ["2 messages not taken yet"]);
    assert.deepEqual((await healthOf("kept"))!.kept, ["it is persistent"]);
    const child = spawn();
    const options = { dir, label: "arm" };
    await child.execute({ do: "open", id: "p", role: "publisher", target: "news", options });
    child.kill("SIGKILL");
    await child.ended();
    const { stale, kept, holds } = (await healthOf("news"))!;
    assert.deepEqual(stale.map(({ pid, label, alive }) => [pid, label, alive]), [
      [child.pid, "arm", false],
    ]);
    assert.match(kept.join(), /^nothing keeps it: the next program .* deletes it$/);
    assert.deepEqual(holds, []);
    Deno.truncateSync(`${dir}/left`, 4096);
    const damaged = (await healthOf("left"))!;
    assert.equal(damaged.kind, "damaged");
    assert.match(damaged.kept.join(), /its header is invalid/);
    assert.ok(damaged.damage.length > 0);
    removeStale({ dir, includeNonEmpty: true, includePersistent: true });
    cleanUpAfterKills(dir);
  }));

Deno.test("a process that is killed with a lease is stale until another one attaches", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using pusher = new Pusher<string>("jobs", { dir });
    pusher.send("a");
    const child = spawn();
    const options = { dir, ack: true, label: "arm" };
    await child.execute({ do: "open", id: "p", role: "puller", target: "jobs", options });
    await child.execute({ do: "pull", id: "p", count: 1, settle: "keep" });
    child.kill("SIGKILL");
    await child.ended();
    const channel = new Channel("jobs", { dir });
    const [hold] = (await channel.health())!.holds;
    assert.deepEqual([hold.what, hold.holder.pid, hold.holder.alive], ["lease", child.pid, false]);
    using puller = new Puller<string>("jobs", { dir, ack: true });
    const after = (await channel.health())!;
    assert.deepEqual([after.holds, after.stale], [[], []]);
    const [delivery] = puller.drain(1);
    assert.equal(delivery.value, "a");
    delivery.ack();
  }));

Deno.test("a local channel has a health until it is closed", async () => {
  const local = LocalChannel.create();
  const channel = new Channel(local.handle);
  assert.equal(await channel.health(), undefined, "no socket was opened on it");
  using _puller = new Puller(local.handle);
  assert.deepEqual((await channel.health())!.kept, [
    "its handle keeps its memory",
    "1 participant attached",
  ]);
  local.close();
  assert.equal(await channel.health(), undefined);
});
