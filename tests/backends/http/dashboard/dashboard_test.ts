// The dashboard's page and its stream over HTTP, without a browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parse } from "parse5";
import * as format from "../../../../tools/dashboard/format.js";
import { HISTORY_LENGTH, pointsOf } from "../../../../tools/dashboard/sparkline.js";
import type { Snapshot } from "../../../../backends/http/dashboard/snapshot.ts";
import { Viewers } from "../../../../backends/http/dashboard/viewers.ts";
import { MAX_DASHBOARDS } from "../../../../backends/store/limits.ts";
import { Recorder } from "../../../../backends/http/dashboard/recorder.ts";
import { MAX_ROWS, Sampler } from "../../../../backends/http/dashboard/sampler.ts";
import { RequestStats } from "../../../../backends/http/metrics/request_stats.ts";
import { Subscription } from "../../../../backends/store/subscription.ts";
import { Store } from "../../../../mod.ts";
import { EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { until, within } from "../../../support/deadline.ts";
import { type HttpScene, serveHttp } from "../../../support/http.ts";
import { LineClient } from "../../../support/line_client.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

Deno.test("dashboard: a browser gets the page at /, programs get what they did before", async () => {
  await using scene = await serveHttp();
  const page = await scene.call("/", undefined, { headers: BROWSER });
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  for (const accept of ["*/*", "application/json", ""]) {
    const { json } = await scene.call("/", undefined, { headers: { accept } });
    assert.deepEqual(json, { name: "ringbus", description: "/openapi.json" });
  }
});

Deno.test("dashboard: the page holds all it needs, and its policy allows nothing else", async () => {
  await using scene = await serveHttp();
  const { text, headers } = await scene.call("/", undefined, { headers: BROWSER });
  const policy = headers.get("content-security-policy")!;
  for (const element of ["style", "script"]) {
    const contents = [...text.matchAll(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, "g"))];
    assert.equal(contents.length, 1, element);
    const hash = createHash("sha256").update(contents[0][1]).digest("base64");
    assert.ok(policy.includes(`${element}-src 'sha256-${hash}'`), element);
  }
  assert.ok(policy.startsWith("default-src 'none'; "));
  assert.equal(/unsafe|\*/.test(policy), false);
  const addresses = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  assert.ok(addresses.every((address) => address.startsWith("data:")), addresses.join());
  assert.equal(/\son\w+="|\sstyle="|innerHTML|document\.write/.test(text), false);
  const errors: string[] = [];
  parse(text, { sourceCodeLocationInfo: true, onParseError: ({ code }) => errors.push(code) });
  assert.deepEqual(errors, []);
});

Deno.test("dashboard: with a token the page is public, and its figures need the token", async () => {
  await using scene = await serveHttp({ token: "s3cret" });
  await scene.call("/store_message", undefined, { headers: BROWSER });
  const page = await scene.call("/", undefined, { headers: BROWSER });
  assert.equal(page.status, 200);
  assert.equal(page.text.includes("s3cret"), false);
  assert.equal((await scene.call("/")).status, 401);
  assert.equal((await scene.call("/snapshots")).status, 401);
  const wrong = { authorization: "Bearer wrong" };
  assert.equal((await scene.call("/snapshots", undefined, { headers: wrong })).status, 401);
  const foreign = { authorization: "Bearer s3cret", origin: "http://foreign.example" };
  assert.equal((await scene.call("/snapshots", undefined, { headers: foreign })).status, 403);
  await using stream = await snapshots(scene, { authorization: "Bearer s3cret" });
  assert.equal((await stream.next()).totals.topics, 0);
  const init: RequestInit = { headers: BROWSER, redirect: "manual" };
  const authorized = await scene.call("/?token=s3cret", undefined, init);
  const cookie = authorized.headers.get("set-cookie")!.split(";")[0];
  await using withCookie = await snapshots(scene, { cookie });
  assert.equal((await withCookie.next()).totals.topics, 0);
});

/** The stream of a dashboard. */
async function snapshots({ url }: HttpScene, headers: HeadersInit = {}) {
  const response = await fetch(`${url}/snapshots`, { headers });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next(): Promise<Snapshot> {
      while (!text.includes("\n\n")) {
        const { value, done } = await within(reader.read(), "a snapshot");
        assert.ok(!done, "the stream goes on");
        text += value;
      }
      const [event, ...rest] = text.split("\n\n");
      text = rest.join("\n\n");
      assert.match(event, /^data: \{.*\}$/);
      return JSON.parse(event.slice("data: ".length));
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}

Deno.test("dashboard: a snapshot arrives at once, and later ones contain the changes", async () => {
  const store = new Store({ maxBytes: 1_000_000 });
  await using scene = await serveHttp({ store });
  await using tcp = new EmbeddedServer({ port: 0, store });
  await using client = await LineClient.open(await tcp.start());
  await scene.store("before", 1n);
  await scene.call("/subscribe", { topic: "t", subscriber_id: "slow" });
  await using stream = await snapshots(scene);
  const first = await stream.next();
  assert.equal(first.rates, null);
  assert.deepEqual(first.topics.map(({ topic, storedPerSecond }) => [topic, storedPerSecond]), [
    ["before", null],
  ]);
  for (let id = 0n; id < 10n; id++) await scene.store("t", id);
  await client.request("PING");
  const second = await stream.next();
  const rates = second.rates!;
  assert.ok(rates.stored > 0 && rates.delivered === rates.stored);
  // The stream is a request as well, counted when it began.
  assert.equal(Math.round(rates.requests / rates.stored * 10), 11);
  assert.deepEqual(
    second.topics.map(({ topic, messages, subscribers }) => [topic, messages, subscribers]),
    [
      ["t", 10, 1],
      ["before", 1, 0],
    ],
  );
  assert.equal(second.topics[0].storedPerSecond, rates.stored);
  assert.equal(second.topics[1].storedPerSecond, 0);
  const [{ transport, name, subscribesTo, messages, oldestSeconds }] = second.subscribers;
  assert.deepEqual([transport, name, subscribesTo, messages], ["poll", "slow", ["t"], 10]);
  assert.ok(oldestSeconds > 0 && second.backlog.messages === 10);
  const { route, requests, errors, meanMs } = second.requests[0];
  assert.deepEqual([route, requests, errors], ["POST /store_message", 11, 0]);
  assert.ok(meanMs! > 0);
  assert.equal(second.memory.limitBytes, 1_000_000);
  assert.equal(second.memory.bytes, store.stats().bytes);
  assert.equal(second.tcp!.connections, 1);
  assert.deepEqual(second.tcp!.commands.map(({ command, count }) => [command, count]), [[
    "PING",
    1,
  ]]);
});

Deno.test("dashboard: a snapshot is bounded whatever the server holds, and shows the busiest and the slowest", () => {
  const { observed, store } = aServer();
  for (let i = 0; i < 5000; i++) store.storeMessage("n", `topic ${i}`, '{"id":1}');
  for (let i = 0; i < 500; i++) {
    const subscriber = new Subscription({ name: `subscriber ${i}` });
    store.subscriptions.subscribe(subscriber, i === 321 ? "hot" : "none");
    for (let j = 0; j < 20; j++) store.subscriptions.subscribe(subscriber, `${i} ${j}`);
  }
  const watch = new Sampler(observed);
  watch.sample();
  for (let id = 1; id <= 3; id++) store.storeMessage("n", "hot", `{"id":${id}}`);
  const { topics, subscribers, totals } = watch.sample();
  assert.deepEqual([topics.length, subscribers.length], [MAX_ROWS, MAX_ROWS]);
  assert.deepEqual([totals.topics, totals.subscribers], [5001, 500]);
  assert.equal(topics[0].topic, "hot");
  assert.equal(subscribers[0].name, "subscriber 321");
  assert.deepEqual([subscribers[0].subscriptions, subscribers[0].subscribesTo.length], [21, 3]);
});

/** What is watched of a server, without its sockets. */
function aServer() {
  const store = new Store();
  const observed = {
    store,
    requests: new RequestStats(),
    subscribers: { waiting: 0 },
    eventStreams: { size: 0 },
    uptimeSeconds: () => 1,
  };
  return { store, observed };
}

/** Viewers of a server, and how often they started and took snapshots. */
function countedViewers() {
  const { observed } = aServer();
  const counts = { begun: 0, looks: 0 };
  const viewers = new Viewers(() => {
    const sampler = new Sampler(observed);
    counts.begun++;
    return { sample: () => (counts.looks++, sampler.sample()) };
  }, new Recorder(observed));
  return { viewers, counts };
}

Deno.test("dashboard: many viewers share one snapshot per second", async () => {
  const { viewers, counts } = countedViewers();
  const readers = Array.from({ length: 20 }, () => viewers.open().body!.getReader());
  const frames = await Promise.all(readers.map((reader) => reader.read()));
  assert.equal(counts.looks, 1);
  assert.equal(new Set(frames.map(({ value }) => new TextDecoder().decode(value))).size, 1);
  // One does not read on: the others get theirs, and for that one no more than one is kept.
  const [idle, ...eager] = readers;
  for (let i = 0; i < 2; i++) await Promise.all(eager.map((reader) => reader.read()));
  assert.deepEqual(counts, { begun: 1, looks: 3 });
  assert.equal((await idle.read()).done, false);
  viewers.clear();
  for (const reader of eager) assert.equal((await reader.read()).done, true);
});

Deno.test("dashboard: it does no work without viewers, and starts again with the next viewer", async () => {
  const { viewers, counts } = countedViewers();
  for (let n = 1; n <= 2; n++) {
    const reader = viewers.open().body!.getReader();
    await reader.read();
    await reader.cancel();
    // A timer that runs on would be found as a leak.
    assert.equal(viewers.size, 0);
    assert.deepEqual(counts, { begun: n, looks: n });
  }
});

Deno.test("dashboard: no more than some are served at once, and the places of those who left are free", async () => {
  await using scene = await serveHttp();
  const open = await Promise.all(Array.from({ length: MAX_DASHBOARDS }, () => snapshots(scene)));
  const rejected = await scene.call("/snapshots");
  assert.equal(rejected.status, 429);
  assert.match(rejected.json.error, /100 dashboards/);
  for (const stream of open) await stream[Symbol.asyncDispose]();
  const isFree = async () => {
    const response = await fetch(`${scene.url}/snapshots`);
    await response.body!.cancel();
    return response.status === 200;
  };
  await until(isFree, "a free place");
});

Deno.test("dashboard: numbers are short, and say their unit", () => {
  const plain = (text: string) => text.replaceAll("\u202f", " ");
  const formatted = (show: (value: number) => string, values: number[]) =>
    values.map((value) => plain(show(value)));
  assert.deepEqual(formatted(format.count, [0, 9999, 12_345, 1_234_567, 9.9e9]), [
    "0",
    "9,999",
    "12.3 k",
    "1.23 M",
    "9.90 G",
  ]);
  assert.deepEqual(formatted(format.rate, [0, 0.001, 0.5, 12.34, 99.94, 123.4, 45_678]), [
    "0",
    "<0.01",
    "0.50",
    "12.3",
    "99.9",
    "123",
    "45.7 k",
  ]);
  assert.deepEqual(formatted(format.bytes, [0, 1023, 1536, 20 * 2 ** 20, 2 ** 50]), [
    "0 B",
    "1023 B",
    "1.50 KiB",
    "20.0 MiB",
    "1024 TiB",
  ]);
  assert.deepEqual(formatted(format.wait, [0, 0.0004, 2.34, 59, 3600, 90_061]), [
    "–",
    "1 ms",
    "2.3 s",
    "59 s",
    "1 h",
    "1 d 1 h",
  ]);
  assert.deepEqual(formatted(format.milliseconds, [0.123, 12.3, 1500]), [
    "0.12 ms",
    "12.3 ms",
    "1 s",
  ]);
  assert.deepEqual([format.pluralize(1, "subscriber"), format.pluralize(0, "connection")], [
    "1 subscriber",
    "0 connections",
  ]);
  assert.deepEqual([plain(format.duration(0.5)), format.rate(null)], ["0 s", "–"]);
});

Deno.test("dashboard: a sparkline ends at the right, and reaches from nothing to the highest", () => {
  assert.deepEqual(pointsOf([0, 4, 2], HISTORY_LENGTH - 1, 10), [
    "117.0,11.0",
    "118.0,1.0",
    "119.0,6.0",
  ]);
  assert.deepEqual(pointsOf([0, 0], HISTORY_LENGTH - 1, 10), ["118.0,11.0", "119.0,11.0"]);
  assert.deepEqual(pointsOf([], 100, 10), []);
});
