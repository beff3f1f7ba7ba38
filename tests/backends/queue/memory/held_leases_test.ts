// A queue object remembers the leases that it has yielded, but not for ever.

import assert from "node:assert/strict";
import { HeldLeases } from "../../../../backends/queue/held_leases.ts";
import type { QueueDelivery } from "../../../../backends/queue/store.ts";

const lease = (id: string, leaseToken: string) => ({ id, leaseToken }) as QueueDelivery;

Deno.test("a lease is remembered until it is settled, or replaced by a newer one", () => {
  const held = new HeldLeases();
  held.add(lease("m", "1"), "a");
  assert.deepEqual(held.targetOf("m", {}), { id: "m", agent: "a", token: "1" });
  held.add(lease("m", "2"), "a");
  // What is settled is the former lease.
  held.remove({ id: "m", agent: "a", token: "1" });
  assert.deepEqual(held.targetOf("m", {}), { id: "m", agent: "a", token: "2" });
  held.remove({ id: "m", agent: "a", token: "2" });
  assert.deepEqual(held.targetOf("m", {}), { id: "m", agent: undefined, token: undefined });
});

Deno.test("a bare id stands for no agent if several agents hold the message", () => {
  const held = new HeldLeases();
  held.add(lease("m", "1"), "a");
  held.add(lease("m", "2"), "b");
  assert.deepEqual(held.targetOf("m", {}), { id: "m", agent: undefined, token: undefined });
  assert.deepEqual(held.targetOf("m", { agentId: "b" }), { id: "m", agent: "b", token: "2" });
  held.remove({ id: "m", agent: "a", token: "1" });
  assert.deepEqual(held.targetOf("m", {}), { id: "m", agent: "b", token: "2" });
});

Deno.test("leases that nobody settles are forgotten after an hour", () => {
  let nowMs = 0;
  const held = new HeldLeases(() => nowMs);
  held.add(lease("old", "1"), "a");
  nowMs += 3_600_001;
  assert.equal(held.targetOf("old", {}).token, "1");
  held.add(lease("new", "2"), "a");
  assert.equal(held.targetOf("old", {}).token, undefined);
  assert.equal(held.targetOf("new", {}).token, "2");
});

Deno.test("of more than 100,000 leases that nobody settles the oldest is forgotten", () => {
  const held = new HeldLeases();
  for (let i = 0; i <= 100_000; i++) held.add(lease(`m${i}`, "1"), "a");
  assert.equal(held.targetOf("m0", {}).token, undefined);
  assert.equal(held.targetOf("m1", {}).token, "1");
});
