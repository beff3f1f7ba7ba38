// The resident memory of a server process that clients try to fill, in each way that takes memory.

import assert from "node:assert/strict";
import vm from "node:vm";
import { guardMemory } from "../../../backends/hosting/memory_guard.ts";
import { TransitQuota } from "../../../backends/store/transit_quota.ts";
import { Store } from "../../../mod.ts";
import { checkMemory } from "../../stress/servers/memory.ts";
import { ATTACKS } from "../../stress/servers/memory_attacks.ts";

const MIB = 2 ** 20;

for (const [what, attack] of Object.entries(ATTACKS)) {
  Deno.test({
    name: `maxBytes bounds the memory of a server: ${what}`,
    ignore: Deno.build.os !== "linux",
    fn: () => checkMemory(attack, 64 * MIB).then(() => {}),
  });
}

Deno.test("a server with maxBytes gives the program no collector of garbage", () => {
  guardMemory(new Store({ maxBytes: MIB }))();
  assert.equal("gc" in globalThis, false);
  assert.equal(vm.runInNewContext("typeof gc"), "undefined");
});

Deno.test("what is on its way has a share of maxBytes, and a smallest one", () => {
  assert.equal(new TransitQuota(() => Infinity).maxBytes, Infinity);
  assert.equal(new TransitQuota(() => 1000).maxBytes, 4 * MIB);
  const quota = new TransitQuota(() => 64 * MIB);
  assert.equal(quota.reserve(16 * MIB), true);
  assert.equal(quota.isFull, true);
  assert.equal(quota.reserve(1), false);
  quota.add(-16 * MIB);
  assert.equal(quota.used, 0);
});
