// The output of `/metrics`, parsed by a strict parser of its format.

import assert from "node:assert/strict";
import { MAX_TOPIC_SERIES } from "../../../../backends/http/metrics/family.ts";
import { MAX_PATTERN_SERIES } from "../../../../backends/http/metrics/store_families.ts";
import { largest } from "../../../../backends/http/metrics/largest.ts";
import { metricsTable } from "../../../../backends/http/metrics/exposition.ts";
import { InMemoryMessageQueue, InMemoryMessagingBackend, Store } from "../../../../mod.ts";
import { startSharedMemoryServer } from "../../../../backends/http/mod.ts";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { until } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { LineClient } from "../../../support/line_client.ts";
import { readPrometheus } from "../../../support/prometheus.ts";
import { requestBytes, RespClient } from "../../../support/resp_client.ts";

/** The values of a server, by name and labels. */
async function scrape({ call }: HttpScene) {
  const { status, headers, text } = await call("/metrics");
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const families = readPrometheus(text);
  return {
    text,
    families,
    value(name: string, labels: Record<string, string> = {}): number | undefined {
      const key = `${name}${JSON.stringify(Object.entries(labels))}`;
      for (const { samples } of families.values()) {
        if (samples.has(key)) return samples.get(key);
      }
      return undefined;
    },
  };
}

Deno.test("metrics: requests are counted by route and status, with their durations", async () => {
  await using scene = await serveHttp();
  for (let id = 0n; id < 3n; id++) await scene.store("t", id);
  await scene.call("/set", "no JSON");
  await scene.call("/get/k?secret=1");
  await scene.call("/no/such/route");
  await scene.call("/get/k", undefined, { headers: { origin: "http://foreign.example" } });
  const { value, text } = await scrape(scene);
  const count = (method: string, route: string, status: string) =>
    value("ringbus_http_requests_total", { method, route, status });
  assert.equal(count("POST", "/store_message", "200"), 3);
  assert.equal(count("POST", "/set", "400"), 1);
  assert.equal(count("GET", "/get/{key}", "200"), 1);
  assert.equal(count("any", "unmatched", "404"), 1);
  assert.equal(count("any", "unmatched", "403"), 1);
  assert.equal(text.includes("secret"), false);
  const labels = { method: "POST", route: "/store_message" };
  const duration = "ringbus_http_request_duration_seconds";
  assert.equal(value(`${duration}_count`, labels), 3);
  assert.ok(value(`${duration}_sum`, labels)! > 0);
  assert.equal(value(`${duration}_bucket`, { ...labels, le: "+Inf" }), 3);
  const again = await scrape(scene);
  const scrapes = { method: "GET", route: "/metrics", status: "200" };
  assert.equal(again.value("ringbus_http_requests_total", scrapes), 1);
});

Deno.test("metrics: what the store holds, and what was stored, expired, was deleted and evicted", async () => {
  let nowMs = 0;
  const store = new Store({ clock: () => nowMs, maxBytes: 100_000, maxMessagesPerTopic: 3 });
  await using scene = await serveHttp({ store });
  for (let id = 0n; id < 5n; id++) await scene.store("full", id);
  await scene.store("gone", 9n);
  await scene.call("/messages/gone", undefined, { method: "DELETE" });
  await scene.call("/set", { key: "brief", value: 1, ex: 1 });
  await scene.call("/set", { key: "k", value: 1 });
  await scene.call("/set", { key: "k", value: 2 });
  await scene.call("/set", { key: "deleted", value: 1 });
  await scene.call("/keys/deleted", undefined, { method: "DELETE" });
  nowMs = 1001;
  const { value } = await scrape(scene);
  assert.deepEqual(
    {
      stored: value("ringbus_messages_stored_total"),
      evicted: value("ringbus_messages_evicted_total"),
      deleted: value("ringbus_items_deleted_total"),
      expired: value("ringbus_items_expired_total"),
      topics: value("ringbus_topics"),
      messages: value("ringbus_messages"),
      ofTopic: value("ringbus_topic_messages", { topic: "full" }),
      keys: value("ringbus_keys"),
      limit: value("ringbus_memory_limit_bytes"),
      oldest: value("ringbus_oldest_message_timestamp_seconds"),
    },
    {
      stored: 6,
      evicted: 2,
      deleted: 2,
      expired: 1,
      topics: 1,
      messages: 3,
      ofTopic: 3,
      keys: 1,
      limit: 100_000,
      oldest: Date.UTC(2023, 0, 1) / 1000,
    },
  );
  const { bytes } = store.stats();
  assert.equal(value("ringbus_memory_bytes"), bytes);
  assert.ok(value("ringbus_topic_bytes", { topic: "full" })! < bytes);
  assert.ok(value("ringbus_uptime_seconds")! > 0);
  assert.ok(value("process_resident_memory_bytes")! > 10_000_000);
});

Deno.test("metrics: subscribers of each transport, what waits for them, and what they lost", async () => {
  let nowMs = 1000;
  const store = new Store({ clock: () => nowMs });
  await using scene = await serveHttp({ store, maxQueueLength: 2 });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await using client = await LineClient.open(await tcp.start());
  await client.request("SUBSCRIBE t");
  await using backend = new InMemoryMessagingBackend({ store });
  await backend.subscribe("other", () => {});
  await scene.call("/subscribe", { topic: "t", subscriber_id: "slow" });
  await scene.call("/psubscribe", { pattern: "t*", subscriber_id: "slower" });
  await using stream = await events(scene, "t");
  await scene.store("t", 1n);
  nowMs = 2500;
  for (let id = 2n; id <= 3n; id++) await scene.store("t", id);
  await stream.until("id: 3");
  await until(() => [...store.subscriptions.all].every(isDrainedOrPolls), "the pushes");
  const { value } = await scrape(scene);
  const waits = (transport: string) => [
    value("ringbus_subscribers", { transport }),
    value("ringbus_backlog_messages", { transport }),
    value("ringbus_backlog_longest_messages", { transport }),
  ];
  assert.deepEqual(waits("poll"), [2, 4, 2]);
  assert.deepEqual(waits("events"), [1, 0, 0]);
  assert.deepEqual(waits("tcp"), [1, 0, 0]);
  assert.deepEqual(waits("memory"), [1, 0, 0]);
  assert.ok(value("ringbus_backlog_bytes", { transport: "poll" })! > 100);
  assert.equal(value("ringbus_backlog_oldest_seconds", { transport: "tcp" }), 0);
  nowMs = 3000;
  const later = await scrape(scene);
  assert.equal(later.value("ringbus_backlog_oldest_seconds", { transport: "poll" }), 0.5);
  assert.equal(value("ringbus_deliveries_total"), 12);
  assert.equal(value("ringbus_deliveries_dropped_total"), 2);
  assert.equal(value("ringbus_subscriptions", { kind: "topic" }), 4);
  assert.equal(value("ringbus_subscriptions", { kind: "pattern" }), 1);
  assert.equal(value("ringbus_http_event_streams"), 1);
  assert.equal(value("ringbus_tcp_connections"), 1);
  assert.equal(value("ringbus_tcp_connections_accepted_total"), 1);
  assert.equal(value("ringbus_tcp_commands_total", { command: "SUBSCRIBE" }), 1);
  assert.equal(value("ringbus_tcp_commands_total", { command: "PING" }), 0);
  assert.equal(value("ringbus_tcp_pushes_total"), 3);
  assert.ok(value("ringbus_tcp_received_bytes_total")! >= "SUBSCRIBE t\n".length);
});

const isDrainedOrPolls = ({ transport, length }: { transport: string; length: number }) =>
  transport === "poll" || length === 0;

/** An open stream of events, whose text can be waited for. */
async function events({ url }: HttpScene, topic: string) {
  const response = await fetch(`${url}/events?topic=${topic}`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async until(part: string): Promise<void> {
      while (!text.includes(part)) {
        const { value, done } = await reader.read();
        assert.ok(!done, `the stream ended before ${part}`);
        text += value;
      }
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}

Deno.test("metrics: TCP servers on one store are counted together, and only while they listen", async () => {
  const store = new Store();
  await using scene = await serveHttp({ store });
  assert.equal((await scrape(scene)).value("ringbus_tcp_connections"), undefined);
  await using one = new EmbeddedServer({ port: 0, store });
  await using other = new EmbeddedServer({ port: 0, store });
  await using first = await LineClient.open(await one.start());
  await using second = await LineClient.open(await other.start());
  for (const client of [first, second, second]) assert.equal(await client.request("PING"), "PONG");
  const { value } = await scrape(scene);
  assert.equal(value("ringbus_tcp_connections"), 2);
  assert.equal(value("ringbus_tcp_commands_total", { command: "PING" }), 3);
  await one.stop();
  assert.equal((await scrape(scene)).value("ringbus_tcp_commands_total", { command: "PING" }), 2);
  await other.stop();
  assert.equal((await scrape(scene)).value("ringbus_tcp_connections"), undefined);
});

Deno.test("metrics: series of topics are bounded, whatever their names; the rest is summed", async () => {
  await using scene = await serveHttp();
  const { store } = scene.server;
  const hostile = [
    'a"} 1',
    "back\\slash\\",
    "__proto__",
    "constructor",
    "</script>",
    "ü😀",
    "{}=,",
  ];
  for (const [i, topic] of hostile.entries()) {
    for (let id = 0; id <= i + 1; id++) store.storeMessage("n", topic, `{"id":${id}}`);
  }
  for (let i = 0; i < 3 * MAX_TOPIC_SERIES; i++) store.storeMessage("n", `small ${i}`, '{"id":1}');
  const { value, families } = await scrape(scene);
  for (const [i, topic] of hostile.entries()) {
    assert.equal(value("ringbus_topic_messages", { topic }), i + 2, topic);
  }
  for (const name of ["ringbus_topic_messages", "ringbus_topic_bytes"]) {
    assert.equal(families.get(name)!.samples.size, MAX_TOPIC_SERIES + 1);
  }
  const rest = 3 * MAX_TOPIC_SERIES - (MAX_TOPIC_SERIES - hostile.length);
  assert.equal(value("ringbus_topic_messages"), rest);
  const sum = families.get("ringbus_topic_bytes")!.samples.values().reduce((a, b) => a + b);
  assert.equal(sum, store.topics.values().reduce((total, { bytes }) => total + bytes, 0));
  // The memory has the names of the topics, too.
  assert.ok(sum < value("ringbus_memory_bytes")!);
});

Deno.test("metrics: the token is asked for", async () => {
  await using scene = await serveHttp({ token: "s3cret" });
  assert.equal((await scene.call("/metrics")).status, 401);
  const headers = { authorization: "Bearer s3cret" };
  const { status, text } = await scene.call("/metrics", undefined, { headers });
  assert.equal(status, 200);
  assert.equal(text.includes("s3cret"), false);
});

Deno.test("metrics: a server in a process of its own has them, with its permissions", async () => {
  await using server = await startSharedMemoryServer({ serverMode: "process" });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.ok(readPrometheus(text).has("ringbus_messages"));
});

Deno.test("metrics: the library is not loaded before the first scrape", async () => {
  const program = `
    import { createRequire } from "node:module";
    import { SharedMemoryServer } from "${new URL(
    "../../../../backends/http/mod.ts",
    import.meta.url,
  )}";
    const { cache } = createRequire(import.meta.url);
    const isLoaded = () => Object.keys(cache).some((path) => path.includes("prom-client"));
    await using server = new SharedMemoryServer();
    const url = await server.start();
    await (await fetch(url + "/stats")).text();
    const before = isLoaded();
    await (await fetch(url + "/metrics")).text();
    console.log(before, isLoaded());`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
    stderr: "inherit",
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "false true\n");
});

Deno.test("metrics: message queues by channel, and one that does not say its numbers", async () => {
  await using jobs = new InMemoryMessageQueue({ maxAttempts: 1 });
  await jobs.initialize();
  await using closed = new InMemoryMessageQueue();
  for (const payload of [1, 2, 3]) {
    await jobs.publish({ channel: "c\n", payload, sourceAgent: "a", targetAgent: "b" });
  }
  const later = { channel: "idle", payload: 1, sourceAgent: "a", delaySeconds: 3600 };
  await jobs.publish({ ...later, targetAgent: "b" });
  await jobs.pause("idle");
  for await (const job of jobs.subscribe("c\n", "b")) {
    await jobs.reject(job, "broken");
    break;
  }
  await using scene = await serveHttp({ queues: { jobs, closed } });
  const { value } = await scrape(scene);
  const messages = (state: string) =>
    value("ringbus_queue_messages", { queue: "jobs", channel: "c\n", state });
  assert.deepEqual(["waiting", "delayed", "leased", "dead"].map(messages), [2, 0, 0, 1]);
  const labels = { queue: "jobs", channel: "c\n" };
  assert.ok(value("ringbus_queue_oldest_seconds", labels)! >= 0);
  assert.equal(value("ringbus_queue_events_total", { ...labels, event: "published" }), 3);
  assert.equal(value("ringbus_queue_events_total", { ...labels, event: "dead" }), 1);
  assert.equal(value("ringbus_queue_paused", labels), 0);
  assert.equal(value("ringbus_queue_paused", { queue: "jobs", channel: "idle" }), 1);
  assert.equal(
    value("ringbus_queue_oldest_seconds", { queue: "jobs", channel: "idle" }),
    undefined,
  );
  assert.equal(value("ringbus_queue_up", { queue: "jobs" }), 1);
  assert.equal(value("ringbus_queue_up", { queue: "closed" }), 0);
});

Deno.test("metrics: the largest few of many are found", () => {
  const sizes = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1000);
  const descending = (a: number, b: number) => b - a;
  const expected = [999, 998, 997, 996, 995];
  assert.deepEqual(largest(sizes, 5, descending), expected);
  assert.deepEqual(largest([3, 1, 2], 5, descending), [3, 2, 1]);
  assert.deepEqual(largest([], 5, descending), []);
});

Deno.test("metrics: the table in the documentation is that of the server", () => {
  const page = Deno.readTextFileSync(new URL("../../../../docs/dashboard.md", import.meta.url));
  const cells = (line: string) => line.split("|").map((cell) => cell.trim());
  const rows = new Set(page.split("\n").map((line) => JSON.stringify(cells(line))));
  for (const line of metricsTable().split("\n").slice(2)) {
    assert.ok(rows.has(JSON.stringify(cells(line))), `docs/dashboard.md lacks ${line}`);
  }
});

Deno.test("metrics: clients of Redis by what they do, their errors, and how long commands take", async () => {
  const store = new Store();
  await using scene = await serveHttp({ store });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await using lines = await LineClient.open(await tcp.start());
  await using client = await RespClient.open(tcp.port);
  await using subscriber = await RespClient.open(tcp.port);
  await using waiting = await RespClient.open(tcp.port);
  await client.call("SET", "k", "v");
  await client.call("GET", "k");
  await client.call("EXPIRE", "k", "100");
  await client.call("SELECT", "3");
  await client.call("SET", "other", "v");
  await client.call("LPUSH", "k");
  await subscriber.call("SUBSCRIBE", "c");
  await waiting.send(requestBytes(["BLPOP", "list", "0"]));
  await until(() => tcp.resp.clients().some(({ state }) => state === "blocked"), "a wait");
  assert.equal(await lines.request("PING"), "PONG");
  const { value } = await scrape(scene);
  const clients = (state: string) => value("ringbus_redis_clients", { state });
  assert.deepEqual(["normal", "subscribed", "blocked", "monitor"].map(clients), [1, 1, 1, 0]);
  assert.equal(value("ringbus_redis_errors_total", { code: "ERR" }), 1);
  const measured = "ringbus_tcp_command_duration_seconds";
  for (const command of ["PING", "redis get", "redis subscribe"]) {
    assert.equal(value(`${measured}_count`, { command }), 1, command);
    assert.ok(value(`${measured}_sum`, { command })! > 0, command);
  }
  assert.equal(value(`${measured}_count`, { command: "redis set" }), 2);
  assert.equal(value(`${measured}_bucket`, { command: "redis set", le: "+Inf" }), 2);
  assert.equal(value("ringbus_database_keys", { database: "0" }), 1);
  assert.equal(value("ringbus_database_keys", { database: "3" }), 1);
  assert.equal(value("ringbus_database_expiring_keys", { database: "0" }), 1);
});

Deno.test("metrics: of commands that arrive together only the first is measured, and all are counted", async () => {
  const store = new Store();
  await using scene = await serveHttp({ store });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await tcp.start();
  await using client = await RespClient.open(tcp.port);
  await client.pipeline([["SET", "k", "0"], ...Array(500).fill(["INCR", "k"])]);
  const { value } = await scrape(scene);
  assert.equal(value("ringbus_tcp_commands_total", { command: "redis incr" }), 500);
  const measured = (command: string) =>
    value("ringbus_tcp_command_duration_seconds_count", { command });
  assert.equal(measured("redis set"), 1);
  // The server takes turns with others between the commands, and measures the next one.
  assert.ok((measured("redis incr") ?? 0) < 500);
});

Deno.test("metrics: subscribers by topic and by pattern; series of patterns are bounded", async () => {
  await using scene = await serveHttp();
  const { store } = scene.server;
  await scene.store("orders.new", 1n);
  await scene.store("quiet", 1n);
  await scene.call("/subscribe", { topic: "orders.new", subscriber_id: "one" });
  for (const subscriber_id of ["one", "two"]) {
    await scene.call("/psubscribe", { pattern: "orders.*", subscriber_id });
  }
  await using backend = new InMemoryMessagingBackend({ store });
  for (let n = 0; n < 2 * MAX_PATTERN_SERIES; n++) {
    await backend.psubscribe(`other.${n}.*`, () => {});
  }
  const { value, families } = await scrape(scene);
  assert.equal(value("ringbus_pattern_subscribers", { pattern: "orders.*" }), 2);
  assert.equal(families.get("ringbus_pattern_subscribers")!.samples.size, MAX_PATTERN_SERIES + 1);
  assert.equal(value("ringbus_pattern_subscribers"), MAX_PATTERN_SERIES + 1);
  const subscribers = (topic: string, kind: string) =>
    value("ringbus_topic_subscribers", { topic, kind });
  assert.equal(subscribers("orders.new", "topic"), 1);
  assert.equal(subscribers("orders.new", "pattern"), 2);
  assert.equal(subscribers("quiet", "pattern"), 0);
});
