// The queues of all clients together, and what is on its way.

import assert from "node:assert/strict";
import { StoreFullError } from "../../../backends/store/errors.ts";
import { Store } from "../../../backends/store/store.ts";
import { Subscription } from "../../../backends/store/subscription.ts";
import { LineReader } from "../../../backends/tcp/protocol/line_reader.ts";
import { serveHttp } from "../../support/http.ts";

const MIB = 2 ** 20;
/** The share of the queues is 4 MiB. */
const BUDGET = { maxBytes: 16 * MIB };
const BIG = "x".repeat(MIB - 10_000);

const client = (options = {}) => new Subscription({ transport: "tcp", ...options });

Deno.test("the entries that have waited longest are dropped when the queues of all are full", () => {
  const { subscriptions, stats } = boundStore();
  const [slow, later, inProcess] = [client(), client(), new Subscription()];
  subscriptions.subscribe(slow, "a");
  subscriptions.subscribe(later, "b");
  subscriptions.subscribe(inProcess, "a");
  for (let i = 0; i < 3; i++) subscriptions.publish("a", BIG);
  for (let i = 0; i < 3; i++) subscriptions.publish("b", BIG);
  assert.deepEqual([slow.length, later.length], [1, 3]);
  assert.deepEqual([slow.dropped, later.dropped, stats().dropped], [2, 0, 2]);
  // What is taken makes room for others, and the queues of this process lose nothing.
  assert.equal(later.take().length, 3);
  for (let i = 0; i < 3; i++) subscriptions.publish("a", BIG);
  assert.deepEqual([slow.length, inProcess.length], [4, 6]);
  subscriptions.remove(slow);
  for (let i = 0; i < 4; i++) subscriptions.publish("b", BIG);
  assert.equal(later.dropped, 0);
});

function boundStore() {
  const store = new Store(BUDGET);
  return { subscriptions: store.subscriptions, stats: () => store.stats() };
}

Deno.test("an entry that many queues share counts once, whoever takes it first", () => {
  const { subscriptions } = boundStore();
  const all = Array.from({ length: 50 }, () => client());
  for (const each of all) subscriptions.subscribe(each, "t");
  for (let i = 0; i < 3; i++) subscriptions.publish("t", BIG);
  assert.ok(all.every(({ length, dropped }) => length === 3 && dropped === 0));
  for (let round = 0; round < 2000; round++) {
    subscriptions.publish("t", "small");
    for (const each of all) each.shift();
  }
  assert.ok(all.every(({ length, dropped }) => length === 3 && dropped === 0));
});

Deno.test("a client that wants it is disconnected for room", () => {
  const { subscriptions, stats } = boundStore();
  let ready = 0;
  const strict = client({ overflow: "disconnect", onReady: () => ready++ });
  subscriptions.subscribe(strict, "t");
  for (let i = 0; i < 5; i++) subscriptions.publish("t", BIG);
  assert.equal(strict.isDisconnected, true);
  assert.equal(strict.length, 0);
  assert.equal(ready, 2);
  assert.equal(stats().dropped, 5);
});

Deno.test("subscriptions of clients find no room beyond their share, and get it back", () => {
  const { subscriptions } = boundStore();
  const many = client();
  const name = (i: number) => `${i}`.padEnd(1000, "n");
  assert.throws(() => {
    for (let i = 0; i < 9000; i++) subscriptions.subscribe(many, name(i));
  }, StoreFullError);
  const count = many.topics.size;
  assert.ok(count > 1000, `${count}`);
  assert.throws(() => subscriptions.psubscribe(many, `${"p".repeat(250)}*`), StoreFullError);
  assert.equal(many.patterns.size, 0);
  subscriptions.remove(many);
  for (let i = 0; i < count; i++) subscriptions.subscribe(many, name(i));
});

Deno.test("a long line that finds no room is skipped, and the next one is read", () => {
  const { transit } = new Store(BUDGET);
  const reader = new LineReader(16 * MIB, transit);
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const space = reader.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      reader.filled(part.length);
      at += part.length;
    }
  };
  write(new Uint8Array(5 * MIB).fill(0x61));
  assert.equal(reader.take(), undefined);
  write(new TextEncoder().encode("aa\nPING\n"));
  assert.deepEqual(reader.take(), { fault: "no room" });
  assert.deepEqual(reader.take(), { text: "PING\n" });
  reader.close();
  assert.equal(transit.used, 0);
});

Deno.test("http: a body that finds no room is rejected with 503, and the next one is read", async () => {
  await using scene = await serveHttp(BUDGET);
  const { store } = scene.server;
  assert.equal(store.transit.reserve(4 * MIB), true);
  const rejected = await scene.call("/set", { key: "k", value: "x".repeat(100_000) });
  assert.equal(rejected.status, 503);
  assert.match(rejected.text, /there is no room for a body now/);
  store.transit.add(-4 * MIB);
  assert.equal((await scene.call("/set", { key: "k", value: "x".repeat(100_000) })).status, 200);
  assert.equal(store.transit.used, 0);
});
