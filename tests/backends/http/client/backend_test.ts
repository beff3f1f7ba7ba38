// The contract of messaging backends on HTTP, and what is particular to it.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { numbered, numbersOf } from "../../../conformance/messaging/transport.ts";
import { testMessagingBackend } from "../../../conformance/messaging/suite.ts";
import { serveHttp } from "../../../support/http.ts";

testMessagingBackend({
  name: "http",
  redisLike: ["keys", "publish", "patterns"],
  spansProcesses: true,
  async open() {
    let nowMs = Date.now();
    const server = new SharedMemoryServer({ clock: () => nowMs });
    const serverUrl = await server.start();
    return {
      backend: (options) => new SharedMemoryMessagingBackend({ ...options, serverUrl }),
      advance: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
      remote: {
        module: new URL("../../../../backends/http/mod.ts", import.meta.url).href,
        className: "SharedMemoryMessagingBackend",
        config: { serverUrl },
      },
      async [Symbol.asyncDispose]() {
        const { subscriptions, patternSubscriptions } = server.store.stats();
        await server.stop();
        assert.deepEqual([subscriptions, patternSubscriptions], [0, 0]);
      },
    };
  },
});

Deno.test("http: a name is not taken for another one whose encoding it is", async () => {
  await using scene = await serveHttp();
  await using backend = new SharedMemoryMessagingBackend({ serverUrl: scene.url });
  await backend.set("a%20b", "encoded");
  assert.equal(await backend.get("a b"), null);
  assert.equal(await backend.get("a%20b"), "encoded");
  await backend.storeMessage("n", "q?x=1", numbered(1));
  assert.deepEqual(await backend.getMessagesForTopic("q"), []);
  assert.deepEqual(numbersOf(await backend.getMessagesForTopic("q?x=1")), [1]);
});
