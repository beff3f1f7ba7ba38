// The contract of messaging backends on HTTP, and what is particular to it.

import assert from "node:assert/strict";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { testMessagingBackend } from "../../../conformance/messaging/suite.ts";

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
