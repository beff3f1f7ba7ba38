// What has expired holds no room: nothing that lives is rejected or removed for it.

import assert from "node:assert/strict";
import { MemorySpace } from "../../../backends/queue/memory/space.ts";
import { toNewMessage } from "../../../backends/queue/records.ts";
import { StateTable } from "../../../backends/state/table.ts";
import { StoreFullError } from "../../../backends/store/errors.ts";
import { Store } from "../../../backends/store/store.ts";
import { Subscription } from "../../../backends/store/subscription.ts";

/** A store on a clock that the test sets. */
function steppable(maxBytes: number) {
  const time = { nowMs: 1000 };
  return { time, store: new Store({ maxBytes, clock: () => time.nowMs }) };
}

const textOf = (id: number, length: number) => `{"id":${id},"p":"${"x".repeat(length)}"}`;

Deno.test("an expired key makes room for a message", () => {
  const { time, store } = steppable(2000);
  store.strings.set("k", "x".repeat(1500), 1);
  assert.throws(() => store.storeMessage("n", "t", textOf(1, 1000)), StoreFullError);
  time.nowMs += 1000;
  store.storeMessage("n", "t", textOf(1, 1000));
  const { messages, keys, expired, evicted } = store.stats();
  assert.deepEqual({ messages, keys, expired, evicted }, {
    messages: 1,
    keys: 0,
    expired: 1,
    evicted: 0,
  });
});

Deno.test("an expired message makes room for a key, a field and a member before a live one does", () => {
  const writes: Record<string, (store: Store) => void> = {
    key: ({ strings }) => strings.set("k", "x".repeat(500)),
    field: ({ hashes }) => hashes.set("k", "f", "x".repeat(500)),
    member: ({ sets }) => sets.add("k", ["x".repeat(500)]),
  };
  for (const [what, write] of Object.entries(writes)) {
    const { time, store } = steppable(2000);
    store.storeMessage("n", "live", textOf(1, 300));
    store.storeMessage("n", "t", textOf(2, 500), 1);
    time.nowMs += 1000;
    write(store);
    assert.equal(store.topics.all("live").length, 1, what);
    assert.equal(store.stats().evicted, 0, what);
  }
});

Deno.test("an expired message makes room for a subscriber's entries, and is not counted as dropped", () => {
  for (const overflow of ["dropOldest", "disconnect"] as const) {
    const { time, store } = steppable(Infinity);
    const subscriber = new Subscription({ maxQueueLength: 3, overflow });
    store.subscriptions.subscribe(subscriber, "t");
    store.storeMessage("n", "t", textOf(1, 1));
    store.storeMessage("n", "t", textOf(2, 1), 1);
    store.storeMessage("n", "t", textOf(3, 1), 5);
    time.nowMs += 1000;
    store.storeMessage("n", "t", textOf(4, 1));
    assert.equal(subscriber.isDisconnected, false);
    assert.equal(subscriber.dropped, 0);
    const { bytes } = subscriber;
    const entries = subscriber.take();
    assert.equal(entries.reduce((sum, entry) => sum + entry.bytes, 0), bytes);
    const ids = entries.map((entry) => entry.kind === "stored" && entry.message.id);
    assert.deepEqual(ids, [1n, 3n, 4n]);
    assert.equal(subscriber.bytes, 0);
  }
});

Deno.test("a refused value changes nothing: no message is evicted, and the former value stays", () => {
  const { store } = steppable(3000);
  store.strings.set("big", "x".repeat(1800));
  store.strings.set("k", "old");
  store.storeMessage("n", "t", textOf(1, 100));
  const before = store.stats();
  assert.throws(() => store.strings.set("k", "x".repeat(1500)), StoreFullError);
  assert.throws(() => store.storeMessage("n", "t", textOf(1, 1500)), StoreFullError);
  assert.throws(() => store.storeMessage("n", "u", textOf(2, 1500)), StoreFullError);
  assert.deepEqual(store.stats(), before);
  assert.equal(store.strings.get("k"), "old");
  assert.equal(store.topics.all("t")[0].text, textOf(1, 100));
});

Deno.test("an expired message of a queue makes room within maxItems", () => {
  const time = { nowMs: 1000 };
  const space = new MemorySpace({ now: () => time.nowMs } as never);
  const config = { maxItems: 2, leaseMs: 1000, maxAttempts: 3 } as never;
  const message = (ttlSeconds: number | null) =>
    toNewMessage({
      channel: "c",
      sourceAgent: "a",
      targetAgent: "b",
      payload: 1,
      ttlSeconds,
    }, null);
  space.publish(message(null), "first", config);
  space.publish(message(0.5), "short", config);
  time.nowMs += 500;
  space.publish(message(null), "last", config);
  const ids = ["first", "short", "last"].filter((id) => space.get(id, undefined) !== undefined);
  assert.deepEqual(ids, ["first", "last"]);
});

Deno.test("an expired thread makes room within maxThreads", () => {
  const time = { nowMs: 1000 };
  const limits = { maxSlotsPerThread: 1, maxThreads: 2, ttlMs: 100 };
  const table = new StateTable(limits, () => time.nowMs);
  table.append("a", Uint8Array.of(1));
  table.append("b", Uint8Array.of(1));
  time.nowMs += 100;
  table.append("c", Uint8Array.of(1));
  table.append("a", Uint8Array.of(2));
  assert.deepEqual(table.threadIds().toSorted(), ["a", "c"]);
});
