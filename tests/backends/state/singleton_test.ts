// The shared backend of a process, and slots.

import assert from "node:assert/strict";
import {
  type BackendConfig,
  deserializeSlot,
  getSharedBackend,
  InMemoryBackend,
  resetSharedBackend,
  serializeSlot,
  SlotSerializationError,
} from "../../../backends/state/mod.ts";

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
    await assert.rejects(getSharedBackend(config), /backendType must be one of memory, manager/);
  }
  assert.ok(await getSharedBackend() instanceof InMemoryBackend);
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
