// The contract of messaging backends on the TCP server.

import assert from "node:assert/strict";
import { Store } from "../../../../mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { testMessagingBackend } from "../../../conformance/messaging/suite.ts";
import { until } from "../../../support/deadline.ts";

testMessagingBackend({
  name: "tcp",
  redisLike: ["publish", "patterns"],
  spansProcesses: true,
  async open() {
    let nowMs = Date.now();
    const store = new Store({ clock: () => nowMs });
    const server = new EmbeddedServer({ port: 0, store });
    const port = await server.start();
    const config = { port, autoStartServer: false };
    return {
      backend: (options) => new EmbeddedMessagingBackend({ ...options, ...config }),
      advance: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
      remote: {
        module: new URL("../../../../backends/tcp/mod.ts", import.meta.url).href,
        className: "EmbeddedMessagingBackend",
        config,
      },
      async [Symbol.asyncDispose]() {
        await until(() => server.getStats().connections === 0, "the end of all connections");
        const { subscriptions, patternSubscriptions } = store.stats();
        assert.deepEqual([subscriptions, patternSubscriptions], [0, 0]);
        await server.stop();
      },
    };
  },
});
