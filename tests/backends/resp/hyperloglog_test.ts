// HyperLogLogs: counts, and values that a real server and ours exchange.

import assert from "node:assert/strict";
import { murmurHash } from "../../../backends/resp/commands/murmur_hash.ts";
import { withServers } from "../../stress/redis/servers.ts";
import { respEngine } from "../../support/resp_engine.ts";
import { cpuMs } from "../../support/cpu_clock.ts";

Deno.test("resp: different elements are counted, within some per cent", () => {
  const { call, events } = respEngine();
  assert.equal(call("PFADD", "h"), 1);
  assert.equal(call("PFADD", "h", "a", "b", "a"), 1);
  assert.equal(call("PFADD", "h", "b"), 0);
  assert.equal(call("PFCOUNT", "h"), 2);
  for (let i = 0; i < 100; i++) {
    call("PFADD", "many", ...Array.from({ length: 100 }, (_, j) => `element ${i} ${j}`));
  }
  const count = call("PFCOUNT", "many") as number;
  assert.ok(Math.abs(count - 10_000) < 300, String(count));
  call("PFMERGE", "all", "h", "many");
  assert.equal(call("PFCOUNT", "all"), call("PFCOUNT", "h", "many"));
  assert.deepEqual([events[0], events.at(-1)], ["pfadd h", "pfadd all"]);
});

Deno.test("resp: a HyperLogLog of redis-server is one here, and the other way", () =>
  withServers(async ({ ours, theirs }) => {
    for (const count of [0, 1, 100, 3000]) {
      const elements = Array.from({ length: count }, (_, i) => `element ${i}`);
      for (const [from, to] of [[ours, theirs], [theirs, ours]]) {
        await from.call("PFADD", "h", ...elements);
        const bytes = await from.call("GET", "h");
        await to.call("SET", "copy", bytes as string);
        assert.equal(await to.call("PFCOUNT", "copy"), await from.call("PFCOUNT", "h"));
        await from.call("DEL", "h", "copy");
      }
    }
  }));

Deno.test("a long element is hashed in a time by its length", () => {
  const text = "x".repeat(10_000_000);
  const startMs = cpuMs();
  const { high, low } = murmurHash(text);
  assert.ok(cpuMs() - startMs < 5000);
  assert.ok(high >= 0 && low >= 0);
});
