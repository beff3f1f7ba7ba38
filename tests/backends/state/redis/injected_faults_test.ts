// Shared state on the embedded server, whose commands fail as a test asks for.

import assert from "node:assert/strict";
import { RedisBackend, SharedBackendError } from "../../../../backends/state/mod.ts";
import { embeddedRedis } from "../../../../testing/mod.ts";
import { failingScripts, nameOfFault, TRANSIENT_FAULTS } from "../../../support/redis_faults.ts";

for (const fault of TRANSIENT_FAULTS) {
  const name = nameOfFault(fault);
  Deno.test(`redis state: a call is carried out once after a fault: ${name}`, async () => {
    await using redis = await embeddedRedis();
    await using state = new RedisBackend({ redisUrl: redis.url });
    const failing = failingScripts(redis, fault);
    const slot = Uint8Array.of(1, 2);
    assert.equal(await failing("append", () => state.bufferAppend("t", slot)), 0);
    assert.equal(await failing("append again", () => state.bufferAppend("t", slot)), 1);
    assert.equal(await failing("length", () => state.bufferThreadLen("t")), 2);
    assert.deepEqual(await failing("slot", () => state.bufferGetSlot("t", 1)), slot);
    await failing("set", () => state.registrySet("chain", "uuid"));
    assert.equal(await failing("get", () => state.registryGetUuid("chain")), "uuid");
    await failing("clear the registry", () => state.registryClear());
    assert.equal(await state.registryGetUuid("chain"), undefined);
    await failing("clear", () => state.bufferClear());
    assert.equal(await state.bufferThreadLen("t"), 0);
  });
}

Deno.test("redis state: an error without a cure is an error of the call", async () => {
  await using redis = await embeddedRedis();
  await using state = new RedisBackend({ redisUrl: redis.url });
  redis.faults.inject({ error: "ERR no reason" }, { command: "EVALSHA" });
  await assert.rejects(state.bufferAppend("t", Uint8Array.of(1)), (error: Error) => {
    assert.ok(error instanceof SharedBackendError);
    assert.match(error.message, /no reason/);
    return true;
  });
  assert.equal(await state.bufferAppend("t", Uint8Array.of(1)), 0);
});
