// The contract of messaging backends in memory, and the tests of that backend.

import assert from "node:assert/strict";
import { InMemoryMessagingBackend, Store } from "../../../mod.ts";
import { MessageCollector, numbered, numbersOf } from "../../conformance/messaging/transport.ts";
import { testMessagingBackend } from "../../conformance/messaging/suite.ts";

testMessagingBackend({
  name: "memory",
  redisLike: ["keys", "publish", "patterns"],
  spansProcesses: false,
  open() {
    let nowMs = Date.now();
    const store = new Store({ clock: () => nowMs });
    return Promise.resolve({
      backend: (options) => new InMemoryMessagingBackend({ ...options, store }),
      advance: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => {
        const { subscriptions, patternSubscriptions } = store.stats();
        assert.deepEqual([subscriptions, patternSubscriptions], [0, 0]);
        return Promise.resolve();
      },
    });
  },
});

Deno.test("memory: a backend without the option store has its own", async () => {
  await using one = new InMemoryMessagingBackend();
  await using other = new InMemoryMessagingBackend();
  await one.storeMessage("n", "t", numbered(1));
  assert.deepEqual(numbersOf(await one.getMessagesForTopic("t")), [1]);
  assert.deepEqual(await other.getMessagesForTopic("t"), []);
});

Deno.test("memory: an error of a handler without onHandlerError does not end the process", async () => {
  await using backend = new InMemoryMessagingBackend();
  const collector = new MessageCollector();
  await backend.subscribe("t", () => Promise.reject(new Error("unreported")));
  await backend.subscribe("t", collector.handler);
  await backend.storeMessage("n", "t", numbered(1));
  await collector.has(1);
});
