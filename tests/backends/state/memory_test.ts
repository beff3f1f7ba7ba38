// The contract of shared state in memory, and the tests of that backend.

import assert from "node:assert/strict";
import { InMemoryBackend } from "../../../backends/state/mod.ts";
import { testSharedBackend } from "../../conformance/state/suite.ts";

testSharedBackend({
  name: "memory",
  open(options) {
    let nowMs = 1_700_000_000_000;
    const first = new InMemoryBackend({ ...options, now: () => nowMs });
    return Promise.resolve({
      backend: () => Promise.resolve(new InMemoryBackend({ sharedWith: first })),
      advance: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => first.close(),
    });
  },
});

Deno.test("memory state: reading delays the expiry of what is read, and of nothing else", async () => {
  let nowMs = 0;
  await using backend = new InMemoryBackend({ ttlSeconds: 1, now: () => nowMs });
  for (const name of ["read", "left"]) {
    backend.bufferAppendSync(name, Uint8Array.of(1));
    backend.registrySetSync(name, name);
  }
  nowMs = 900;
  assert.equal(backend.bufferThreadLenSync("read"), 1);
  assert.equal(backend.registryGetUuidSync("read"), "read");
  nowMs = 1000;
  assert.deepEqual(backend.bufferListThreadsSync(), ["read"]);
  assert.deepEqual(backend.registryListAllSync(), { read: "read" });
  nowMs = 1899;
  assert.equal(backend.registryGetChainSync("read"), "read");
  assert.equal(backend.bufferThreadExistsSync("read"), true);
  nowMs = 2899;
  assert.deepEqual(backend.bufferListThreadsSync(), []);
});

Deno.test("memory state: invalid limits are rejected with their value", () => {
  for (const bad of [0, -1, 1.5, NaN, "5" as unknown as number]) {
    assert.throws(() => new InMemoryBackend({ maxThreads: bad }), /maxThreads.*whole number/);
    assert.throws(() => new InMemoryBackend({ maxSlotsPerThread: bad }), RangeError);
  }
  for (const bad of [0, -1, NaN, Infinity]) {
    assert.throws(() => new InMemoryBackend({ ttlSeconds: bad }), /ttlSeconds/);
  }
});
