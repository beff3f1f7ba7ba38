// The channels of the machine in `/metrics`.

import assert from "node:assert/strict";
import { MAX_MACHINE_SERIES } from "../../../../backends/http/metrics/machine_families.ts";
import { SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { Latest, Publisher, Puller, Pusher, Subscriber } from "../../../../mod.ts";
import { until } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { readPrometheus } from "../../../support/prometheus.ts";
import { cleanUpAfterKills, inScratch } from "../../../support/scratch.ts";

/** The values of a server, by name and labels. */
async function scrape({ call }: HttpScene) {
  const families = readPrometheus((await call("/metrics")).text);
  return {
    families,
    value(name: string, labels: Record<string, string>): number | undefined {
      return families.get(name)?.samples.get(`${name}${JSON.stringify(Object.entries(labels))}`);
    },
  };
}

Deno.test("metrics of the machine: what channels hold, have moved and lost, and who is there", () =>
  inScratch(async ({ path: dir }) => {
    await using scene = await serveHttp({ channels: { dir } });
    using publisher = new Publisher<string>("news", { dir, codec: "json" });
    using _subscriber = new Subscriber("news", { dir });
    using pusher = new Pusher<number>("jobs", { dir, codec: "json" });
    using puller = new Puller<number>("jobs", { dir });
    using latest = new Latest<number>("poses", { dir, codec: "json" });
    publisher.send("a");
    for (let n = 0; n < 5; n++) pusher.send(n);
    assert.equal(await puller.recv(), 0);
    latest.set("left", 1);
    const { value } = await scrape(scene);
    const of = (name: string, channel: string) => value(`ringbus_channel_${name}`, { channel });
    assert.equal(value("ringbus_channels", {}), 3);
    const about = { channel: "jobs", kind: "queue", codec: "json" };
    assert.equal(value("ringbus_channel_info", about), 1);
    assert.deepEqual([of("sent_messages_total", "news"), of("lag_messages", "news")], [1, 0]);
    assert.equal(of("received_messages_total", "news"), undefined);
    assert.deepEqual(
      ["sent_messages_total", "received_messages_total", "lag_messages"].map((name) =>
        of(name, "jobs")
      ),
      [5, 1, 4],
    );
    assert.ok(of("fill_bytes", "jobs")! > 0);
    assert.ok(of("fill_bytes", "jobs")! < of("sent_bytes_total", "jobs")!);
    assert.ok(of("capacity_bytes", "jobs")! > of("fill_bytes", "jobs")!);
    assert.ok(of("fill_ratio", "jobs")! > 0);
    assert.deepEqual([of("missed_messages_total", "jobs"), of("damaged", "jobs")], [0, 0]);
    assert.deepEqual([of("keys", "poses"), of("keys", "jobs")], [1, undefined]);
    for (const role of ["pusher", "puller"]) {
      assert.equal(value("ringbus_channel_participants", { channel: "jobs", role }), 1);
    }
  }, ["jobs"]));

Deno.test("metrics of the machine: deaths are counted, and the dead are told apart", () =>
  inScratch(async (scratch) => {
    const { path: dir } = scratch;
    await using scene = await serveHttp({ channels: { dir } });
    using _keeper = new Pusher("jobs", { dir });
    const child = scratch.spawn();
    await child.execute({ do: "open", id: "p", role: "puller", target: "jobs", options: { dir } });
    const count = async (name: string) =>
      (await scrape(scene)).value(`ringbus_channel_${name}`, { channel: "jobs" });
    await until(async () => await count("deaths_total") === 0, "the channel");
    child.kill("SIGKILL");
    await child.ended();
    await until(async () => await count("deaths_total") === 1, "the death");
    assert.equal(await count("dead_participants"), 1);
    cleanUpAfterKills(dir);
  }));

Deno.test("metrics of the machine: series are bounded, and a directory that is gone stops nothing", () =>
  inScratch(async ({ path: dir }) => {
    const channels = `${dir}/channels`;
    Deno.mkdirSync(channels, { mode: 0o700 });
    await using scene = await serveHttp({ channels: { dir: channels } });
    const names = Array.from({ length: MAX_MACHINE_SERIES + 20 }, (_, i) => `c${i}`);
    const pushers = names.map((name) => new Pusher(name, { dir: channels, capacityBytes: 4096 }));
    pushers.at(-1)!.send(new Uint8Array(1));
    const { families, value } = await scrape(scene);
    assert.equal(value("ringbus_channels", {}), names.length);
    const sent = "ringbus_channel_sent_messages_total";
    assert.equal(families.get(sent)!.samples.size, MAX_MACHINE_SERIES);
    assert.equal(value(sent, { channel: names.at(-1)! }), 1);
    for (const pusher of pushers) pusher.close();
    Deno.removeSync(channels, { recursive: true });
    assert.equal((await scene.call("/metrics")).status, 200);
  }));

Deno.test("metrics of the machine: the option is checked, and none are shown without it", async () => {
  assert.throws(
    () => new SharedMemoryServer({ channels: { directory: "/tmp" } as never }),
    /directory/,
  );
  assert.throws(() => new SharedMemoryServer({ channels: 1 as never }), /channels must be/);
  assert.throws(() => new SharedMemoryServer({ channels: { dir: 1 as never } }), /dir must be/);
  await using scene = await serveHttp();
  assert.equal((await scrape(scene)).families.has("ringbus_channels"), false);
});
