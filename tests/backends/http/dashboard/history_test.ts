// The last hour of a server, and the percentiles of its calls.

import assert from "node:assert/strict";
import { SeriesRing } from "../../../../backends/http/dashboard/history.ts";
import { keysOf } from "../../../../backends/http/dashboard/keys.ts";
import { Recorder } from "../../../../backends/http/dashboard/recorder.ts";
import { quantileOf } from "../../../../backends/http/metrics/quantile.ts";
import { RequestStats } from "../../../../backends/http/metrics/request_stats.ts";
import { RecentErrors } from "../../../../backends/store/recent_errors.ts";
import { Store } from "../../../../mod.ts";

Deno.test("dashboard history: a ring keeps the newest points in their order, of few series", () => {
  const ring = new SeriesRing(10, 3);
  ring.add({ a: 1 }, 100);
  ring.add({ a: 2, b: 20 }, 200);
  assert.deepEqual(ring.part(), {
    stepSeconds: 10,
    endMs: 200,
    series: { a: [1, 2], b: [null, 20] },
  });
  for (let n = 3; n <= 5; n++) ring.add({ a: n }, n * 100);
  assert.deepEqual(ring.part().series, { a: [3, 4, 5] }, "what has no more points is forgotten");
  const many = Array.from({ length: 500 }, (_, i) => [`series ${i}`, i]);
  ring.add(Object.fromEntries(many), 600);
  assert.equal(Object.keys(ring.part().series).length, 64);
});

Deno.test("dashboard history: it is kept while no page is open, with what happened between two points", async () => {
  const store = new Store();
  const requests = new RequestStats();
  const recorder = new Recorder({
    store,
    requests,
    subscribers: { waiting: 0 },
    eventStreams: { size: 0 },
    uptimeSeconds: () => 1,
  });
  await recorder.step();
  assert.equal(recorder.lastStep, null);
  for (let id = 1; id <= 5; id++) store.storeMessage("n", "t", `{"id":${id}}`);
  requests.record({ method: "GET", path: "/get" }, 404, 0.003);
  requests.record({ method: "GET", path: "/poll" }, 200, 4);
  await recorder.step();
  await recorder.step();
  const { hour, recent } = recorder.part();
  const { stored, errors, requests: rates, httpP99Ms, memory } = hour.series;
  assert.ok(stored[0]! > 0 && errors[0]! > 0);
  assert.ok(Math.abs(rates[0]! / errors[0]! - 2) < 0.01);
  assert.equal(stored[1], 0);
  assert.ok(httpP99Ms[0]! > 2.5 && httpP99Ms[0]! <= 5, "a poll waits as long as it is told to");
  assert.equal(httpP99Ms[1], null);
  assert.equal(memory[1], store.stats().bytes);
  assert.deepEqual(recent.series, {});
});

Deno.test("dashboard: percentiles are estimated within the bucket of a histogram", () => {
  const bounds = [1, 2, 4];
  assert.equal(quantileOf({ bounds, buckets: [0, 0, 0, 0] }, 0.5), null);
  assert.equal(quantileOf({ bounds, buckets: [10, 0, 0, 0] }, 0.5), 0.5);
  assert.equal(quantileOf({ bounds, buckets: [5, 0, 5, 0] }, 0.9), 3.6);
  assert.equal(quantileOf({ bounds, buckets: [0, 0, 0, 3] }, 0.5), 4);
});

Deno.test("dashboard: the last errors are bounded in number and length", () => {
  const errors = new RecentErrors();
  for (let n = 0; n < 120; n++) errors.add("GET /get", `${n} ${"x".repeat(1000)}`);
  const kept = [...errors];
  assert.equal(kept.length, 50);
  assert.deepEqual([kept[0].text.slice(0, 3), kept[49].text.slice(0, 4)], ["70 ", "119 "]);
  assert.ok(kept.every(({ text }) => text.length === 200));
});

Deno.test("dashboard: keys are shown by pages, each key once", () => {
  const store = new Store();
  for (let n = 0; n < 120; n++) store.strings.set(`key ${n}`, `${n}`, n === 0 ? 60 : undefined);
  const found: string[] = [];
  let cursor = 0;
  do {
    const page = keysOf(store, 0, cursor)!;
    assert.ok(page.keys.length <= 50);
    found.push(...page.keys.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== 0);
  assert.equal(new Set(found).size, 120);
  assert.equal(found.length, 120);
  const [first] = keysOf(store, 0, 0)!.keys;
  assert.ok(first.ttlSeconds! > 0 && first.ttlSeconds! <= 60);
  assert.equal(keysOf(store, 7, 0), undefined);
});
