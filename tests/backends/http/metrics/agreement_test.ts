// The page and `/metrics` show the same numbers of the same things.

import assert from "node:assert/strict";
import type { Snapshot } from "../../../../backends/http/dashboard/snapshot.ts";
import { Publisher, Pusher, Store, Subscriber } from "../../../../mod.ts";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { within } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { readPrometheus } from "../../../support/prometheus.ts";
import { RespClient } from "../../../support/resp_client.ts";
import { inScratch } from "../../../support/scratch.ts";

type Labels = Record<string, string>;

/** A metric with labels, and the same number on the page. */
type Pair = readonly [metric: string, labels: Labels, ofPage: number | null];

const ROLES = ["publisher", "subscriber", "pusher"];

/** All numbers of a snapshot that are metrics, too. */
function pairsOf({ totals, memory, topics, databases, channels, tcp, clients }: Snapshot): Pair[] {
  return [
    ["ringbus_topics", {}, totals.topics],
    ["ringbus_messages", {}, totals.messages],
    ["ringbus_keys", {}, totals.keys],
    ["ringbus_messages_stored_total", {}, totals.stored],
    ["ringbus_messages_evicted_total", {}, totals.evicted],
    ["ringbus_items_expired_total", {}, totals.expired],
    ["ringbus_items_deleted_total", {}, totals.deleted],
    ["ringbus_deliveries_dropped_total", {}, totals.dropped],
    ["ringbus_memory_bytes", {}, memory.bytes],
    ["ringbus_memory_limit_bytes", {}, memory.limitBytes],
    ["ringbus_tcp_connections", {}, tcp!.connections],
    ["ringbus_redis_clients", { state: "normal" }, clients!.clients.length],
    ["ringbus_channels", {}, channels!.total],
    ...topics.flatMap(({ topic, messages, bytes, subscribers, patternSubscribers }): Pair[] => [
      ["ringbus_topic_messages", { topic }, messages],
      ["ringbus_topic_bytes", { topic }, bytes],
      ["ringbus_topic_subscribers", { topic, kind: "topic" }, subscribers],
      ["ringbus_topic_subscribers", { topic, kind: "pattern" }, patternSubscribers],
    ]),
    ...databases.flatMap(({ database, keys, expiring }): Pair[] => [
      ["ringbus_database_keys", { database: String(database) }, keys],
      ["ringbus_database_expiring_keys", { database: String(database) }, expiring],
    ]),
    ...tcp!.commands.map(({ command, count }): Pair => [
      "ringbus_tcp_commands_total",
      { command },
      count,
    ]),
    ...channels!.channels.flatMap((row): Pair[] => {
      const channel = { channel: row.name };
      return [
        ["ringbus_channel_info", { ...channel, kind: row.kind, codec: row.codec }, 1],
        ["ringbus_channel_fill_ratio", channel, row.fill],
        ["ringbus_channel_sent_messages_total", channel, row.sentMessages],
        ["ringbus_channel_missed_messages_total", channel, row.dropped],
        ["ringbus_channel_lag_messages", channel, row.lag],
        ["ringbus_channel_dead_participants", channel, row.dead],
        ...ROLES.map((role): Pair => [
          "ringbus_channel_participants",
          { ...channel, role },
          row.participants[role] ?? null,
        ]),
      ];
    }),
  ];
}

/** A snapshot that has all parts. */
async function snapshotOf({ url }: HttpScene): Promise<Snapshot> {
  const { body } = await fetch(`${url}/snapshots`);
  let text = "";
  for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const events = text.split("\n\n").slice(0, -1);
    const last: Snapshot | undefined = events.length === 0
      ? undefined
      : JSON.parse(events.at(-1)!.slice("data: ".length));
    if (last !== undefined && last.channels !== null) return last;
  }
  throw new Error("the stream has ended");
}

Deno.test("the page and the metrics show the same numbers", () =>
  inScratch(async ({ path: dir }) => {
    const store = new Store({ maxBytes: 1_000_000 });
    await using tcp = new EmbeddedServer({ port: 0, store });
    await using client = await RespClient.open(await tcp.start());
    await client.call("SET", "k", "v", "EX", "100");
    await client.call("LPUSH", "k");
    using publisher = new Publisher<number>("news", { dir, codec: "json" });
    using _subscriber = new Subscriber("news", { dir });
    using pusher = new Pusher<number>("jobs", { dir, codec: "json" });
    for (const socket of [publisher, pusher]) socket.send(1);
    await using scene = await serveHttp({ store, channels: { dir } });
    await scene.store("orders.new", 1n);
    await scene.store("quiet", 2n);
    await scene.call("/subscribe", { topic: "orders.new", subscriber_id: "one" });
    await scene.call("/psubscribe", { pattern: "orders.*", subscriber_id: "two" });
    const snapshot = await within(snapshotOf(scene), "a snapshot of the channels");
    const families = readPrometheus((await scene.call("/metrics")).text);
    const pairs = pairsOf(snapshot);
    assert.ok(pairs.length > 40);
    for (const [name, labels, ofPage] of pairs) {
      const key = `${name}${JSON.stringify(Object.entries(labels))}`;
      assert.equal(families.get(name)?.samples.get(key) ?? null, ofPage, key);
    }
  }, ["jobs"]));
