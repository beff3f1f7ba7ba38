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
import { formatValue } from "../../../lib/base/options.ts";
import { inScratch } from "../../support/scratch.ts";
import { StateHost } from "../../../backends/tcp/mod.ts";

const KEY = new Uint8Array([1, 2, 3]);

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

const SAME: [what: string, one: BackendConfig, other: BackendConfig][] = [
  ["defaults", {}, {
    backendType: "memory",
    maxSlotsPerThread: 10_000,
    maxThreads: 1000,
    ttlSeconds: undefined,
    redisUrl: "redis://localhost:6379",
    redisPrefix: "xp:",
    redisTtl: 86_400,
    redisMinReplicas: 0,
    managerAddress: ["127.0.0.1", 31135],
    shmName: "state",
  }],
  ["another order", { maxThreads: 5, ttlSeconds: 1 }, { ttlSeconds: 1.0001, maxThreads: 5 }],
  ["a port and a database", { redisUrl: "redis://h" }, { redisUrl: "redis://H:6379/0" }],
  ["a slash", { redisUrl: "redis://h" }, { redisUrl: "redis://h/" }],
  ["a password that is encoded", { redisUrl: "redis://u:p%2B@h" }, { redisUrl: "redis://u:p+@h" }],
  ["another order of servers", { redisUrl: "redis-cluster://a,b:1" }, {
    redisUrl: "redis-cluster://b:1,a:6379",
  }],
  ["brackets", { managerAddress: ["[::1]", 1] }, { managerAddress: ["::1", 1] }],
  ["a copy of the key", { managerAuthkey: new Uint8Array([1, 2]) }, {
    managerAuthkey: new Uint8Array([0, 1, 2]).subarray(1),
  }],
];

for (const [what, one, other] of SAME) {
  sharedTest(`configurations are the same that differ in ${what}`, async () => {
    const backend = await getSharedBackend(one);
    assert.equal(await getSharedBackend(other), backend);
    await resetSharedBackend();
    const second = await getSharedBackend(other);
    assert.equal(await getSharedBackend(one), second);
  });
}

const DIFFERENT: [field: keyof BackendConfig, one: BackendConfig, other: BackendConfig][] = [
  ["backendType", {}, { backendType: "shm" }],
  ["maxThreads", {}, { maxThreads: 1001 }],
  ["maxSlotsPerThread", { maxSlotsPerThread: 1 }, {}],
  ["ttlSeconds", {}, { ttlSeconds: 1 }],
  ["redisUrl", {}, { redisUrl: "rediss://localhost" }],
  ["redisUrl", {}, { redisUrl: "redis://localhost/1" }],
  ["redisUrl", {}, { redisUrl: "redis://:p@localhost" }],
  ["redisPrefix", {}, { redisPrefix: "p:" }],
  ["redisTtl", {}, { redisTtl: 1 }],
  ["redisMinReplicas", {}, { redisMinReplicas: 1 }],
  ["managerAddress", {}, { managerAddress: ["127.0.0.2", 31135] }],
  ["managerAuthkey", {}, { managerAuthkey: new Uint8Array(1) }],
  ["shmName", {}, { shmName: "other" }],
];

for (const [field, one, other] of DIFFERENT) {
  sharedTest(`${field} differs between ${formatValue(one)} and ${formatValue(other)}`, async () => {
    await getSharedBackend(one);
    await assert.rejects(getSharedBackend(other), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(`^cannot get a shared backend with another ${field}:`),
      );
      return error instanceof TypeError;
    });
  });
}

sharedTest("the error has both values, and no secret", async () => {
  await getSharedBackend({ maxThreads: 5, redisUrl: "redis://:secret@h", managerAuthkey: KEY });
  const messageFor = async (config: BackendConfig) => {
    const error = await getSharedBackend({ maxThreads: 5, ...config }).catch((error) => error);
    return error.message;
  };
  const url = "redis://:secret@h";
  const other = "redis://:other@h";
  assert.match(
    await messageFor({ maxThreads: 6, redisUrl: url, managerAuthkey: KEY }),
    /another maxThreads: this process has one already \("5", not "6"\); use it/,
  );
  const forUrl = await messageFor({ redisUrl: other, managerAuthkey: KEY });
  assert.match(forUrl, /another redisUrl/);
  assert.doesNotMatch(forUrl, /secret|:other/);
  const forKey = await messageFor({ redisUrl: url, managerAuthkey: new Uint8Array([0xab, 0xcd]) });
  assert.match(forKey, /another managerAuthkey: this process has one already; use it/);
});

sharedTest("in shared memory the limits are those of the state", async () => {
  await inScratch(async ({ path }) => {
    const shmName = "limits";
    await using first = new ShmBackend({ shmName, dir: path, maxThreads: 7 });
    const before = Deno.env.get("RINGBUS_DIR");
    Deno.env.set("RINGBUS_DIR", path);
    try {
      const backend = await getSharedBackend({ backendType: "shm", shmName });
      assert.equal((await backend.info()).maxThreads, (await first.info()).maxThreads);
      assert.equal(await getSharedBackend({ backendType: "shm", shmName }), backend);
      const same: BackendConfig = { backendType: "shm", shmName, maxThreads: 7 };
      assert.equal(await getSharedBackend(same), backend);
      await assert.rejects(getSharedBackend({ ...same, maxThreads: 1000 }), /"7", not "1000"/);
      await resetSharedBackend();
    } finally {
      if (before === undefined) Deno.env.delete("RINGBUS_DIR");
      else Deno.env.set("RINGBUS_DIR", before);
    }
  });
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
  for (const value of [undefined, null, "text", new ArrayBuffer(1)]) {
    assert.throws(() => deserializeSlot(value as unknown as Uint8Array), {
      name: "TypeError",
      message: /^slotData must be a Uint8Array, not .*; bufferGetSlot\(\) returns undefined if/,
    });
  }
  assert.throws(
    () => deserializeSlot(Uint8Array.of(0xc1), { threadId: "t-1", index: 7 }),
    /slot 7 of thread "t-1"/,
  );
});
