// The shared backend of a process, and slots.

import assert from "node:assert/strict";
import {
  type BackendConfig,
  deserializeSlot,
  getSharedBackend,
  InMemoryBackend,
  ManagerBackend,
  RedisBackend,
  resetSharedBackend,
  serializeSlot,
  ShmBackend,
  SlotSerializationError,
} from "../../../backends/state/mod.ts";
import { StateHost } from "../../../backends/tcp/mod.ts";

function sharedTest(name: string, test: () => Promise<void>): void {
  Deno.test(name, async () => {
    try {
      await test();
    } finally {
      await resetSharedBackend();
    }
  });
}

sharedTest(
  "without a configuration the shared backend is in memory, and the same for all",
  async () => {
    const [one, other] = await Promise.all([getSharedBackend(), getSharedBackend()]);
    assert.ok(one instanceof InMemoryBackend);
    assert.equal(one, other);
    assert.equal(await getSharedBackend(), one);
  },
);

sharedTest("a call without a configuration returns the backend that is open", async () => {
  const config: BackendConfig = { backendType: "memory", maxThreads: 1 };
  const backend = await getSharedBackend(config);
  assert.equal(await getSharedBackend(), backend);
  assert.equal(await getSharedBackend({ ...config }), backend);
});

sharedTest("another configuration is rejected, and the error names the field", async () => {
  await getSharedBackend({ maxThreads: 5, managerAddress: ["h", 1] });
  await getSharedBackend({ maxThreads: 5, managerAddress: ["h", 1] });
  await assert.rejects(getSharedBackend({ maxThreads: 6 }), /another maxThreads/);
  await assert.rejects(
    getSharedBackend({ maxThreads: 5, managerAddress: ["h", 2] }),
    /another managerAddress/,
  );
});

sharedTest("an unknown type is rejected, and the next call may use another type", async () => {
  for (const bad of ["mongo", "__proto__", "", null]) {
    const config = { backendType: bad } as unknown as BackendConfig;
    await assert.rejects(
      getSharedBackend(config),
      /backendType must be one of "memory", "manager"/,
    );
  }
  assert.ok(await getSharedBackend() instanceof InMemoryBackend);
});

sharedTest("an unknown option is rejected, whether a backend is open or not", async () => {
  const wrong = { backend_type: "redis" } as BackendConfig;
  const message =
    'getSharedBackend() has no option "backend_type" (given: "redis"); did you mean ' +
    "backendType?";
  await assert.rejects(getSharedBackend(wrong), { name: "TypeError", message });
  await assert.rejects(
    getSharedBackend("redis" as BackendConfig),
    /write \{ backendType: "redis" \}/,
  );
  await getSharedBackend();
  await assert.rejects(getSharedBackend(wrong), { name: "TypeError", message });
});

sharedTest("a configuration may have the options of other types", async () => {
  const config: BackendConfig = {
    backendType: "memory",
    redisUrl: "redis://localhost",
    redisPrefix: "p:",
    redisTtl: 5,
    managerAddress: ["h", 1],
    managerAuthkey: new Uint8Array(8),
    shmName: "state",
    ttlSeconds: 5,
  };
  assert.ok(await getSharedBackend(config) instanceof InMemoryBackend);
});

Deno.test("every backend of state rejects unknown options with the one that was meant", () => {
  const authkey = new Uint8Array(8);
  const wrong = (options: Record<string, unknown>) => options as never;
  const rejected: [() => unknown, RegExp][] = [
    [() => new InMemoryBackend(wrong({ ttl_seconds: 1 })), /mean ttlSeconds, in seconds\?/],
    [
      () => new InMemoryBackend(wrong({ sharedWith: {} })),
      /must be an InMemoryBackend, not Object/,
    ],
    [() => new ShmBackend(wrong({ name: "x" })), /mean shmName\?/],
    [() => new ShmBackend("x" as never), /write \{ shmName: "x" \}/],
    [() => new ShmBackend(wrong({ persist: "no" })), /persist must be true or false/],
    [() => new RedisBackend(wrong({ ttlSeconds: 1 })), /has no option "ttlSeconds".*mean redisTtl/],
    [() => new RedisBackend("redis://h" as never), /write \{ redisUrl: "redis:\/\/h" \}/],
    [() => new ManagerBackend(wrong({ authkey })), /mean managerAuthkey\?/],
    [() => new ManagerBackend(undefined as never), /as an object, not undefined/],
    [() => new StateHost(wrong({ managerAuthkey: authkey })), /mean authkey\?/],
    [() => new StateHost(authkey as never), /write \{ authkey \}/],
    [() => new StateHost({ authkey, onEnd: wrong("x" as never) }), /onEnd must be a function/],
  ];
  for (const [call, message] of rejected) assert.throws(call, { name: "TypeError", message });
});

sharedTest("resetSharedBackend closes the backend, and the next call opens another", async () => {
  const before = await getSharedBackend();
  await resetSharedBackend();
  await assert.rejects(before.bufferClear(), /closed/);
  assert.notEqual(await getSharedBackend(), before);
});

Deno.test("a decoded slot equals the encoded value", () => {
  const value = { text: "grüße", at: new Date(5), data: new Float64Array([1, 2]), big: 2n ** 70n };
  assert.deepEqual(deserializeSlot(serializeSlot(value)), value);
});

Deno.test("values and bytes that are no slots are errors, which name the slot", () => {
  assert.throws(() => serializeSlot(() => 1), SlotSerializationError);
  assert.throws(() => deserializeSlot(Uint8Array.of(0xc1)), SlotSerializationError);
  assert.throws(
    () => deserializeSlot(Uint8Array.of(0xc1), { threadId: "t-1", index: 7 }),
    /slot 7 of thread "t-1"/,
  );
});
